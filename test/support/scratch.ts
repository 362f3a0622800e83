import { spawnSync } from 'node:child_process';
import { accessSync, chmodSync, constants, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where Linux keeps files in memory. */
const MEMORY = '/dev/shm';
/** Bytes that must be free there. */
const ROOM = 2 ** 30;

/** Whether sandboxes can live there: there is room, and hooks can be run. */
function serves(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize >= ROOM && runs(folder);
  } catch {
    return false;
  }
}

function runs(folder: string): boolean {
  const place = mkdtempSync(join(folder, 'coord-fit-'));
  try {
    const program = join(place, 'program');
    writeFileSync(program, '#!/bin/sh\nexit 0\n');
    chmodSync(program, 0o755);
    return spawnSync(program).status === 0;
  } finally {
    rmSync(place, { recursive: true });
  }
}

/**
 * Gives a run of the tests one folder, removed when the run ends, for its sandboxes and for what they are copied from:
 * in memory where that can be, since a disk's flushes take up to half of a test's time. Where `TMPDIR` is set, it is there;
 * and the full battery is on the disk.
 */
export default function setUp(): (() => void) | undefined {
  // Each project calls this; the first call sets up for all.
  if (process.env.COORD_TEST_PREPARED) return undefined;
  const onDisk = process.env.TMPDIR !== undefined || process.env.COORD_BATTERY === 'full';
  const folder = mkdtempSync(join(!onDisk && serves(MEMORY) ? MEMORY : tmpdir(), 'coord-run-'));
  // Some tests run coord as another user of the machine.
  chmodSync(folder, 0o755);
  process.env.COORD_TEST_PREPARED = folder;
  process.env.TMPDIR = folder;
  return () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
