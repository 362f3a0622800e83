import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** A lock that its process has not touched for so long was left by one that was killed. */
const STALE_MS = 3_000;
const PATIENCE_MS = 5_000;
const LONGEST_PAUSE_MS = 40;

export interface LockSurroundings {
  pause(ms: number): Promise<void>;
  random(): number;
}

/**
 * Runs the work under the lock of this clone, so that local writers do not waste work on each other. The lock only
 * saves work: after some seconds without it the work runs all the same, and losing it half-way is no error, because
 * the compare-and-swap of the ref decides. (proper-lockfile 4.1.2 can give a stale lock to two processes.)
 */
export async function withLocalLock<T>(
  directory: string,
  effects: LockSurroundings,
  work: () => Promise<T>,
): Promise<T> {
  const release = await acquire(directory, effects);
  try {
    return await work();
  } finally {
    await release();
  }
}

/**
 * Tells one holder of the lock from the next; null when nobody has it. One that was left over counts for nothing.
 * @param nowMs since the epoch
 */
export function lockHolder(directory: string, nowMs: number): string | null {
  const stats = statSync(join(directory, 'lock'), { throwIfNoEntry: false });
  return stats === undefined || Math.abs(nowMs - stats.mtimeMs) > STALE_MS ? null : `${stats.ino} ${stats.birthtimeMs}`;
}

/**
 * Takes the lock when nobody has it. Where it cannot be had at all (a read-only folder), nobody has it either: the write
 * itself will tell.
 * @returns what gives it back; null when another has it
 */
export async function tryLocalLock(directory: string): Promise<(() => Promise<void>) | null> {
  const { lock } = await import('proper-lockfile');
  try {
    mkdirSync(directory, { recursive: true });
    const release = await lock(directory, {
      lockfilePath: join(directory, 'lock'),
      realpath: false,
      stale: STALE_MS,
      retries: 0,
      // A machine that slept, or a deleted lock: the swap will tell; its own handler would throw from a timer.
      onCompromised: () => undefined,
    });
    return () => release().catch(() => undefined);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ELOCKED' ? null : async () => undefined;
  }
}

async function acquire(directory: string, effects: LockSurroundings): Promise<() => Promise<void>> {
  let waited = 0;
  for (let attempt = 0; waited < PATIENCE_MS; attempt += 1) {
    const release = await tryLocalLock(directory);
    if (release) return release;
    const pause = 1 + effects.random() * Math.min(4 * (attempt + 1), LONGEST_PAUSE_MS);
    waited += pause;
    await effects.pause(pause);
  }
  return async () => undefined;
}
