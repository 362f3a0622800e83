import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { textOf } from './if-there.js';
import { objectId } from './objects.js';
import { readHead } from './refs.js';
import type { Repository } from './repository.js';
import { type Environment, type Git, gitPaths } from './run.js';

/** Paths as the diffs of git list them: both names of a rename, submodules and modes too. */
const DIFF = ['diff-index', '--cached', '-z', '--name-only', '--no-renames', '--ignore-submodules=none'];

/** What a commit that is being made has in its tree. */
export interface Staged {
  /**
   * Paths that the commit changes: those that differ from every one of its parents, so that a merge answers for what it
   * adds to both sides, not for what it brings together. Relative to the root, NFC, each once.
   */
  readonly paths: readonly string[];
  /** Those of the paths in which it differs from a commit that is no parent of it. */
  differing(commit: string): Promise<readonly string[]>;
}

/**
 * Reads what is about to be committed, in one git process (one more for each further parent of a merge): from the index
 * that git names to its hooks, which for `git commit -a` or `git commit PATH` is not the usual one.
 * @param env the environment of the hook
 * @param cwd of the hook: the index is named relative to it
 */
export async function readStaged(repository: Repository, git: Git, env: Environment, cwd: string): Promise<Staged> {
  const named = env.GIT_INDEX_FILE;
  const index = named === undefined || named === '' ? {} : { GIT_INDEX_FILE: resolve(cwd, named) };
  const changedSince = async (tree: string): Promise<string[]> => {
    // A file that is only intended to be added (`git add -N`) is not part of the commit.
    const args = [...DIFF, '--ita-invisible-in-index', tree, '--'];
    return gitPaths(git, args, { env: { ...index, GIT_NO_REPLACE_OBJECTS: '1' } });
  };
  const { commit } = await readHead(repository, git);
  let paths = await changedSince(commit ?? objectId(repository, 'tree', Buffer.alloc(0)));
  for (const parent of commit === null ? [] : mergedCommits(repository)) {
    if (paths.length === 0) break;
    const since = new Set(await changedSince(parent));
    paths = paths.filter((path) => since.has(path));
  }
  return {
    paths,
    differing: async (other) => {
      const since = new Set(await changedSince(other));
      return paths.filter((path) => since.has(path));
    },
  };
}

/** The further parents of a merge that is being made. Git keeps them in a file, wherever it keeps its refs. */
function mergedCommits({ gitDir }: Repository): string[] {
  return textOf(join(gitDir, 'MERGE_HEAD'), 'latin1')
    .split('\n')
    .filter((line) => /^[0-9a-f]{40,64}$/.test(line));
}

/** The commit that a rebase is making again in this worktree; null when none does, or it stands between two. */
export function replayedCommit({ gitDir }: Repository): string | null {
  if (existsSync(join(gitDir, 'rebase-merge', 'done'))) {
    const last =
      textOf(join(gitDir, 'rebase-merge', 'done'), 'latin1')
        .trimEnd()
        .split('\n')
        .at(-1) ?? '';
    return /^\S+ (?:-[cC] )?([0-9a-f]{7,64})(?:\s|$)/.exec(last)?.[1] ?? null;
  }
  const original = textOf(join(gitDir, 'rebase-apply', 'original-commit'), 'latin1').trim();
  return /^[0-9a-f]{40,64}$/.test(original) ? original : null;
}

/** Paths that a commit changed, compared with its first parent; NFC, both names of a rename. */
export async function pathsOfCommit(git: Git, commit: string): Promise<string[]> {
  const args = ['diff-tree', '-r', '-z', '--root', '-m', '--first-parent', '--no-commit-id', '--name-only'];
  const all = [...args, '--no-renames', '--ignore-submodules=none', commit, '--'];
  return gitPaths(git, all, { env: { GIT_NO_REPLACE_OBJECTS: '1' } });
}
