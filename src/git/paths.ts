import { existsSync, lstatSync, realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { CONFIG_FILE } from '../domain/state-ref.js';
import { command, shellWord } from '../domain/suggestion.js';
import { oneLine } from '../domain/text.js';
import { usage } from '../errors.js';
import { discoverRepository, type Repository } from './repository.js';
import { type Git, gitPaths } from './run.js';

export interface WorktreePath {
  /** Relative to the repository root, `/` between segments, NFC; `''` is the root. */
  readonly path: string;
  readonly isDirectory: boolean;
  readonly exists: boolean;
}

/**
 * Whose path it is, and under which name: the one answer for claims, guards and releases. Symbolic links are resolved up to
 * the last existing parent, so that two names of one file are one target, and it is relative to the root whatever the
 * current directory. What is in another worktree of this clone, further down, has the name that it has there; what is in
 * a submodule without a configuration of its own stands for the submodule, which is what a commit here holds of it.
 * @throws CoordError `usage` for a path outside the repository, inside `.git`, or of another repository.
 */
export function canonicalPath(root: string, cwd: string, text: string): WorktreePath {
  const absolute = resolve(cwd, text);
  const real = realPathOf(absolute, text);
  const path = relative(root, real).split(sep).join('/').normalize('NFC');
  if (path === '..' || path.startsWith('../') || isAbsolute(path)) {
    const next = isLink(absolute) ? 'for the link itself, add --literal' : `name a path below ${oneLine(root)}`;
    throw usage(`outside the repository: ${oneLine(text)}`, next);
  }
  if (path.split('/').some((segment) => segment.toLowerCase() === '.git')) {
    throw usage(`inside .git: ${oneLine(text)}`, 'claims are for files of the worktree');
  }
  const nested = nestedRoot(root, real);
  if (nested !== null) return inNested(root, nested, real, text);
  const stats = statsOf(real);
  return { path, isDirectory: stats?.isDirectory() ?? false, exists: stats !== undefined };
}

/** The root of the repository that the path is in, where that is below this one. */
function nestedRoot(root: string, real: string): string | null {
  for (let folder = real; folder !== root && dirname(folder) !== folder; folder = dirname(folder)) {
    if (existsSync(join(folder, '.git'))) return folder;
  }
  return null;
}

function inNested(root: string, nested: string, real: string, text: string): WorktreePath {
  const [outer, inner] = [discoverRepository(root), discoverRepository(nested)];
  if (inner.commonDir === outer.commonDir) {
    if (real !== nested) return canonicalPath(nested, nested, real);
    throw usage(
      `another worktree of this clone: ${oneLine(text)}`,
      `claim what is in it from there: ${command(`cd ${shellWord(real)}`)}`,
    );
  }
  if (isSubmodule(inner, outer) && (real === nested || !isCoordinated(nested))) {
    const path = relative(root, nested).split(sep).join('/').normalize('NFC');
    return { path, isDirectory: false, exists: true };
  }
  throw usage(`in another repository: ${oneLine(text)}`, command(`cd ${shellWord(nested)}`));
}

/** The repository whose claims a file below this directory goes by: a submodule without a configuration has none. */
export function guardingRepository(directory: string): Repository {
  const found = discoverRepository(directory);
  if (!/[\\/]modules[\\/]/.test(found.gitDir) || isCoordinated(found.root)) return found;
  try {
    const outer = guardingRepository(dirname(found.root));
    return isSubmodule(found, outer) ? outer : found;
  } catch {
    return found;
  }
}

function isSubmodule({ gitDir }: Repository, { commonDir, gitDir: own }: Repository): boolean {
  return [commonDir, own].some((folder) => gitDir.startsWith(join(folder, 'modules') + sep));
}

function isCoordinated(root: string): boolean {
  return existsSync(join(root, CONFIG_FILE));
}

function isLink(path: string): boolean {
  return statsOf(path)?.isSymbolicLink() ?? false;
}

/** As {@link canonicalPath}, of a symbolic link itself: only what leads to it is resolved. */
export function canonicalLink(root: string, cwd: string, text: string): WorktreePath {
  const absolute = resolve(cwd, text);
  const folder = realPathOf(dirname(absolute), text);
  const link = join(folder, basename(absolute));
  if (!isLink(link)) return canonicalPath(root, cwd, text);
  const { path } = canonicalPath(root, cwd, folder);
  return {
    path: [path, basename(absolute)]
      .filter((part) => part !== '')
      .join('/')
      .normalize('NFC'),
    isDirectory: false,
    exists: true,
  };
}

/**
 * For what is to be written: the path with its links resolved.
 * @throws CoordError `usage` where they lead out of the repository, or nowhere: what would be made there cannot be told
 */
export function writablePath(root: string, file: string): string {
  const parts = file.split('/');
  for (let depth = 1; depth <= parts.length; depth += 1) {
    const part = parts.slice(0, depth).join('/');
    if (statsOf(join(root, part))?.isSymbolicLink() && !existsSync(join(root, part))) {
      throw usage(`a symbolic link that leads nowhere: ${oneLine(part)}`, 'fix the link, then repeat');
    }
  }
  return join(root, canonicalPath(root, root, file).path);
}

/** Whether something is there under exactly this name. */
export function pathExists(cwd: string, text: string): boolean {
  return statsOf(resolve(cwd, text)) !== undefined;
}

function statsOf(path: string) {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    // A name too long, or a file where a folder should be: nothing of that name exists.
    return undefined;
  }
}

/** With symbolic links resolved, as far as the path is there. @throws CoordError `usage` for a link that leads to itself. */
export function realPathOf(absolute: string, asTyped: string): string {
  try {
    return realpathSync.native(absolute);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (code === 'ELOOP')
      throw usage(`a symbolic link that leads to itself: ${oneLine(asTyped)}`, 'fix the link, then repeat');
    if (dirname(absolute) === absolute) return absolute;
    return join(realPathOf(dirname(absolute), asTyped), basename(absolute));
  }
}

/**
 * The path as git tracks it, where no more than the case of letters differs, and so the folders of one that is not tracked:
 * what is one file on a disk that folds case has one name in all clones.
 */
export async function trackedName(git: Git, path: string): Promise<string> {
  const parts = path === '' ? [] : path.split('/');
  for (let depth = parts.length; depth > 0; depth -= 1) {
    const asked = parts.slice(0, depth).join('/');
    const names = await gitPaths(git, ['ls-files', '-z', '--', `:(top,icase,literal)${asked}`]);
    if (names.some((name) => name === asked || name.startsWith(`${asked}/`))) return path;
    const [first] = names;
    if (first !== undefined) return [...first.split('/').slice(0, depth), ...parts.slice(depth)].join('/');
  }
  return path;
}
