import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { UnfinishedOperation } from '../domain/sync.js';
import type { Repository } from './repository.js';
import type { Git } from './run.js';

/** What git keeps in a worktree's git directory while an operation waits to be continued; the first match counts. */
const MARKERS: readonly (readonly [marker: string, operation: UnfinishedOperation])[] = [
  ['rebase-merge', 'rebase'],
  ['rebase-apply/applying', 'am'],
  ['rebase-apply', 'rebase'],
  ['MERGE_HEAD', 'merge'],
  ['CHERRY_PICK_HEAD', 'cherry-pick'],
  ['REVERT_HEAD', 'revert'],
  // Between two commits of a series there is no CHERRY_PICK_HEAD.
  ['sequencer', 'cherry-pick'],
  ['BISECT_LOG', 'bisect'],
];

/** The operation that is unfinished in this worktree (not in others of the clone), or null. */
export async function unfinishedOperation(repository: Repository, git: Git): Promise<UnfinishedOperation | null> {
  const found = MARKERS.find(([marker]) => existsSync(join(repository.gitDir, marker)));
  if (found) return found[1];
  if (repository.refFormat === 'files') return null;
  for (const [name, operation] of MARKERS) {
    if (name.endsWith('_HEAD') && (await git(['rev-parse', '--quiet', '--verify', name])).code === 0) return operation;
  }
  return null;
}
