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

const ATTEMPTS = 5;

/** Writes a file beside its place, under a name that git clears away when it finds it left over. */
export function stageFile(path: string, content: Buffer): StagedFile {
  const temporary = join(dirname(path), `tmp_obj_${randomBytes(6).toString('hex')}`);
  const descriptor = create(temporary);
  try {
    writeFileSync(descriptor, content);
  } catch (error) {
    closeSync(descriptor);
    rmSync(temporary, { force: true });
    throw error;
  }
  return { path, temporary, descriptor };
}

/** Git takes folders of objects away when it has packed all that was in them: also the one that was made just now. */
function create(path: string): number {
  for (let attempt = 1; ; attempt += 1) {
    try {
      mkdirSync(dirname(path), { recursive: true });
      return openSync(path, 'wx', 0o444);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || attempt === ATTEMPTS) throw error;
    }
  }
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
