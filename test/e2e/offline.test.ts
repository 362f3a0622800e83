import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { replayHistory } from '../battery/support/history/replay.js';
import { coordInProcess, NOON } from '../support/in-process.js';
import { sandbox } from '../support/sandbox.js';

const MINUTE = 60_000;

/** Two clones of one remote; `cut` takes the remote away from the first of them, `fix` gives it back. */
async function rig() {
  const box = sandbox();
  const remote = box.bareRemote();
  const [one, two] = [box.clone(remote), box.clone(remote)];
  const clock = { ms: NOON };
  const as = (agent: string, clone: string, ...args: readonly string[]) =>
    coordInProcess(box, clone, args, { now: clock.ms, env: { COORD_AGENT: agent } });
  for (const clone of [one, two]) expect(await as('maya', clone, 'init')).toMatchObject({ code: 0 });
  const cut = () => box.git(one, 'remote', 'set-url', 'origin', box.path('out-of-reach.git'));
  const fix = () => box.git(one, 'remote', 'set-url', 'origin', remote);
  return { box, remote, one, two, clock, as, cut, fix };
}

it('a claim without the remote is of this host only, and says so in every output', async () => {
  const { box, one, remote, as, cut } = await rig();
  cut();
  expect(await as('maya', one, 'claim', 'a')).toMatchObject({ code: 7 });
  const before = box.git(remote, 'for-each-ref');
  const claim = await as('maya', one, 'claim', 'a', '--offline');
  expect(claim).toMatchObject({ code: 0, stdout: expect.stringContaining('valid in this clone') });
  expect(claim.stderr).toContain('known in this clone only; the next command that reaches origin confirms it');
  const status = await as('maya', one, 'status', '--no-fetch');
  expect(status.stdout).toContain('offline: a by maya is known in this clone only');
  expect(status.stderr).toContain('your claim on a is offline');
  const { data } = (await as('maya', one, 'status', '--no-fetch', '--json')).json();
  expect(data.claims).toMatchObject([{ target: 'a', reach: 'clone' }]);
  expect(box.git(remote, 'for-each-ref')).toBe(before);
});

it('on this host it stops the others, whatever becomes of the machine-local directory', async () => {
  const { box, one, as, cut } = await rig();
  cut();
  await as('maya', one, 'claim', 'a', '--offline');
  rmSync(join(one, '.git', 'coord'), { recursive: true });
  box.git(one, 'gc', '--quiet', '--prune=now');
  expect(await as('noor', one, 'claim', 'a', '--offline')).toMatchObject({
    code: 3,
    stderr: expect.stringContaining('held by maya'),
  });
  expect(await as('noor', one, 'claim', 'b', '--offline')).toMatchObject({ code: 0 });
});

it('is confirmed by the next command that reaches the remote, with a new token larger than all', async () => {
  const { box, remote, one, two, as, cut, fix } = await rig();
  cut();
  const offline = (await as('maya', one, 'claim', 'a', '--offline', '--json')).json().data.claims[0];
  await as('noor', two, 'claim', 'b');
  const last = (await as('noor', two, 'claim', 'c', '--json')).json().data.claims[0].token;
  fix();
  const next = await as('maya', one, 'status', '--json');
  const claim = next.json().data.claims.find(({ target }: { target: string }) => target === 'a');
  expect([offline.id, claim.id]).toEqual(['c~1', 'c3']);
  expect(claim).toMatchObject({ agent: 'maya', reach: 'remote' });
  expect(claim.token).toBeGreaterThan(last);
  expect(next.stderr).toContain(`origin confirmed your offline claim on a: token ${claim.token}`);
  expect((await as('maya', one, 'status')).stderr).not.toContain('offline');
  expect(await as('noor', two, 'claim', 'a')).toMatchObject({ code: 3 });
  expect(replayHistory(box, remote)).toMatchObject({ grants: 3, problems: [] });
  expect(box.tryGit(one, 'rev-parse', '--verify', '--quiet', 'refs/coord-local/offline/coord/state').code).toBe(1);
});

it('is lost when another clone took the ground: told once, and exit 4 where the holder acts on it', async () => {
  const { box, remote, one, two, as, cut, fix } = await rig();
  cut();
  await as('maya', one, 'claim', 'a', '--offline');
  await as('noor', two, 'claim', 'a');
  fix();
  const next = await as('maya', one, 'note', 'back again');
  expect(next).toMatchObject({ code: 0 });
  expect(next.stderr).toContain(
    'you lost a: the remote did not confirm the claim that this clone granted: "held by noor"',
  );
  expect((await as('maya', one, 'status')).stderr).not.toContain('you lost');
  for (const verb of ['renew', 'release']) {
    expect(await as('maya', one, verb, 'a')).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('not confirmed'),
    });
  }
  expect(replayHistory(box, remote)).toMatchObject({ grants: 1, problems: [] });
});

