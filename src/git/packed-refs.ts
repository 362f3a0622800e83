import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The object id that `packed-refs` has for a ref; null: none. It is read anew each time, never remembered: a git that knows
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
