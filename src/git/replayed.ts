import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Repository } from './repository.js';
import { type Git, gitFailed } from './run.js';

/** The commit that a rebase is making anew in this worktree; null when none does, or it stands between two. */
export function replayedCommit({ gitDir }: Repository): string | null {
  const steps = readIfThere(join(gitDir, 'rebase-merge', 'done'));
  if (steps !== null) {
    const last = steps.trimEnd().split('\n').at(-1) ?? '';
    return /^\S+ (?:-[cC] )?([0-9a-f]{7,64})(?:\s|$)/.exec(last)?.[1] ?? null;
  }
  const original = readIfThere(join(gitDir, 'rebase-apply', 'original-commit'))?.trim() ?? '';
  return /^[0-9a-f]{40,64}$/.test(original) ? original : null;
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return null;
  }
}

/** Paths that a commit changed, compared with its first parent; NFC, both names of a rename. */
export async function pathsOfCommit(git: Git, commit: string): Promise<string[]> {
  const args = [
    'diff-tree',
    '-r',
    '-z',
    '--root',
    '-m',
    '--first-parent',
    '--no-commit-id',
    '--name-only',
    '--no-renames',
  ];
  const all = [...args, '--ignore-submodules=none', commit, '--'];
  const result = await git(all, { env: { GIT_NO_REPLACE_OBJECTS: '1' } });
  if (result.code !== 0) throw gitFailed(all, result);
  return result.stdout
    .toString('utf8')
    .split('\0')
    .slice(0, -1)
    .map((name) => name.normalize('NFC'));
}
