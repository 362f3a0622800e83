import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { coordInProcess, NOON } from '../support/in-process.js';
import { sandbox } from '../support/sandbox.js';

const SECOND = 1_000;

/** Two clones of one remote, and a clock; `pushes` counts the writes that the remote has. */
async function rig() {
  const box = sandbox();
  const remote = box.bareRemote();
  const [one, two] = [box.clone(remote), box.clone(remote)];
  const clock = { ms: NOON };
  const as = (agent: string, clone: string, ...args: readonly string[]) =>
    coordInProcess(box, clone, args, { now: clock.ms, env: { COORD_AGENT: agent } });
  for (const clone of [one, two]) expect(await as('maya', clone, 'init')).toMatchObject({ code: 0 });
  const pushes = () => Number(box.git(remote, 'rev-list', '--count', 'refs/coord/state'));
  const reach = (url: string) => box.git(one, 'remote', 'set-url', 'origin', url);
  return { box, remote, one, two, clock, as, pushes, reach };
}

it('a session and a state ride with the next write of the clone, in one push', async () => {
  const { one, two, as, pushes } = await rig();
  const before = pushes();
  const start = await as('maya', one, 'session', 'start', '--json');
  expect(start.json().data).toMatchObject({ agent: 'maya', reach: 'clone' });
  expect((await as('maya', one, 'session', 'start')).stdout).toContain('origin learns of it with your next write');
  expect(await as('maya', one, 'agent', 'state', 'busy')).toMatchObject({
    code: 0,
    stdout: 'state busy · in this clone; origin learns of it with your next write\n',
  });
  expect((await as('maya', one, 'agent', 'state', '--json')).json().data).toEqual({
    agent: 'maya',
    state: 'busy',
    reach: 'clone',
  });
  expect(pushes() - before).toBe(0);
  expect((await as('noor', two, 'agent', 'list')).stdout).not.toContain('busy');
  expect((await as('maya', one, 'agent', 'list')).stdout).toContain('busy');
  expect(await as('maya', one, 'claim', 'a')).toMatchObject({ code: 0 });
  expect(pushes() - before).toBe(1);
  expect((await as('noor', two, 'agent', 'list', '--json')).json().data.agents).toMatchObject([
    { id: 'maya', state: 'busy', session: start.json().data.session },
  ]);
  expect((await as('maya', one, 'agent', 'state', '--json')).json().data.reach).toBe('remote');
});

it.each([
  ['handoff', 'a', '--to', 'maya'],
  ['agent', 'kill', 'maya', '--reason', 'x'],
])(
  'who only began a session in another clone is told to be unknown yet, and from when on it is not: %s',
  async (...words) => {
    const { one, two, as } = await rig();
    await as('maya', one, 'session', 'start');
    await as('otto', two, 'session', 'start', '--role', 'orchestrator');
    await as('otto', two, 'claim', 'a');
    const refused = await as('otto', two, ...words);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('its first claim or note on') });
    await as('maya', one, 'claim', 'b');
    expect(await as('otto', two, ...words)).toMatchObject({ code: 0 });
  },
);

it('after five minutes they go with whichever command comes, and before it with none', async () => {
  const { two, one, clock, as, pushes } = await rig();
  const before = pushes();
  await as('maya', one, 'agent', 'state', 'busy');
  clock.ms += 299 * SECOND;
  expect(await as('maya', one, 'status')).toMatchObject({ code: 0 });
  expect(pushes() - before).toBe(0);
  clock.ms += 2 * SECOND;
  // Another agent of the clone, with a command that asks no remote.
  expect(await as('kim', one, 'status', '--no-fetch')).toMatchObject({ code: 0 });
  expect(pushes() - before).toBe(1);
  expect((await as('noor', two, 'agent', 'list')).stdout).toContain('busy');
  expect(await as('maya', one, 'status')).toMatchObject({ code: 0 });
  expect(pushes() - before).toBe(1);
});

it('a refusal is given at once, and takes nothing along', async () => {
  const { one, two, as, pushes } = await rig();
  await as('noor', two, 'claim', 'a');
  await as('maya', one, 'agent', 'state', 'busy');
  const before = pushes();
  expect(await as('maya', one, 'claim', 'a')).toMatchObject({ code: 3 });
  expect(pushes() - before).toBe(0);
});

it('the end of a session that holds something goes with what it gives back; of one that holds nothing it rides', async () => {
  const { box, one, two, as, pushes } = await rig();
  box.commit(one, 'a', 'a');
  await as('maya', one, 'session', 'start');
  await as('maya', one, 'claim', 'a');
  const before = pushes();
  const end = await as('maya', one, 'session', 'end', '--json');
  expect(end.json().data).toMatchObject({ released: [{ target: 'a' }], reach: 'remote' });
  expect(pushes() - before).toBe(1);
  expect((await as('noor', two, 'agent', 'list', '--json')).json().data.agents[0].session).toBeNull();
  await as('maya', one, 'session', 'start');
  expect((await as('maya', one, 'session', 'end', '--json')).json().data.reach).toBe('clone');
  expect(pushes() - before).toBe(1);
});

it('a note to somebody, and what has a request id, wait for nothing', async () => {
  const { one, as, pushes } = await rig();
  const before = pushes();
  await as('maya', one, 'agent', 'state', 'busy');
  await as('maya', one, 'note', 'look', '--to', 'noor');
  expect(pushes() - before).toBe(1);
  const start = await as('maya', one, 'session', 'start', '--request-id', 'r1', '--json');
  expect(start.json().data.reach).toBe('remote');
  expect(pushes() - before).toBe(2);
});

it('while the remote takes nothing it stays in the clone, and stops no command', async () => {
  const { box, remote, one, two, clock, as, pushes, reach } = await rig();
  const before = pushes();
  await as('maya', one, 'agent', 'state', 'busy');
  // It reads as before, and takes no push.
  const hook = join(remote, 'hooks/pre-receive');
  writeFileSync(hook, '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  clock.ms += 301 * SECOND;
  expect(await as('maya', one, 'status')).toMatchObject({ code: 0 });
  rmSync(hook);
  reach(box.path('nowhere.git'));
  expect(await as('maya', one, 'status', '--no-fetch')).toMatchObject({ code: 0 });
  reach(remote);
  rmSync(join(one, '.git', 'coord'), { recursive: true });
  box.git(one, 'gc', '--quiet', '--prune=now');
  clock.ms += 301 * SECOND;
  expect(await as('maya', one, 'status')).toMatchObject({ code: 0 });
  expect(pushes() - before).toBe(1);
  expect((await as('noor', two, 'agent', 'list')).stdout).toContain('busy');
});

it('many commands at once record what rode once', async () => {
  const { box, remote, one, clock, as } = await rig();
  await as('maya', one, 'session', 'start');
  clock.ms += 301 * SECOND;
  const results = await Promise.all(['a', 'b', 'c', 'd'].map((path) => as('maya', one, 'claim', path)));
  expect(results.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
  const log = box.git(remote, 'log', '--format=%B', 'refs/coord/state');
  expect(log.match(/"type":"agent.started"/g)).toHaveLength(1);
});
