import { existsSync, lstatSync } from 'node:fs';
import { join } from 'node:path';
import type { Submodule } from '../domain/sync/sync.js';
import type { Repository } from './repository.js';
import { type Git, gitList, gitText } from './run.js';

/** Blank-separated fields before the path in a line of `git status --porcelain=v2`, by the line's first character. */
const FIELDS_BEFORE_PATH: Readonly<Record<string, number>> = { '1': 8, u: 10, '?': 1 };

/**
 * Settings of the user that could hide a change. A rename is shown as a removal and an addition, so both names count.
 */
const STATUS = [
  ...['-c', 'core.fsmonitor=false', '-c', 'core.untrackedCache=false'],
  // Without these two, a change that keeps a file's size and time of change is not looked for.
  ...['-c', 'core.trustctime=true', '-c', 'core.checkStat=default'],
  ...['status', '--porcelain=v2', '-z', '--untracked-files=all', '--ignored=no'],
  ...['--ignore-submodules=none', '--no-renames'],
];

/** Whether a path (relative to the root) must be clean; `tracked`: HEAD or the index has it. */
export type Covers = (path: string, tracked: boolean) => boolean;

/**
 * Untracked paths that no `.gitignore` of the worktree ignores, whatever else this clone or this user excludes: those lists
 * are in no commit.
 */
export async function untrackedPaths(git: Git): Promise<string[]> {
  const paths = await gitList(git, ['ls-files', '--others', '--exclude-per-directory=.gitignore', '-z']);
  return paths.map((path) => path.replace(/\/$/, ''));
}

/**
 * Paths (relative to the root, sorted) that differ from HEAD in the index or the worktree, and untracked paths that are not ignored.
 */
export async function dirtyPaths(
  repository: Repository,
  git: Git,
  entries: readonly IndexEntry[] | Promise<readonly IndexEntry[]>,
  covers: Covers,
): Promise<string[]> {
  const [status, listed] = await Promise.all([gitText(git, STATUS), entries]);
  const changed = parseStatus(status);
  const concealed = await concealedChanges(
    repository,
    git,
    listed.filter(({ path }) => covers(path, true)),
  );
  const covered = changed.filter(({ path, tracked }) => covers(path, tracked)).map(({ path }) => path);
  return [...new Set([...covered, ...concealed])].sort();
}

function parseStatus(text: string): { readonly path: string; readonly tracked: boolean }[] {
  return text.split('\0').flatMap((line) => {
    const kind = line.charAt(0);
    const fields = FIELDS_BEFORE_PATH[kind];
    if (fields === undefined) return [];
    // An untracked repository inside this one ends in a slash.
    return [{ path: line.split(' ').slice(fields).join(' ').replace(/\/$/, ''), tracked: kind !== '?' }];
  });
}

/** Changes in files that git was told not to look at (`update-index --assume-unchanged`, `--skip-worktree`). */
async function concealedChanges(repository: Repository, git: Git, entries: readonly IndexEntry[]): Promise<string[]> {
  const flagged = entries.filter(
    (entry) => (entry.assumeUnchanged || entry.skipWorktree) && entry.mode !== SUBMODULE_MODE,
  );
  const changed: string[] = [];
  const comparable: IndexEntry[] = [];
  for (const entry of flagged) {
    const kind = kindOnDisk(join(repository.root, entry.path));
    // A sparse checkout leaves out what it skips.
    if (kind === 'missing' && entry.skipWorktree) continue;
    if (kind === 'file' && isPlainLine(entry.path)) comparable.push(entry);
    else changed.push(entry.path);
  }
  if (comparable.length === 0) return changed;
  const input = comparable.map(({ path }) => `${path}\n`).join('');
  const ids = (await gitText(git, ['hash-object', '--stdin-paths'], { input })).split('\n');
  return [...changed, ...comparable.filter(({ id }, at) => ids[at] !== id).map(({ path }) => path)];
}

/** `hash-object --stdin-paths` reads one path a line, and takes one that begins with a quote for an escaped one. */
function isPlainLine(path: string): boolean {
  return !path.includes('\n') && !path.startsWith('"');
}

function kindOnDisk(path: string): 'file' | 'missing' | 'other' {
  try {
    return lstatSync(path).isFile() ? 'file' : 'other';
  } catch {
    return 'missing';
  }
}

interface IndexEntry {
  /** Relative to the repository root. */
  readonly path: string;
  /** Octal file mode: `100644`, `100755`, `120000` (symbolic link), `160000` (submodule). */
  readonly mode: string;
  readonly id: string;
  readonly assumeUnchanged: boolean;
  readonly skipWorktree: boolean;
}

const SUBMODULE_MODE = '160000';

/** All entries of the index of the worktree that `git` runs in. */
export async function readIndexEntries(git: Git): Promise<IndexEntry[]> {
  const text = await gitText(git, ['ls-files', '--full-name', '--stage', '-v', '-z']);
  return text.split('\0').flatMap((line) => {
    const [tag = '', mode = '', id = ''] = line.split(' ', 3);
    if (id === '') return [];
    return [
      {
        path: line.slice(line.indexOf('\t') + 1),
        mode,
        id,
        assumeUnchanged: tag !== tag.toUpperCase(),
        skipWorktree: tag.toUpperCase() === 'S',
      },
    ];
  });
}

export function hasSubmodules(repository: Repository): boolean {
  return existsSync(join(repository.root, '.gitmodules'));
}

/** The submodules whose checked-out commit is not the recorded one, or that are not checked out. */
export async function submodulesOffPin(
  repository: Repository,
  git: Git,
  entries: readonly IndexEntry[],
): Promise<Submodule[]> {
  const off: Submodule[] = [];
  for (const { path, mode, id } of entries) {
    if (mode !== SUBMODULE_MODE) continue;
    const at = await checkedOut(repository, git, path);
    if (at !== id) off.push({ path, pin: id, at });
  }
  return off;
}

async function checkedOut(repository: Repository, git: Git, path: string): Promise<string | null> {
  // Without a .git of its own, git would answer for the superproject.
  if (!existsSync(join(repository.root, path, '.git'))) return null;
  const { code, stdout } = await git(['-C', join(repository.root, path), 'rev-parse', '--quiet', '--verify', 'HEAD']);
  return code === 0 ? stdout.toString('latin1').trim() : null;
}
