import { fstatSync, statSync, writeSync } from 'node:fs';

/** Where there are descriptors of devices, it has this name. */
const NULL_DEVICE = '/dev/null';

/** Where a program writes its words. */
export interface Stream {
  readonly isTTY?: boolean;
  /** Calls `done` when the text was written, or could not be. */
  write(text: string | Uint8Array, done?: (error?: Error | null) => void): unknown;
}

/**
 * One of the standard streams. Node's own takes milliseconds to make, so files and pipes are written straight to the
 * descriptor, as Node does in the end; terminals, and whatever cannot be written at once, are left to it.
 * @param own makes Node's own stream
 */
export function outputTo(descriptor: number, own: () => NodeJS.WriteStream): Stream {
  let stream = isPlain(descriptor) ? null : own();
  return {
    get isTTY() {
      return stream?.isTTY ?? false;
    },
    write(text, done) {
      if (stream !== null) return stream.write(text, done);
      const rest = writeNow(descriptor, Buffer.from(text));
      if (rest instanceof Error) return done?.(rest);
      if (rest.length === 0) return done?.();
      stream = own();
      return stream.write(rest, done);
    },
  };
}

/** A file, a pipe or the null device; a socket or a terminal is not. */
function isPlain(descriptor: number): boolean {
  try {
    const stats = fstatSync(descriptor);
    if (stats.isFile() || stats.isFIFO()) return true;
    return stats.isCharacterDevice() && stats.rdev === statSync(NULL_DEVICE).rdev;
  } catch {
    return false;
  }
}

/** @returns what the reader of a pipe has no room for now; an error when it has gone */
function writeNow(descriptor: number, bytes: Buffer): Buffer | Error {
  let written = 0;
  try {
    while (written < bytes.length) written += writeSync(descriptor, bytes, written);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EPIPE') return error as Error;
    if (code !== 'EAGAIN') throw error;
  }
  return bytes.subarray(written);
}
