import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { VERBS } from '../../src/cli/registry.js';
import { type Fleet, localFleet, sharedFleet } from '../support/fleet.js';
import { inProcess } from '../support/in-process.js';
import type { CoordResult } from '../support/sandbox.js';

/** What is left of a fleet's history: one line a commit, and its events. */
function historyOf({ box, clone }: Fleet): string {
  return box.git(clone, 'log', '--format=%H %s', 'coord/state');
}

const GIVEN = ['boss', 'task', 'add', 'paginate', '--scope', 'src/api'];

/** What must have happened before, and the command line that is then repeated. */
const WRITES: Readonly<Record<string, { before?: readonly string[][]; args: readonly string[]; agent?: string }>> = {
  claim: { args: ['src/api', '@db', '--reason', 'why'] },
  renew: { before: [['maya', 'claim', 'src/api']], args: ['--ttl', '2h'] },
  release: { before: [['maya', 'claim', 'src/api', '@db']], args: ['--all'] },
  'claim --take-over': { before: [['noor', 'claim', 'src/api']], args: ['src/api', '--reason', 'gone'] },
  handoff: {
    before: [
      ['noor', 'claim', '@x'],
      ['maya', 'claim', 'src/api'],
    ],
    args: ['src/api', '--to', 'noor', '--note', 'yours now'],
  },
  'handoff accept': {
    before: [
      ['maya', 'claim', '@x'],
      ['noor', 'claim', 'src/api'],
      ['noor', 'handoff', 'src/api', '--to', 'maya'],
    ],
    args: ['src/api'],
  },
  'handoff decline': {
    before: [
      ['maya', 'claim', '@x'],
      ['noor', 'claim', 'src/api'],
      ['noor', 'handoff', 'src/api', '--to', 'maya'],
    ],
    args: ['src/api', '--reason', 'busy'],
  },
  'agent state': { args: ['thinking'] },
  'session scratch': { args: [] },
  submit: {
    before: [['boss', 'session', 'start', '--role', 'orchestrator']],
    args: ['result.txt', '--to', 'boss', '--note', 'x'],
  },
  'task add': { args: ['paginate', '--scope', 'src/api'] },
  'task take': { before: [GIVEN], args: ['--reason', 'mine'] },
  'task done': { before: [GIVEN, ['maya', 'task', 'take']], args: ['--result', 'paged'] },
  'task return': { before: [GIVEN, ['maya', 'task', 'take']], args: ['--reason', 'later'] },
  'task edit': { before: [GIVEN], args: ['t1', '--priority', '1'] },
  'task drop': { before: [GIVEN], args: ['t1', '--reason', 'no'] },
  note: { args: ['hello', '--kind', 'intent'] },
  'session end': { before: [['maya', 'session', 'start']], args: [] },
  'agent kill': {
    before: [
      ['noor', 'claim', '@x'],
      ['boss', 'session', 'start', '--role', 'orchestrator'],
    ],
    agent: 'boss',
    args: ['noor', '--reason', 'loops'],
  },
  'agent revive': {
    before: [
      ['noor', 'claim', '@x'],
      ['boss', 'session', 'start', '--role', 'orchestrator'],
      ['boss', 'agent', 'kill', 'noor', '--reason', 'x'],
    ],
    agent: 'boss',
    args: ['noor'],
  },
};

/** Verbs that write nothing, or for which repeating is no question of an id. */
const WITHOUT = [
  ...['init', 'status', 'agent list', 'verify-token', 'sync-check', 'completion', 'help', 'events', 'metrics', 'audit'],
  ...['deploy list', 'deploy show', 'deploy verify'],
  ...['gate list', 'gate show', 'gate check', 'gate request', 'gate sign'],
  ...['conflicts', 'dashboard', 'mcp', 'log', 'inbox', 'rules list', 'rules show', 'rules lint', 'session show'],
  // Run again, these find that it was done already.
  ...['integrate', 'land', 'doctor', 'task list', 'task show', 'task report'],
  ...['guard status', 'guard install', 'guard uninstall', 'guard run', 'guard hook'],
  // A wait holds nothing; a program that runs is repeated by `coord once`.
  ...['run', 'once', 'deploy'],
];