it('lost, the very command that acts on it says so', async () => {
  const { one, two, as, cut, fix } = await rig();
  cut();
  await as('maya', one, 'claim', 'a', '--offline');
  await as('noor', two, 'claim', 'a');
  fix();
  expect(await as('maya', one, 'release', 'a')).toMatchObject({
    code: 4,
    stderr: expect.stringContaining('not confirmed'),
  });
});

it('a whole piece of work offline reaches the remote in its order', async () => {
  const { box, one, two, as, cut, fix } = await rig();
  await as('maya', one, 'claim', 'kept', '--ttl', '20m');
  cut();
  expect(await as('maya', one, 'claim', 'a', '--offline')).toMatchObject({ code: 0 });
  expect(await as('maya', one, 'renew', 'kept', '--ttl', '1h', '--offline')).toMatchObject({ code: 0 });
  const commit = box.commit(one, 'a', 'work');
  expect(await as('maya', one, 'release', 'a', '--offline')).toMatchObject({ code: 0 });
  expect(await as('maya', one, 'note', 'worked on the train', '--offline')).toMatchObject({ code: 0 });
  expect((await as('maya', one, 'status', '--no-fetch', '--json')).json().data.claims).toMatchObject([
    { target: 'kept' },
  ]);
  fix();
  expect(await as('maya', one, 'status')).toMatchObject({ code: 0 });
  const { data } = (await as('noor', two, 'status', '--json')).json();
  expect(data.claims).toMatchObject([{ target: 'kept', ttlSeconds: 3600 }]);
  expect((await as('noor', two, 'log', '--json')).json().data.notes).toMatchObject([{ text: 'worked on the train' }]);
  const behind = await as('noor', two, 'claim', 'a', '--json');
  expect(behind.json().error).toMatchObject({ code: 'behind', details: { missing: [{ commit }] } });
});

it('whose time is over before the remote was asked is lost, not granted late', async () => {
  const { one, clock, as, cut, fix } = await rig();
  cut();
  await as('maya', one, 'claim', 'a', '--offline', '--ttl', '10m');
  await as('noor', one, 'claim', 'b', '--offline', '--ttl', '10m');
  clock.ms += 9 * MINUTE;
  // Any command of the holder renews what is past half of its life; maya gives none.
  await as('noor', one, 'note', 'still here', '--offline');
  clock.ms += 2 * MINUTE;
  fix();
  const next = await as('maya', one, 'status', '--json');
  expect(next.json().data.claims).toMatchObject([{ target: 'b', reach: 'remote' }]);
  expect(next.stderr).toContain(
    'you lost a: the remote did not confirm the claim that this clone granted: "it expired',
  );
});

it('settled by many commands at once, it has its effects once', async () => {
  const { box, remote, one, two, as, cut, fix } = await rig();
  cut();
  for (const target of ['a', 'b', 'c']) await as('maya', one, 'claim', target, '--offline');
  await as('maya', one, 'note', 'once', '--offline');
  fix();
  const results = await Promise.all(Array.from({ length: 5 }, () => as('maya', one, 'status')));
  expect(results.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0]);
  expect((await as('noor', two, 'log', '--json')).json().data.notes).toHaveLength(1);
  expect((await as('noor', two, 'status', '--json')).json().data.claims).toHaveLength(3);
  expect(replayHistory(box, remote)).toMatchObject({ grants: 3, problems: [] });
});

it('makes no sense without a remote, nor for one who waits', async () => {
  const { box, one, as } = await rig();
  expect(await as('maya', one, 'claim', 'a', '--offline', '--wait')).toMatchObject({ code: 2 });
  const alone = box.repository();
  await as('maya', alone, 'init');
  expect(await as('maya', alone, 'claim', 'a', '--offline')).toMatchObject({ code: 2 });
});

it('stays on the list, and in force here, as long as the remote does not answer', async () => {
  const { one, as, cut, fix } = await rig();
  cut();
  await as('maya', one, 'claim', 'a', '--offline');
  expect(await as('noor', one, 'claim', 'b')).toMatchObject({ code: 7 });
  expect(await as('maya', one, 'renew', 'a')).toMatchObject({ code: 7 });
  expect(await as('noor', one, 'claim', 'a', '--offline')).toMatchObject({ code: 3 });
  fix();
  expect(await as('maya', one, 'renew', 'a')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('valid in all clones'),
  });
});

