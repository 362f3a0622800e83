import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { sharedFleet } from '../support/fleet.js';
import { AGENTS, payloadOf } from '../support/harness.js';
import { coordInProcess, NOON } from '../support/in-process.js';

const SECOND = 1_000;
const ME = AGENTS['claude-code'];

/** A harness in one clone of a shared fleet, an agent in another, and a clock. */
async function rig() {
  const fleet = await sharedFleet();
  const { box, clone: one, remote } = fleet;
  const two = box.clone(remote);
  const clock = { ms: NOON };
  const hook = (name: string, places: { readonly file?: string; readonly command?: string }) =>
    coordInProcess(box, one, ['guard', 'hook', 'claude-code'], {
      now: clock.ms,
      input: JSON.stringify(payloadOf(name, { repo: one, ...places })),
    });
  const edit = (file: string) => hook('claude-code.edit', { file });
  const as = (clone: string, agent: string, ...args: readonly string[]) =>
    coordInProcess(box, clone, args, { now: clock.ms, env: { COORD_AGENT: agent } });
  const pushes = () => Number(box.git(remote, 'rev-list', '--count', 'refs/coord/state'));
  const heldIn = async (clone: string) =>
    (await as(clone, 'looker', 'status', '--json'))
      .json()
      .data.claims.map(({ target, reach }: { target: string; reach: string }) => `${target} ${reach}`);
  const { session_id: session } = payloadOf('claude-code.edit', { repo: one }) as { session_id: string };
  const mine = { COORD_AGENT: ME, COORD_SESSION: session };
  const commit = () => coordInProcess(box, one, ['guard', 'run', 'pre-commit'], { now: clock.ms, env: mine });
  const reach = (url: string) => box.git(one, 'remote', 'set-url', 'origin', url);
  for (const name of ['a', 'b', 'c', 'd']) box.write(one, `src/${name}.ts`, 'new\n');
  expect(await edit('src/a.ts')).toMatchObject({ code: 0 });
  return { ...fleet, one, two, clock, edit, as, pushes, heldIn, commit, reach };
}

it('the first in ten seconds asks the remote; the next ones are granted by the clone, and confirmed together', async () => {
  const { one, two, clock, edit, pushes, heldIn } = await rig();
  const before = pushes();
  expect(await heldIn(two)).toEqual(['src/a.ts remote']);
  for (const file of ['src/b.ts', 'src/c.ts']) {
    clock.ms += 3 * SECOND;
    expect(await edit(file)).toMatchObject({ code: 0, stdout: '', stderr: '' });
    expect(await edit(file)).toMatchObject({ code: 0, stdout: '', stderr: '' });
  }
  expect(pushes() - before).toBe(0);
  clock.ms += 10 * SECOND;
  expect(await edit('src/d.ts')).toMatchObject({ code: 0, stdout: '' });
  expect(pushes() - before).toBe(1);
  const all = ['src/a.ts remote', 'src/b.ts remote', 'src/c.ts remote', 'src/d.ts remote'];
  expect(await heldIn(two)).toEqual(all);
  expect(await heldIn(one)).toEqual(all);
});

it('are confirmed at the latest by the commit', async () => {
  const { box, one, two, edit, pushes, heldIn, commit } = await rig();
  const before = pushes();
  for (const file of ['src/b.ts', 'src/c.ts']) expect(await edit(file)).toMatchObject({ code: 0 });
  box.git(one, 'add', 'src/a.ts', 'src/b.ts', 'src/c.ts');
  expect(await commit()).toMatchObject({ code: 0 });
  expect(pushes() - before).toBe(1);
  expect(await heldIn(two)).toEqual(['src/a.ts remote', 'src/b.ts remote', 'src/c.ts remote']);
  expect(await commit()).toMatchObject({ code: 0 });
  expect(pushes() - before).toBe(1);
});

it('one that another clone has by then is lost: told before the next edit, once, and the commit is stopped', async () => {
  const { box, one, two, clock, edit, as, commit } = await rig();
  expect(await edit('src/b.ts')).toMatchObject({ code: 0 });
  expect(await as(two, 'noor', 'claim', 'src/b.ts')).toMatchObject({ code: 0 });
  clock.ms += 11 * SECOND;
  const told = await edit('src/c.ts');
  expect(told.code).toBe(2);
  expect(told.stderr).toContain(
    'you lost src/b.ts: the remote did not confirm the claim that this clone granted: "held by noor"',
  );
  expect(told.stderr).toContain('this edit itself is allowed: repeat it');
  expect(await edit('src/c.ts')).toMatchObject({ code: 0, stdout: '', stderr: '' });
  const held = await edit('src/b.ts');
  expect([held.code, held.stderr]).toEqual([2, expect.stringContaining('held by noor')]);
  box.git(one, 'add', 'src/a.ts', 'src/b.ts', 'src/c.ts');
  expect(await commit()).toMatchObject({ code: 4, stderr: expect.stringContaining('src/b.ts') });
});

it('lost to the commit that asks for it, the commit is stopped', async () => {
  const { box, one, two, edit, as, commit } = await rig();
  expect(await edit('src/b.ts')).toMatchObject({ code: 0 });
  expect(await as(two, 'noor', 'claim', 'src/b.ts')).toMatchObject({ code: 0 });
  box.git(one, 'add', 'src/b.ts');
  expect((await commit()).stderr).toContain('src/b.ts');
  expect((await commit()).code).not.toBe(0);
});

it('without the remote an edit and a commit go on, and the push demands the confirmation', async () => {
  const { box, remote, one, two, clock, edit, heldIn, commit, reach } = await rig();
  clock.ms += 60 * SECOND;
  reach(box.path('gone.git'));
  for (const file of ['src/b.ts', 'src/c.ts']) expect(await edit(file)).toMatchObject({ code: 0, stdout: '' });
  box.git(one, 'add', 'src/a.ts', 'src/b.ts', 'src/c.ts');
  expect(await commit()).toMatchObject({ code: 0 });
  reach(remote);
  expect(await heldIn(two)).toEqual(['src/a.ts remote']);
  clock.ms += 61 * SECOND;
  expect(await commit()).toMatchObject({ code: 0 });
  expect(await heldIn(two)).toEqual(['src/a.ts remote', 'src/b.ts remote', 'src/c.ts remote']);
});

it('who may not push is refused: this clone alone grants nothing for good', async () => {
  const { remote, clock, edit } = await rig();
  writeFileSync(join(remote, 'hooks/pre-receive'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  clock.ms += 60 * SECOND;
  expect((await edit('src/b.ts')).code).toBe(2);
});
