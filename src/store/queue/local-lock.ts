import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { epochMs, type Instant } from '../../domain/time.js';
import { textOf } from '../../git/if-there.js';
import { ownMark, standingOf } from '../../git/process-mark.js';

/** Whoever has the lock stamps it this often; one that is so old has a process that is stopped, or cannot be seen. */
const STAMP_MS = 1_000;
const STALE_MS = 3_000;
const PATIENCE_MS = 5_000;
const LONGEST_PAUSE_MS = 40;

export interface LockSurroundings {
  pause(ms: number): Promise<void>;
  random(): number;
}

/** What gives a lock back. */
export type Release = () => void;

/**
 * Runs the work under the lock of a folder, so that the writers of this host do not waste work on each other. The lock only
 * saves work: after some seconds without it the work runs all the same, and losing it half-way is no error, because
 * the compare-and-swap of the ref decides.
 */
export async function withLocalLock<T>(
  directory: string,
  effects: LockSurroundings & { now(): Instant },
  work: () => Promise<T>,
): Promise<T> {
  const release = await waitForLocalLock(directory, effects);
  try {
    return await work();
  } finally {
    release();
  }
}

/** Tells one holder of the lock from the next; null when nobody has it. One that was left over counts for nothing. */
export function lockHolder(directory: string, now: Instant): string | null {
  const lock = join(directory, 'lock');
  const holder = textOf(lock);
  return isLeftOver(lock, holder, now) ? null : holder;
}

/**
 * Takes the lock when nobody has it: a file that names its process, linked into its place as a whole. Where it cannot be had
 * at all (a read-only folder), nobody has it either: the write itself will tell.
 * @returns null when another has it
 */
export function tryLocalLock(directory: string, now: () => Instant): Release | null {
  const lock = join(directory, 'lock');
  turn += 1;
  const own = `${ownMark()} ${turn}`;
  const staged = join(directory, `lock-${own.replace(' ', '-')}`);
  try {
    mkdirSync(directory, { recursive: true });
    writeFileSync(staged, own);
    stamp(staged, own, now());
    if (!link(staged, lock)) {
      const holder = textOf(lock);
      if (!isLeftOver(lock, holder, now()) || !takeAway(lock, holder, staged) || !link(staged, lock)) return null;
    }
  } catch {
    return () => undefined;
  } finally {
    remove(staged);
  }
  const timer = setInterval(() => stamp(lock, own, now()), STAMP_MS);
  timer.unref();
  return () => {
    clearInterval(timer);
    if (textOf(lock) === own) remove(lock);
  };
}

/** How many locks this process has asked for. */
let turn = 0;

function isLeftOver(lock: string, holder: string, now: Instant): boolean {
  if (standingOf(holder.split(' ')[0] ?? '') === 'gone') return true;
  try {
    return Math.abs(epochMs(now) - statSync(lock).mtimeMs) > STALE_MS;
  } catch {
    return true;
  }
}

function link(staged: string, lock: string): boolean {
  try {
    linkSync(staged, lock);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Moves a left-over lock out of the way. One that is another's by now is put back, as far as nobody has come meanwhile. */
function takeAway(lock: string, holder: string, staged: string): boolean {
  const aside = `${staged}-gone`;
  try {
    renameSync(lock, aside);
    const isIt = readFileSync(aside, 'utf8') === holder;
    return isIt || !link(aside, lock);
  } catch {
    // Somebody else took it away.
    return true;
  } finally {
    remove(aside);
  }
}

function remove(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // There is no such folder, or it may not be written.
  }
}

function stamp(lock: string, own: string, now: Instant): void {
  const seconds = epochMs(now) / 1000;
  try {
    if (readFileSync(lock, 'utf8') === own) utimesSync(lock, seconds, seconds);
  } catch {
    // It was deleted, or taken from a machine that slept: the swap will tell.
  }
}

/** Waits for the lock, for some seconds at most: it is done without then. */
export async function waitForLocalLock(
  directory: string,
  effects: LockSurroundings & { now(): Instant },
): Promise<Release> {
  let waited = 0;
  for (let attempt = 0; waited < PATIENCE_MS; attempt += 1) {
    const release = tryLocalLock(directory, () => effects.now());
    if (release) return release;
    const pause = 1 + effects.random() * Math.min(4 * (attempt + 1), LONGEST_PAUSE_MS);
    waited += pause;
    await effects.pause(pause);
  }
  return () => undefined;
}