it('has an id of its own once it is confirmed, and no provisional one is given twice', async () => {
  const { one, two, as, cut, fix } = await rig();
  const noted = async (text: string) =>
    (await as('maya', one, 'note', text, '--offline', '--json')).json().data.notes[0];
  await as('noor', two, 'note', 'before');
  cut();
  expect((await noted('first')).id).toBe('n~1');
  expect((await as('maya', one, 'claim', 'a', 'b', '--offline', '--json')).json().data.claims).toMatchObject([
    { id: 'c~2' },
    { id: 'c~3' },
  ]);
  fix();
  const next = await as('maya', one, 'status');
  expect(next.stderr).toContain('origin has your offline note n~1: its id is n2');
  expect((await as('noor', two, 'ack', 'n2')).code).toBe(0);
  cut();
  expect((await noted('second')).id).toBe('n~4');
  fix();
  expect((await as('maya', one, 'status')).stderr).toContain('n~4: its id is n4');
  const { notes } = (await as('noor', two, 'log', '--json')).json().data;
  expect(notes.map(({ id }: { id: string }) => id)).toEqual(['n1', 'n2', 'n3', 'n4']);
});

it('a task written offline has a provisional id too, by which others written offline can come after it', async () => {
  const { one, two, as, cut, fix } = await rig();
  const add = async (...words: string[]) =>
    (await as('maya', one, 'task', 'add', ...words, '--offline', '--json')).json().data.tasks[0];
  await as('noor', two, 'task', 'add', 'known to all');
  cut();
  expect(await as('maya', one, 'task', 'add', 'write it')).toMatchObject({ code: 7 });
  expect((await as('maya', one, 'note', 'plan', '--offline', '--json')).json().data.notes[0].id).toBe('n~1');
  expect(await add('write it', '--scope', 'src')).toMatchObject({ id: 't~2', scope: ['src'], ready: true });
  expect(await add('ship it', '--after', 't~2')).toMatchObject({ id: 't~3', after: ['t~2'], blockedBy: ['t~2'] });
  const here = (await as('maya', one, 'task', 'list', '--no-fetch', '--json')).json().data.tasks;
  expect(here.map(({ id }: { id: string }) => id)).toEqual(['t~2', 't~3']);
  expect((await as('maya', one, 'task', 'show', 't~2', '--no-fetch')).stdout).toContain('write it');
  expect(await as('maya', one, 'task', 'add', 'no', '--after', 't~9', '--offline')).toMatchObject({ code: 2 });
  fix();
  const next = await as('maya', one, 'status');
  expect(next.stderr).toContain('origin has your offline task t~2: its id is t2');
  expect(next.stderr).toContain('origin has your offline task t~3: its id is t3');
  const { tasks } = (await as('noor', two, 'task', 'list', '--json')).json().data;
  expect(tasks).toMatchObject([
    { id: 't1', by: 'noor' },
    { id: 't2', by: 'maya', title: 'write it' },
    { id: 't3', by: 'maya', after: ['t2'], ready: false },
  ]);
});

it('what was written offline and is refused in the end is told, and on no record', async () => {
  const { box, one, two, as, cut, fix } = await rig();
  await as('maya', one, 'claim', 'a');
  cut();
  await as('maya', one, 'task', 'add', 'too late', '--offline');
  await as('maya', one, 'note', 'too late', '--offline');
  await as('boss', two, 'session', 'start', '--role', 'orchestrator');
  await as('boss', two, 'agent', 'kill', 'maya', '--reason', 'stopped');
  fix();
  const next = await as('maya', one, 'status');
  expect(next.stderr).toContain('your offline task t~1 was not accepted: refused: this agent was stopped by boss');
  expect(next.stderr).toContain('your offline note n~2 was not accepted: refused: this agent was stopped by boss');
  expect((await as('maya', one, 'status')).stderr).not.toContain('t~1');
  expect((await as('boss', two, 'task', 'list', '--json')).json().data.tasks).toEqual([]);
  expect(box.tryGit(one, 'rev-parse', '--verify', '--quiet', 'refs/coord-local/offline/coord/state').code).toBe(1);
});

it('that is released and made again, and not confirmed, is told as one loss', async () => {
  const { one, two, as, cut, fix } = await rig();
  cut();
  await as('maya', one, 'claim', 'a', '--offline');
  await as('maya', one, 'release', 'a', '--offline');
  await as('maya', one, 'claim', 'a', '--offline');
  await as('noor', two, 'claim', 'a');
  fix();
  const { stderr } = await as('maya', one, 'status');
  expect(stderr.match(/you lost a: /g)).toHaveLength(1);
});
