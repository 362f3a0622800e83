import { closeSync, existsSync, lstatSync, openSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type HeldLock, takeLock } from './ref-lock.js';
import type { Repository } from './repository.js';

const ID_LINE = /^([0-9a-f]{40}(?:[0-9a-f]{24})?)\n$/;

export type RefUpdateResult = { readonly ok: true } | { readonly ok: false; readonly stderr: string };

/** What a ref must hold now; `any`: whatever it holds. */
type Expected = string | 'any';

/**
 * Compare-and-swap of a ref that stands in a file, by git's own protocol (`refs/files-backend.c`, lockfile API): make
 * `<ref>.lock` or fail, read the ref under it, rename the lock with the new value over it. Git takes the same lock for every change
 * of that ref, packing among them, so that each sees the other. It spares the start of a git process, and it is safer: git
 * (2.39 at least) may compare a ref that is packed at that moment with what `packed-refs` had before, and lose an update.
 * The lock is a link to a file that names its process (`ref-lock.ts`), so that it is never taken from one that only stalls.
 * @returns null where only git may do it: refs that are not in files, a ref that is symbolic, torn or not there yet, and a
 *   repository with a hook that wants to see ref transactions
 */
export function swapRefFile(repository: Repository, ref: string, to: string, from: Expected): RefUpdateResult | null {
  if (repository.refFormat !== 'files' || watchesRefs(repository)) return null;
  const path = join(repository.commonDir, ref);
  if (idOf(repository, ref) === null) return null;
  const lock = `${path}.lock`;
  let held: HeldLock;
  try {
    held = takeLock(lock, `${to}\n`, from !== 'any');
  } catch (error) {
    return { ok: false, stderr: `cannot lock ${ref}: ${(error as Error).message}` };
  }
  try {
    const now = idOf(repository, ref);
    if (now === null || (from !== 'any' && now !== from)) throw new Error(`is at ${now} but expected ${from}`);
    // Somebody may have removed it by hand, and another may have it by now: moving that would move their value.
    if (!held.isHeld()) throw new Error('the lock was taken away');
    renameSync(lock, path);
    return { ok: true };
  } catch (error) {
    if (held.isHeld()) rmSync(lock, { force: true });
    return { ok: false, stderr: `cannot lock ${ref}: ${(error as Error).message}` };
  } finally {
    held.forget();
  }
}

/**
 * Does away with a ref that stands in a file of its own, under its lock. A git that packs all refs at this very moment may
 * bring it back, since the lock of the packed ones is not taken: for refs that do no harm when they stay.
 * @param from what it must hold; absent: whatever it holds
 * @returns false where only git may do it: another holds the lock, it is packed too, or it has a reflog; or it holds another
 */
export function dropLooseRef(repository: Repository, ref: string, from?: string): boolean {
  const { commonDir, refFormat } = repository;
  if (refFormat !== 'files' || watchesRefs(repository)) return false;
  const path = join(commonDir, ref);
  const lock = `${path}.lock`;
  try {
    closeSync(openSync(lock, 'wx'));
  } catch {
    return false;
  }
  try {
    const id = existsSync(path) ? idOf(repository, ref) : null;
    if (id === null || (from !== undefined && id !== from)) return false;
    if (existsSync(join(commonDir, 'logs', ref)) || readPackedRef(commonDir, ref) !== null) return false;
    rmSync(path);
    return true;
  } finally {
    rmSync(lock, { force: true });
  }
}

/**
 * The id that a ref names, by its own file, else by that of the packed ones; null where there is none, or only git can tell.
 * Under the lock of the ref it cannot change: what packs it writes the one before it removes the other under that lock.
 */
function idOf({ commonDir }: Repository, ref: string): string | null {
  const path = join(commonDir, ref);
  const isOther = lstatSync(path, { throwIfNoEntry: false })?.isFile() === false;
  const text = isOther ? '' : readIfThere(path);
  return text === undefined ? readPackedRef(commonDir, ref) : (ID_LINE.exec(text)?.[1] ?? null);
}

/** Whether a hook of this repository is to be told of every change of a ref. */
function watchesRefs({ commonDir, root }: Repository): boolean {
  const config = readFileSync(join(commonDir, 'config'), 'utf8');
  const elsewhere = /^\s*hookspath\s*=\s*"?(.+?)"?\s*$/im.exec(config)?.[1];
  const folders = [join(commonDir, 'hooks'), ...(elsewhere === undefined ? [] : [resolve(root, elsewhere)])];
  return folders.some((folder) => existsSync(join(folder, 'reference-transaction')));
}

/**
 * The object id that `packed-refs` has for a ref; null: none. It is read again each time, never remembered: a git that knows
 * an old one by the time of its file takes it for the new one when both are of one second and of one length.
 */
export function readPackedRef(commonDir: string, ref: string): string | null {
  const packed = readIfThere(join(commonDir, 'packed-refs')) ?? '';
  const end = packed.indexOf(` ${ref}\n`);
  return end < 0 ? null : packed.slice(packed.lastIndexOf('\n', end) + 1, end);
}

/** The text of a file of git's; undefined where no such file is, or can be. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (['ENOENT', 'ENOTDIR', 'EISDIR', 'ENAMETOOLONG'].includes(code)) return undefined;
    throw error;
  }
}
