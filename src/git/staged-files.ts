import { randomBytes } from 'node:crypto';
import { closeSync, fsync, mkdirSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A file that is written, but neither on disk for certain nor in its place. */
export interface StagedFile {
  readonly path: string;
  readonly temporary: string;
  /** Open, for the flush. */
  readonly descriptor: number;
}

/** Writes a file beside its place, under a name that git clears away when it finds it left over. */
export function stageFile(path: string, content: Buffer): StagedFile {
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true });
  const temporary = join(folder, `tmp_obj_${randomBytes(6).toString('hex')}`);
  const descriptor = openSync(temporary, 'wx', 0o444);
  try {
    writeFileSync(descriptor, content);
  } catch (error) {
    closeSync(descriptor);
    rmSync(temporary, { force: true });
    throw error;
  }
  return { path, temporary, descriptor };
}

/**
 * Flushes all of them, then moves each into its place: a reader sees all of a file or nothing. They are flushed at once,
 * since a journaling file system then waits for the disk one time for all.
 */
export async function placeFiles(files: readonly StagedFile[]): Promise<void> {
  let placed = 0;
  try {
    await Promise.all(files.map(({ descriptor }) => flushed(descriptor)));
    for (const { temporary, path } of files) {
      renameSync(temporary, path);
      placed += 1;
    }
  } finally {
    for (const { descriptor } of files) closeSync(descriptor);
    for (const { temporary } of files.slice(placed)) rmSync(temporary, { force: true });
  }
}

function flushed(descriptor: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fsync(descriptor, (error) => (error ? reject(error) : resolve()));
  });
}
