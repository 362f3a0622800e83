import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { CoordError } from '../errors.js';
import type { Context } from './context.js';

/** Where it is, and how it waits. */
type Place = Pick<Context, 'localDirectory'> & { readonly effects: Pick<Context['effects'], 'pause'> };

/** A lock that its process has not touched for so long was left by one that was killed. */
const STALE_MS = 5_000;
const PATIENCE_MS = 10_000;
const PAUSE_MS = 50;

/**
 * Runs what changes the files of the guards, one process of this clone after the other: no compare-and-swap stands behind
 * these files, unlike the state. (proper-lockfile 4.1.2 can give a stale lock to two processes: then both write the same.)
 * @throws CoordError `unavailable` when another process is at it for too long
 */
export async function underSetupLock<T>(place: Place, work: () => Promise<T>): Promise<T> {
  const release = await acquire(place);
  try {
    return await work();
  } finally {
    await release();
  }
}

async function acquire({ localDirectory, effects }: Place): Promise<() => Promise<void>> {
  const { lock } = await import('proper-lockfile');
  const lockfilePath = join(localDirectory, 'setup.lock');
  for (let waited = 0; ; waited += PAUSE_MS) {
    try {
      mkdirSync(localDirectory, { recursive: true });
      // Its own handler of a lost lock would throw from a timer, as after a machine has slept.
      const options = { lockfilePath, realpath: false, stale: STALE_MS, retries: 0, onCompromised: () => undefined };
      const release = await lock(localDirectory, options);
      return () => release().catch(() => undefined);
    } catch (error) {
      // Where it cannot be had at all (a read-only folder), the write itself will tell.
      if ((error as NodeJS.ErrnoException).code !== 'ELOCKED') return async () => undefined;
      if (waited >= PATIENCE_MS) throw busy(lockfilePath);
    }
    await effects.pause(PAUSE_MS);
  }
}

function busy(path: string): CoordError {
  return new CoordError('unavailable', 'another process is changing the guards of this clone', {
    hint: 'repeat the same command when it has ended',
    details: { path },
  });
}
