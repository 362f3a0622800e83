import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { type Sandbox, sandbox } from '../support/sandbox.js';
import { FULL, tally } from './support/battery.js';

const BLOCK = 4096;
/** How many blocks are left: more than a claim takes. */
const MOST_LEFT = 25;
const STEP = FULL ? 1 : 6;
/** Exit codes that say what happened. */
const STATED = [0, 7];

/** Only root may mount. */
const MAY_MOUNT = process.platform === 'linux' && process.getuid?.() === 0 && mounts();

function mounts(): boolean {
  return spawnSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0;
}

/** A repository on a disk of its own of 8 MB; `fill` leaves so many blocks of it free. */
async function onSmallDisk(box: Sandbox, work: (clone: string, fill: (blocks: number) => void) => Promise<void>) {
  const disk = box.path('disk');
  mkdirSync(disk);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', disk]);
  if (mounted.status !== 0) throw new Error(`mount: ${mounted.stderr}`);
  try {
    const clone = box.repository('disk/clone');
    box.commit(clone, 'src/a.ts', 'a');
    const init = await box.coord(clone, ['init', '--local']);
    if (init.code !== 0) throw new Error(init.stderr);
    const filler = join(disk, 'filler');
    await work(clone, (blocks) => {
      rmSync(filler, { force: true });
      const { bavail, bsize } = statfsSync(disk);
      writeFileSync(filler, Buffer.alloc(bavail * bsize - blocks * BLOCK));
    });
  } finally {
    spawnSync('umount', ['--lazy', disk]);
  }
}

/** Tries it with so much room, then all else with enough room. Returns what is wrong; counts what was refused. */
async function tried(
  box: Sandbox,
  clone: string,
  words: readonly string[],
  { left, fill, seen }: Try,
): Promise<string[]> {
  const tip = () => box.git(clone, 'rev-parse', 'refs/coord/state');
  const as = (args: readonly string[]) => box.coord(clone, args, { env: { COORD_AGENT: 'maya' } });
  const failures: string[] = [];
  fill(left);
  const before = tip();
  const { code, stdout, stderr } = await as(words);
  const moved = tip() !== before;
  if (!STATED.includes(code)) failures.push(`exit ${code} ${stdout}${stderr}`);
  if (code !== 0) seen.refused += 1;
  if (moved !== (code === 0)) failures.push(`exit ${code}, and the branch ${moved ? 'moved' : 'did not move'}`);
  fill(500);
  for (const args of [['status'], ['claim', 'src/other.ts'], ['release', '--all', '--uncommitted']]) {
    const after = await as(args);
    if (after.code !== 0) failures.push(`then ${args[0]}: exit ${after.code} ${after.stderr}`);
  }
  return failures.map((failure) => `${left} blocks left: ${failure}`);
}

interface Try {
  readonly left: number;
  readonly fill: (blocks: number) => void;
  readonly seen: { refused: number };
}

describe.skipIf(!MAY_MOUNT)('a disk that is really full (skipped where no tmpfs can be mounted: it takes root)', () => {
  it.each([
    ['claim', ['claim', 'src/k.ts']],
    ['note', ['note', 'x'.repeat(7_900)]],
  ])('%s: a stated exit code, and everything goes on once there is room', async (name, words) => {
    const box = sandbox();
    const failures: string[] = [];
    const seen = { refused: 0 };
    const sizes = Array.from({ length: Math.ceil(MOST_LEFT / STEP) }, (_, number) => number * STEP);
    await onSmallDisk(box, async (clone, fill) => {
      for (const left of sizes) failures.push(...(await tried(box, clone, words, { left, fill, seen })));
      const fsck = box.tryGit(clone, 'fsck', '--strict', '--no-dangling');
      if (fsck.code !== 0) failures.push(`git fsck: ${fsck.stdout}${fsck.stderr}`);
    });
    if (seen.refused === 0) failures.push('the disk was never full');
    tally({
      test: `8 a real full disk, ${name}`,
      tried: `${sizes.length} sizes`,
      bar: 'a stated exit code, the state untouched, the next command works',
      figures: `${seen.refused} refused`,
      failures,
    });
  });
});
