import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Repository } from '../git/repository.js';

/** Where the file system gives no events, the branch is looked at this often. */
const BLIND_POLL_MS = 1_000;
/** Where it does, a look now and then makes up for an event that was dropped. */
const SAFETY_POLL_MS = 5_000;

export interface WatchOptions {
  readonly repository: Repository;
  /** Short name of the branch. */
  readonly branch: string;
  /** Called when the branch may have moved; more often than it does. */
  readonly onChange: () => void;
}

/**
 * Watches a branch of this clone for movement, through the file system, without polling it. Keeps the process alive
 * until it is closed.
 */
export function watchBranch(options: WatchOptions): { close(): void } {
  const watcher = watchRef(options);
  const poll = setInterval(options.onChange, watcher === null ? BLIND_POLL_MS : SAFETY_POLL_MS);
  return {
    close() {
      clearInterval(poll);
      watcher?.close();
    },
  };
}

function watchRef({ repository, branch, onChange }: WatchOptions): FSWatcher | null {
  const reftable = repository.refFormat === 'reftable';
  const path = reftable
    ? join(repository.commonDir, 'reftable', 'tables.list')
    : join(repository.commonDir, 'refs', 'heads', branch);
  const name = basename(path);
  try {
    // The folder, since git replaces the file at each move.
    const watcher = watch(dirname(path), (_event, file) => {
      if (file === null || file === name) onChange();
    });
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    return null;
  }
}
