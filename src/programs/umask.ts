import { chmodSync, statSync } from 'node:fs';
import { umask } from 'node:process';

/** As this process was started with; null: it has not been changed. */
let own: number | null = null;

/**
 * From here on, what this process makes may be read and written as a shared repository demands (`core.sharedRepository`), as
 * git does with its own files; its folders are for the group as well.
 * @param bits of the mode of a file, such as 0o060
 * @param folder where the group of what is made below is that of the folder, once it is there
 */
export function makeShared(bits: number, folder: string): void {
  if (bits === 0) return;
  own ??= umask();
  // Who may read a folder has to be let in.
  umask(own & ~(bits | ((bits & 0o044) >> 2)));
  try {
    const { mode } = statSync(folder);
    if ((mode & 0o2000) === 0) chmodSync(folder, (mode & 0o7777) | 0o2000);
  } catch {
    // It is not there yet, or belongs to another user, who has done so.
  }
}

/** Starts a program of the user's with the umask that the user has. */
export function withOwnUmask<T>(start: () => T): T {
  if (own === null) return start();
  const shared = umask(own);
  try {
    return start();
  } finally {
    umask(shared);
  }
}
