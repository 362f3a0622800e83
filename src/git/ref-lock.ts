import { linkSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Repository } from './repository.js';

/** Git holds the lock of a ref for milliseconds; one that stood unchanged for so long was left by a git that was killed. */
const LEFT_OVER_MS = 3_000;
const LOOK_EVERY_MS = 25;

/** The lock file that git makes while it moves a ref (`refs/...`). */
export function refLockPath(repository: Repository, ref: string): string {
  return repository.refFormat === 'reftable'
    ? join(repository.commonDir, 'reftable', 'tables.list.lock')
    : join(repository.commonDir, `${ref}.lock`);
}

/**
 * Waits until nobody holds the lock of a ref, and takes away one that was left over.
 *
 * Taking it from a git that was only very slow does no harm: its lock file is the new value, moved into place by name,
 * so it either fails or still writes what it had checked; and whoever writes here asks the ref afterwards who won.
 * @returns false when there was no lock to wait for.
 */
export async function waitForRefLock(
  repository: Repository,
  ref: string,
  pause: (ms: number) => Promise<void>,
): Promise<boolean> {
  const path = refLockPath(repository, ref);
  const first = identityOf(path);
  if (first === null) return false;
  for (let waited = 0; waited < LEFT_OVER_MS; waited += LOOK_EVERY_MS) {
    await pause(LOOK_EVERY_MS);
    if (identityOf(path) !== first) return true;
  }
  takeAway(path, first, join(repository.commonDir, 'coord', 'left-over.lock'));
  return true;
}

/** Tells one lock file from the next of the same name; null when there is none. */
function identityOf(path: string): string | null {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats === undefined ? null : `${stats.ino} ${stats.mtimeNs} ${stats.size}`;
}

/** Moved aside first: of several that would mend it, one moves it, and a fresh lock that was hit instead is put back. */
function takeAway(path: string, judged: string, aside: string): void {
  mkdirSync(dirname(aside), { recursive: true });
  try {
    renameSync(path, aside);
    if (identityOf(aside) !== judged) linkSync(aside, path);
  } catch {
    // Somebody else was faster; the next attempt to write will tell.
  }
  rmSync(aside, { force: true });
}