async function dataOf(fleet: Fleet, agent: string, args: readonly string[]): Promise<unknown> {
  const result = await fleet.as(agent, [...args, '--json']);
  expect(result.json().error?.message).toBeUndefined();
  return result.json().data;
}

describe('--request-id', () => {
  const written = VERBS.filter(({ writes }) => writes).map(({ name }) => name);

  it.each(Object.keys(WRITES).filter((name) => written.includes(name.replace(/ --.*/, ''))))(
    'of coord %s: the same answer again, and nothing written',
    async (name) => {
      const fleet = await localFleet();
      fleet.box.write(fleet.clone, 'result.txt', 'to be submitted');
      const { before = [], args, agent = 'maya' } = WRITES[name] ?? { args: [] };
      for (const [who = '', ...words] of before) expect((await fleet.as(who, words)).stderr).not.toContain('next:');
      const words = [...name.split(' '), ...args, '--request-id', 'once only'];
      const first = await dataOf(fleet, agent, words);
      const history = historyOf(fleet);
      expect(await dataOf(fleet, agent, words)).toEqual(first);
      expect(historyOf(fleet)).toBe(history);
      await fleet.as('zoe', ['claim', '@else']);
      expect(await dataOf(fleet, agent, words)).toEqual(first);
    },
  );

  it('is there for every command that writes', () => {
    expect(written.filter((name) => !(name in WRITES) && !['ack', 'session start'].includes(name))).toEqual([]);
    expect(VERBS.map(({ name }) => name).filter((name) => !written.includes(name) && !WITHOUT.includes(name))).toEqual(
      [],
    );
  });

  it('starts one session, though its process died before it could remember it here', async () => {
    const fleet = await localFleet();
    const words = ['session', 'start', '--request-id', 's1', '--json'];
    const first = await fleet.as('maya', words);
    const history = historyOf(fleet);
    rmSync(join(fleet.clone, '.git', 'coord-sessions'), { recursive: true });
    const again = await fleet.as('maya', words);
    expect(again.json().data.session).toBe(first.json().data.session);
    expect(historyOf(fleet)).toBe(history);
    expect((await fleet.as('maya', ['claim', '@db', '--json'])).json().data.claims).toMatchObject([
      { session: first.json().data.session },
    ]);
  });

  it('repeats an ack', async () => {
    const fleet = await localFleet();
    const note = await fleet.as('noor', ['note', 'look', '--needs-ack', 'maya', '--json']);
    const words = ['ack', note.json().data.notes[0].id, '--request-id', 'a1'];
    expect(await dataOf(fleet, 'maya', words)).toEqual(await dataOf(fleet, 'maya', words));
  });

  it('gives the claim of then, when it was given back and taken by another since', async () => {
    const fleet = await localFleet();
    const words = ['claim', 'src/api', '--request-id', 'r1'];
    const first = await dataOf(fleet, 'maya', words);
    await fleet.as('maya', ['release', '--all']);
    await fleet.as('noor', ['claim', 'src/api']);
    expect(await dataOf(fleet, 'maya', words)).toEqual(first);
    expect((await fleet.as('maya', ['status', '--json'])).json().data.claims).toMatchObject([{ agent: 'noor' }]);
  });

  it('repeats a release though the ground has been claimed and changed again', async () => {
    const fleet = await localFleet();
    await fleet.as('maya', ['claim', 'src/api']);
    const words = ['release', 'src/api', '--request-id', 'r1'];
    const first = await dataOf(fleet, 'maya', words);
    await fleet.as('maya', ['claim', 'src/api']);
    fleet.box.write(fleet.clone, 'src/api/users.ts', 'changed\n');
    fleet.box.git(fleet.clone, 'commit', '--quiet', '--allow-empty', '--message', 'moved on');
    expect(await dataOf(fleet, 'maya', words)).toEqual(first);
    expect((await fleet.as('maya', ['status', '--json'])).json().data.claims).toMatchObject([{ agent: 'maya' }]);
  });

  it('repeats what a wait came to', async () => {
    const fleet = await localFleet();
    await fleet.as('noor', ['claim', '@db']);
    const words = ['claim', '@db', '--wait=1s', '--request-id', 'r1'];
    expect((await fleet.as('maya', words)).code).toBe(9);
    await fleet.as('noor', ['release', '--all']);
    const first = await dataOf(fleet, 'maya', words);
    await fleet.as('maya', ['release', '--all']);
    expect(await dataOf(fleet, 'maya', words)).toEqual(first);
  });

  it('is used up by no refusal', async () => {
    const fleet = await localFleet();
    await fleet.as('noor', ['claim', '@db']);
    const words = ['claim', '@db', '--request-id', 'r1'];
    expect((await fleet.as('maya', words)).code).toBe(3);
    await fleet.as('noor', ['release', '--all']);
    expect(await dataOf(fleet, 'maya', words)).toMatchObject({ claims: [{ agent: 'maya' }] });
  });

  it('is used up by nothing that the command does beside, such as renewing what is past half of its life', async () => {
    const fleet = await localFleet();
    const { run, clock } = inProcess(fleet.box);
    clock.ms = Date.now();
    await run('maya', fleet.clone, ['claim', '@own']);
    await run('noor', fleet.clone, ['claim', '@db', '--ttl', '2h']);
    clock.pass(16 * 60);
    const words = ['claim', '@db', '--request-id', 'r1', '--json'];
    expect((await run('maya', fleet.clone, words)).code).toBe(3);
    const { data } = (await run('maya', fleet.clone, ['events', '--json', '--type', 'claim.renewed'])).json();
    expect(data.events).toMatchObject([{ agent: 'maya', target: '@own' }]);
    await run('noor', fleet.clone, ['release', '--all']);
    expect((await run('maya', fleet.clone, words)).code).toBe(0);
  });

  it.each([
    ['maya', ['claim', '@other']],
    ['maya', ['release', '--all']],
    ['noor', ['claim', '@db']],
  ])('of another request is exit 2, nothing changed: %s %j', async (agent, words) => {
    const fleet = await localFleet();
    await fleet.as('maya', ['claim', '@db', '--request-id', 'r1']);
    const history = historyOf(fleet);
    const result = await fleet.as(agent, [...words, '--request-id', 'r1', '--json']);
    expect(result.code).toBe(2);
    expect(result.json().error).toMatchObject({
      ...{ code: 'usage', message: expect.stringContaining('r1'), hint: expect.stringContaining('new id') },
      details: { reason: 'request-id', agent: 'maya', kind: 'claim' },
    });
    await fleet.as('zoe', ['claim', '@else']);
    expect(historyOf(fleet).split('\n').slice(1).join('\n')).toBe(history);
  });

  it.each(['', '  ', 'a\nb', 'x'.repeat(129)])('%j is not one: exit 2', async (id) => {
    const fleet = await localFleet();
    const result = await fleet.as('maya', ['claim', '@db', `--request-id=${id}`, '--json']);
    expect([result.code, result.json().error.hint]).toEqual([2, 'use 1 to 128 printable characters']);
  });

  it('asked by many processes at once has one effect, and one answer', async () => {
    const fleet = await localFleet();
    const words = ['claim', '@db', '--request-id', 'r1', '--json'];
    const results = await Promise.all(Array.from({ length: 5 }, () => fleet.as('maya', words)));
    const answers = new Set(results.map((result: CoordResult) => JSON.stringify(result.json().data)));
    expect([results.map(({ code }) => code), answers.size]).toEqual([[0, 0, 0, 0, 0], 1]);
    expect(fleet.box.git(fleet.clone, 'log', '--format=%b', 'coord/state').match(/"claim\.\w+"/g)).toEqual([
      '"claim.granted"',
    ]);
  });

  it('holds across clones: what one has done, another repeats', async () => {
    const fleet = await sharedFleet();
    const other = fleet.box.clone(fleet.remote);
    const words = ['claim', '@db', '--request-id', 'r1', '--json'];
    const first = await fleet.as('maya', words);
    await fleet.as('maya', ['status'], { cwd: other });
    await fleet.as('maya', ['release', '--all']);
    const again = await fleet.as('maya', words, { cwd: other });
    expect(again.json().data).toEqual(first.json().data);
    expect((await fleet.as('maya', ['status', '--json'])).json().data.claims).toEqual([]);
  });

  it('is on no command that only reads', async () => {
    const fleet = await localFleet();
    expect((await fleet.as('maya', ['status', '--request-id', 'r1'])).code).toBe(2);
    expect((await fleet.as('maya', ['claim', '--help'])).stdout).toContain('--request-id <id>');
  });
});
