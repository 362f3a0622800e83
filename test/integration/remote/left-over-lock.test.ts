import { spawnSync } from 'node:child_process';
import { existsSync, linkSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ownMark } from '../../../src/git/process-mark.js';
import { type Sandbox, sandbox } from '../../support/sandbox.js';
import { addHook, begin, branchIn, claim, holdLock, LOCAL, lockOf, looseCommit, storeIn } from './rig.js';

const LONG_AGO = new Date('2026-01-01T00:00:00Z');

async function rig() {
  const box = sandbox();
  const clone = box.repository();
  await begin(box, clone, LOCAL);
  return { box, clone, tip: () => box.git(clone, 'rev-parse', 'refs/coord/state') };
}

/** The waiting of a writer, which costs no time here, and what it came to in milliseconds. */
function waiting(onPause: (waited: number) => Promise<void> = async () => undefined) {
  const total = { ms: 0 };
  const pause = async (ms: number) => {
    total.ms += ms;
    await onPause(total.ms);
  };
  return { total, pause };
}

function locksIn(clone: string): string[] {
  return readdirSync(join(clone, '.git', 'refs', 'coord')).filter((name) => name.endsWith('.lock'));
}

function nextCommit(box: Sandbox, clone: string, message: string): { from: string; to: string } {
  const from = box.git(clone, 'rev-parse', 'refs/coord/state');
  return { from, to: looseCommit(box, clone, from, message) };
}

it.each([
  ['written long ago', LONG_AGO, 200],
  ['stamped in the future', new Date(Date.now() + 86_400_000), 3_000],
])('a lock that a killed git left, %s, is taken away after it was watched', async (_, stamp, atLeast) => {
  const { box, clone, tip } = await rig();
  const { from, to } = nextCommit(box, clone, 'next');
  writeFileSync(lockOf(clone), 'half-writ');
  utimesSync(lockOf(clone), stamp, stamp);
  const { total, pause } = waiting();
  expect(await branchIn(box, clone, pause).publish(to, from)).toBe(true);
  expect([tip(), locksIn(clone)]).toEqual([to, []]);
  expect(total.ms).toBeGreaterThanOrEqual(atLeast);
  expect(total.ms).toBeLessThan(atLeast + 200);
});

it('a git that is killed inside its own ref update leaves one behind, and the write is made all the same', async () => {
  const { box, clone } = await rig();
  const hook = addHook(box, join(clone, '.git'), 'reference-transaction', 'rm -f "$0"; kill -9 $PPID');
  expect(await claim(box, clone, 'maya', 'a', LOCAL)).toMatchObject({ ok: true });
  expect([existsSync(hook), locksIn(clone)]).toEqual([false, []]);
  expect((await (await storeIn(box, clone, LOCAL)).read()).state.claims).toHaveLength(1);
  expect(box.git(clone, 'rev-list', '--count', 'coord/state')).toBe('2');
});

it('a live writer that is slow is not robbed of its lock while it is young, and keeps what it wrote', async () => {
  const { box, clone, tip } = await rig();
  const { from, to } = nextCommit(box, clone, 'slow');
  const slow = await holdLock(box, clone, from, to);
  const inode = statSync(lockOf(clone)).ino;
  const { pause } = waiting(async (waited) => {
    if (waited < 2_500) expect(statSync(lockOf(clone)).ino).toBe(inode);
    else if (slow.git.exitCode === null) expect(await slow.goOn()).toBe(0);
  });
  const other = looseCommit(box, clone, from, 'other');
  expect(await branchIn(box, clone, pause).publish(other, from)).toBe(false);
  expect(tip()).toBe(to);
});

it('a git that stalls with its lock in its hands is not robbed of it, however long: the other is told who holds it', async () => {
  const { box, clone, tip } = await rig();
  const { from, to } = nextCommit(box, clone, 'stalls');
  const slow = await holdLock(box, clone, from, to);
  const other = looseCommit(box, clone, from, 'other');
  await expect(branchIn(box, clone, waiting().pause).publish(other, from)).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining(`git (process ${slow.git.pid})`),
    details: { reason: 'lock-held', lock: lockOf(clone) },
  });
  expect(await slow.goOn()).toBe(0);
  expect([tip(), locksIn(clone)]).toEqual([to, []]);
});

it.each<readonly [string, (mark: string, dead: string) => string, boolean]>([
  ['a process that has ended', (_, dead) => dead, true],
  ['a process of before the last boot', (mark) => withPart(mark, 3, 'another-boot'), true],
  ['an id that another process has got since', (mark) => withPart(mark, 1, '1'), true],
  ['a process that runs', (mark) => mark, false],
  ['a process of another host', (mark) => withPart(mark, 4, 'elsewhere'), false],
  ['a process of another container', (mark) => withPart(mark, 2, '1'), false],
])('a lock of coord that names %s', async (_, change, isTaken) => {
  const { box, clone, tip } = await rig();
  const { from, to } = nextCommit(box, clone, 'next');
  const dead = withPart(ownMark(), 0, String(spawnSync('true').pid));
  const held = box.write(clone, `.git/refs/coord/held-${change(ownMark(), dead)}-0123456789ab.lock`, '');
  linkSync(held, lockOf(clone));
  const { total, pause } = waiting();
  const written = branchIn(box, clone, pause).publish(to, from);
  if (isTaken) expect(await written).toBe(true);
  else await expect(written).rejects.toMatchObject({ details: { reason: 'lock-held' } });
  // What is provable is not waited for.
  expect(total.ms === 0).toBe(isTaken);
  expect([tip() === to, existsSync(lockOf(clone))]).toEqual([isTaken, !isTaken]);
});

function withPart(mark: string, at: number, part: string): string {
  return mark.split('.').with(at, part).join('.');
}

it('is fixed by one of several writers at once, and each write counts', async () => {
  const { box, clone } = await rig();
  writeFileSync(lockOf(clone), '');
  utimesSync(lockOf(clone), LONG_AGO, LONG_AGO);
  const decisions = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((name) => claim(box, clone, name, name, LOCAL)));
  expect(decisions.every(({ ok }) => ok)).toBe(true);
  expect((await (await storeIn(box, clone, LOCAL)).read()).state.claims).toHaveLength(5);
  expect(locksIn(clone)).toEqual([]);
});

it('the locks that no write of coord needs are left to their owners', async () => {
  const { box, clone } = await rig();
  const others = ['packed-refs', 'HEAD', 'index'].map((name) => lockOf(clone, name));
  for (const lock of others) writeFileSync(lock, '');
  box.git(clone, 'config', 'core.filesRefLockTimeout', '0');
  expect(await claim(box, clone, 'maya', 'a', LOCAL)).toMatchObject({ ok: true });
  expect(await claim(box, clone, 'noor', 'b', LOCAL)).toMatchObject({ ok: true });
  expect(others.map((lock) => existsSync(lock))).toEqual([true, true, true]);
});

it('one on the ref that remembers the branch stops no write, and is fixed too', async () => {
  const { box, clone, tip } = await rig();
  const known = 'refs/coord-local/known/coord/state';
  writeFileSync(lockOf(clone, known), '');
  for (const agent of ['maya', 'noor']) {
    expect(await claim(box, clone, agent, agent, LOCAL)).toMatchObject({ ok: true });
  }
  expect(existsSync(lockOf(clone, known))).toBe(false);
  expect(box.git(clone, 'rev-parse', known)).toBe(tip());
});
