import { existsSync, lstatSync, realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { oneLine } from '../domain/text.js';
import { usage } from '../errors.js';

export interface WorktreePath {
  /** Relative to the repository root, `/` between segments, NFC; `''` is the root. */
  readonly path: string;
  readonly isDirectory: boolean;
  readonly exists: boolean;
}

/**
 * The one canonical name of a path: symbolic links resolved up to the last existing parent (so that two names of one
 * file are one target), relative to the root whatever the current directory.
 * @throws CoordError `usage` for a path outside the repository or inside `.git`.
 */
export function canonicalPath(root: string, cwd: string, text: string): WorktreePath {
  const absolute = resolve(cwd, text);
  const real = realPathOf(absolute, text);
  const path = relative(root, real).split(sep).join('/').normalize('NFC');
  if (path === '..' || path.startsWith('../') || isAbsolute(path)) {
    throw usage(`outside the repository: ${oneLine(text)}`, `name a path below ${oneLine(root)}`);
  }
  if (path.split('/').some((segment) => segment.toLowerCase() === '.git')) {
    throw usage(`inside .git: ${oneLine(text)}`, 'claims are for files of the worktree');
  }
  const stats = statsOf(real);
  return { path, isDirectory: stats?.isDirectory() ?? false, exists: stats !== undefined };
}

/** As {@link canonicalPath}, of a symbolic link itself: only what leads to it is resolved. */
export function canonicalLink(root: string, cwd: string, text: string): WorktreePath {
  const absolute = resolve(cwd, text);
  const folder = realPathOf(dirname(absolute), text);
  const link = join(folder, basename(absolute));
  if (!lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink()) return canonicalPath(root, cwd, text);
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
