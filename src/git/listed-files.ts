import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import type { Repository } from './repository.js';
import { type Git, gitText } from './run.js';

/** A path of the worktree that git tracks, or could. */
export interface ListedFile {
  /** As git has it, not normalised; a repository inside of this one ends in a slash. */
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
  const listing = await gitText(git, [...args, ...paths], { env: { GIT_LITERAL_PATHSPECS: '1' } });
  const files = new Map<string, ListedFile>();
  for (const line of listing.split('\0')) {
    const [tag, path] = [line[0] ?? '', line.slice(2)];
    if (path === '' || tag === 'S') continue;
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
