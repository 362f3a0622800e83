import { randomBytes } from 'node:crypto';
import { type BigIntStats, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Repository } from './repository.js';

/** Git holds the lock of a ref for milliseconds; one that is older was left by a git that was killed. */
const LEFT_OVER_MS = 3_000;
/** Even an old lock is watched for so long, unchanged, before it is taken away. */
const WATCHED_MS = 200;
const LOOK_EVERY_MS = 25;

/** The lock file that git makes while it moves a ref (`refs/...`). */
export function refLockPath(repository: Repository, ref: string): string {
  return repository.refFormat === 'reftable'
    ? join(repository.commonDir, 'reftable', 'tables.list.lock')
    : join(repository.commonDir, `${ref}.lock`);
}

/**
 * Waits until nobody holds the lock of a ref, and takes away one that was left over: older than git ever holds one, by
 * the clock of the file system that stamped it, and unchanged while it was watched. Where that clock does not tell, it is
 * watched for the whole time.
 *
 * Taking it from a git that was only very slow does no harm: its lock file is the new value, to be moved into place by
 * name, so that git can no longer move anything of its own. A process that writes here also asks the ref afterwards whether it won.
 * @returns false when there was no lock to wait for.
 */
export async function waitForRefLock(
  repository: Repository,
  ref: string,
  pause: (ms: number) => Promise<void>,
): Promise<boolean> {
  const path = refLockPath(repository, ref);
  const first = statsOf(path);
  if (first === undefined) return false;
  const judged = identityOf(first);
  const age = ageOf(first, repository);
  for (let watched = 0; watched < WATCHED_MS || age + watched < LEFT_OVER_MS; watched += LOOK_EVERY_MS) {
    await pause(LOOK_EVERY_MS);
    if (identityOf(statsOf(path)) !== judged) return true;
  }
  takeAway(path);
  return true;
}

function statsOf(path: string): BigIntStats | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false });
}

/** Tells one lock file from the next of the same name. */
function identityOf(stats: BigIntStats | undefined): string | null {
  return stats === undefined ? null : `${stats.ino} ${stats.mtimeNs} ${stats.size}`;
}

/** Milliseconds since the file was written, measured with another file's stamp; 0 where that cannot be told. */
function ageOf(stats: BigIntStats, repository: Repository): number {
  const probe = join(repository.commonDir, 'coord', `clock-${randomName()}.tmp`);
  try {
    mkdirSync(dirname(probe), { recursive: true });
    writeFileSync(probe, '');
    return Math.max(0, Number(statSync(probe, { bigint: true }).mtimeMs - stats.mtimeMs));
  } catch {
    return 0;
  } finally {
    rmSync(probe, { force: true });
  }
}

/**
 * Moved aside under a name of its own first, so that of several that would fix it, each moves a file once. Should it
 * have been a fresh lock, taken in the very last moment, it is not put back: another writer may have moved the ref in
 * between, and the owner of a lock that is put back would undo that. Without it, the owner fails and tries again.
 */
function takeAway(path: string): void {
  const aside = join(dirname(path), `left-over-${randomName()}.lock`);
  try {
    renameSync(path, aside);
  } catch {
    // Somebody else was faster; the next attempt to write will tell.
  }
  rmSync(aside, { force: true });
}

function randomName(): string {
  return randomBytes(6).toString('hex');
}
