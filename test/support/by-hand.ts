import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Sandbox } from './sandbox.js';

/**
 * Commits files (null: removed) to a ref as a stranger with git would, in a worktree of its own that is gone after.
 * @returns the commit's id.
 */
export function commitByHand(
  box: Sandbox,
  clone: string,
  files: Readonly<Record<string, string | null>>,
  ref = 'refs/coord/state',
): string {
  const worktree = box.path('by-hand');
  box.git(clone, 'worktree', 'add', '--quiet', '--force', '--detach', worktree, ref);
  for (const [name, text] of Object.entries(files)) {
    rmSync(join(worktree, name), { recursive: true, force: true });
    if (text !== null) box.write(worktree, name, text);
  }
  box.git(worktree, 'add', '--all');
  box.git(worktree, 'commit', '--quiet', '--allow-empty', '--message', 'by hand', '--message', '{broken\n{"no":"id"}');
  const commit = box.git(worktree, 'rev-parse', 'HEAD');
  box.git(clone, 'worktree', 'remove', '--force', worktree);
  box.git(clone, 'update-ref', ref, commit);
  return commit;
}
