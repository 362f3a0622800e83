import {
  copyFileSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { CoordError } from '../errors.js';
import { discoverRepository, type Repository } from './repository.js';
import { type Git, gitList } from './run.js';

/** One path of the worktree, what is to stand there, and what stood there when that was decided. */
export interface Placement {
  /** Relative to the root. */
  readonly path: string;
  /** A finished file that is moved there; null: nothing is to be there. */
  readonly after: string | null;
  /** A finished copy of what is there now, to be put back when something fails; null: there is nothing. */
  readonly before: string | null;
  /** As {@link traceOf} gave it. */
  readonly trace: string;
}

/** What tells that a file was touched: it is no content, and needs no reading. */
export function traceOf(root: string, path: string): string {
  try {
    const { ino, size, mtimeMs } = lstatSync(join(root, path));
    return `${ino} ${size} ${mtimeMs}`;
  } catch {
    return 'absent';
  }
}

/**
 * Puts all files in their places, each in one step, or none: what was done is undone when one fails.
 * @throws CoordError `behind` when a file was touched since the decision; and what the file system says.
 */
export function placeInWorktree(root: string, placements: readonly Placement[]): void {
  const done: Placement[] = [];
  try {
    for (const placement of placements) {
      if (traceOf(root, placement.path) !== placement.trace || obstacleTo(root, placement.path) !== null) {
        throw new CoordError('behind', `changed in the meantime: ${JSON.stringify(placement.path)}`, {
          hint: 'look at that file, then repeat the command',
          details: { reason: 'uncommitted', paths: [placement.path] },
        });
      }
      done.push(placement);
      moveTo(join(root, placement.path), placement.after);
    }
  } catch (error) {
    for (const { path, before } of done.reverse()) {
      try {
        moveTo(join(root, path), before);
      } catch {
        // What failed once may fail again: the content is in HEAD.
      }
    }
    throw error;
  }
}

function moveTo(place: string, file: string | null): void {
  if (file === null) {
    rmSync(place, { force: true });
    return;
  }
  mkdirSync(dirname(place), { recursive: true });
  try {
    renameSync(file, place);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    moveAcross(place, file);
  }
}

/** The git directory may be on another disk. */
function moveAcross(place: string, file: string): void {
  const near = `${place}.coord-tmp`;
  rmSync(near, { force: true });
  if (lstatSync(file).isSymbolicLink()) symlinkSync(readlinkSync(file), near);
  else copyFileSync(file, near);
  renameSync(near, place);
  unlinkSync(file);
}

/** A path of the worktree that git tracks, or could. */
export interface ListedFile {
  /** As git has it, not normalised; a repository inside this one ends in a slash. */
  readonly path: string;
  readonly tracked: boolean;
  /** Left in the middle of a merge. */
  readonly unmerged: boolean;
  /** Size in the worktree; null: it is not there. */
  readonly bytes: number | null;
}

/**
 * Files at these paths and all below them, tracked or not; what a sparse checkout leaves out is not listed.
 * @param ignored whether also those that git ignores
 */
export async function listFiles(
  { root }: Pick<Repository, 'root'>,
  git: Git,
  paths: readonly string[],
  ignored: boolean,
): Promise<ListedFile[]> {
  if (paths.length === 0) return [];
  const args = ['ls-files', '-z', '-t', '--cached', '--others', ...(ignored ? [] : ['--exclude-standard']), '--'];
  const files = new Map<string, ListedFile>();
  for (const line of await gitList(git, [...args, ...paths], { env: { GIT_LITERAL_PATHSPECS: '1' } })) {
    const [tag, path] = [line[0] ?? '', line.slice(2)];
    if (tag === 'S') continue;
    files.set(path, { path, tracked: tag !== '?', unmerged: tag === 'M', bytes: sizeOf(join(root, path)) });
  }
  return [...files.values()];
}

function sizeOf(path: string): number | null {
  try {
    return lstatSync(path).size;
  } catch {
    return null;
  }
}

/**
 * What stands in the way of a file at this path, relative to the root: a link or a file where a folder should be, or a
 * folder in its own place; null when nothing does.
 */
export function obstacleTo(root: string, path: string): string | null {
  const parts = path.split('/');
  for (let depth = 1; depth <= parts.length; depth += 1) {
    const part = parts.slice(0, depth).join('/');
    const stats = lstatSync(join(root, part), { throwIfNoEntry: false });
    if (stats === undefined) return null;
    if (depth < parts.length ? !stats.isDirectory() : stats.isDirectory()) return part;
  }
  return null;
}

/** The worktrees of a clone whose folders are there, this one first; a bare main worktree is none. */
export async function worktreesOf(repository: Repository, git: Git): Promise<Repository[]> {
  const listed = await gitList(git, ['worktree', 'list', '--porcelain'], {}, '\n');
  const roots = listed.flatMap((line) => (line.startsWith('worktree ') ? [line.slice('worktree '.length)] : []));
  const others = roots.flatMap((root) => repositoryOf(root, repository) ?? []);
  return [repository, ...others.filter(({ gitDir }) => gitDir !== repository.gitDir)];
}

/** The roots of the linked worktrees of a clone, as its files name them: no git process is started. */
export function linkedWorktrees({ commonDir }: Pick<Repository, 'commonDir'>): string[] {
  const folder = join(commonDir, 'worktrees');
  try {
    return readdirSync(folder).flatMap((name) => {
      const dotGit = readFileSync(join(folder, name, 'gitdir'), 'utf8').trim();
      return dotGit === '' ? [] : [dirname(dotGit)];
    });
  } catch {
    // There are none, or they are just being changed.
    return [];
  }
}

/** null: nothing is there, or it belongs to another repository by now. */
function repositoryOf(root: string, { commonDir }: Repository): Repository | null {
  if (statSync(root, { throwIfNoEntry: false })?.isDirectory() !== true) return null;
  try {
    const found = discoverRepository(root);
    return found.commonDir === commonDir ? found : null;
  } catch {
    return null;
  }
}

/** A file that git ignores, and where it is told to: `.gitignore:3`. */
interface IgnoredFile {
  readonly path: string;
  readonly by: string;
}

/** Those of the files that git ignores, so that a plain `git add` passes them over or fails. */
export async function ignoredFiles(git: Git, paths: readonly string[]): Promise<IgnoredFile[]> {
  const input = paths.map((path) => `${path}\0`).join('');
  const { stdout } = await git(['check-ignore', '-z', '-v', '--stdin'], { input });
  const fields = stdout.toString('utf8').split('\0');
  const ignored: IgnoredFile[] = [];
  for (let at = 0; at + 3 < fields.length; at += 4) {
    const [source = '', line = '', pattern = '', path = ''] = fields.slice(at, at + 4);
    if (!pattern.startsWith('!')) ignored.push({ path, by: `${source}:${line}` });
  }
  return ignored;
}
