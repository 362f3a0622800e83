import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CoordEvent } from '../../src/domain/events.js';
import { type Fleet, localFleet, sharedFleet } from '../support/fleet.js';
import { follow } from './follower.js';

const typesOf = (events: readonly CoordEvent[]) => events.map(({ type }) => type);
const idsOf = (events: readonly CoordEvent[]) => events.map(({ id }) => id);

async function eventsOf(fleet: Fleet, ...args: string[]): Promise<(CoordEvent & { pending?: boolean })[]> {
  const result = await fleet.as('watcher', ['events', '--json', ...args]);
  expect(result.stderr).toBe('');
  expect(result.code).toBe(0);
  return result.json().data.events;
}

/** Makes a commit with this message and the state of the branch. */
function commitOn({ box, clone }: Fleet, parent: string, message: string): string {
  return box.git(clone, 'commit-tree', 'coord/state^{tree}', '-p', parent, '-m', message);
}

/** Puts a commit with this message on top of the state ref. */
function commitByHand(fleet: Fleet, message: string): string {
  const commit = commitOn(fleet, 'coord/state', message);
  fleet.box.git(fleet.clone, 'update-ref', 'refs/coord/state', commit);
  return commit;
}

describe('events', () => {
  it('are the history, oldest first; refusals that wait for the next write come last, as pending', async () => {
    const fleet = await localFleet();
    await fleet.as('maya', ['claim', 'src/api']);
    await fleet.as('noor', ['claim', 'src/api/users.ts']);
    const before = await eventsOf(fleet);
    expect(typesOf(before)).toEqual(['claim.granted', 'claim.refused']);
    expect(before.map(({ pending }) => pending)).toEqual([undefined, true]);
    await fleet.as('maya', ['release', 'src/api']);
    const after = await eventsOf(fleet);
    expect(typesOf(after)).toEqual(['claim.granted', 'claim.refused', 'claim.released']);
    expect(after.some(({ pending }) => pending)).toBe(false);
    const words = await fleet.as('watcher', ['events']);
    expect(words.stdout).toMatch(/claim\.refused +noor +src\/api\/users\.ts · held\n/);
  });

  it('can be had from an event on, by agent, by type or kind, and only the newest', async () => {
    const fleet = await localFleet();
    for (const target of ['a', 'b', 'c']) await fleet.as('maya', ['claim', `@x/${target}`]);
    await fleet.as('noor', ['claim', '@y/a']);
    await fleet.as('maya', ['release', '--all']);
    const all = await eventsOf(fleet);
    expect(all).toHaveLength(7);
    expect(idsOf(await eventsOf(fleet, '--since', all[2]?.id ?? ''))).toEqual(idsOf(all.slice(3)));
    expect(await eventsOf(fleet, '--by', 'noor')).toMatchObject([{ agent: 'noor', target: '@y/a' }]);
    expect(await eventsOf(fleet, '--type', 'claim.released')).toHaveLength(3);
    expect(await eventsOf(fleet, '--type', 'wait,claim.granted')).toHaveLength(4);
    expect(await eventsOf(fleet, '--type', 'claim', '--by', 'maya')).toHaveLength(6);
    expect(idsOf(await eventsOf(fleet, '--limit', '2'))).toEqual(idsOf(all.slice(-2)));
    const words = (await fleet.as('watcher', ['events', '--limit', '2'])).stdout;
    expect(words).toMatch(/^older events: coord events --all\n/);
    expect(await eventsOf(fleet, '--since', '1h')).toHaveLength(7);
    expect(await eventsOf(fleet, '--since', '2030-01-01T00:00:00Z')).toEqual([]);
    expect(idsOf(await eventsOf(fleet, '--since', all[3]?.at ?? ''))).toEqual(idsOf(all.slice(3)));
  });

  it.each([
    [['--since', 'no-such-event'], 'no such event', 'coord events'],
    [['--since', '2026-99-99'], 'not an instant', '2h'],
    [['--type', 'claim.grantd'], 'no such type of event', 'did you mean claim.granted?'],
    [['--limit', '0'], '--limit', '50'],
    [['--limit', '5', '--all'], '--all', 'use one'],
    [['--follow', '--since', 'no-such-event'], 'no such event', 'coord events'],
  ])('refuse %j', async (args, message, hint) => {
    const fleet = await localFleet();
    const result = await fleet.as('watcher', ['events', '--json', ...args]);
    expect(result.code).toBe(2);
    expect(result.json().error.message).toContain(message);
    expect(result.json().error.hint).toContain(hint);
  });

  it('cannot begin after one that is not recorded yet', async () => {
    const fleet = await localFleet();
    await fleet.as('maya', ['claim', '@db']);
    await fleet.as('noor', ['claim', '@db']);
    const pending = (await eventsOf(fleet)).find((event) => event.pending);
    const result = await fleet.as('watcher', ['events', '--json', '--since', pending?.id ?? '']);
    expect([result.code, result.json().error.message]).toEqual([2, expect.stringContaining('not recorded yet')]);
  });

  it('with a damaged line are told without it, which is counted, with the commit', async () => {
    const fleet = await localFleet();
    await fleet.as('maya', ['claim', '@a']);
    const commit = commitByHand(fleet, 'by hand\n\n{"id":"torn');
    await fleet.as('maya', ['claim', '@b']);
    for (const verb of ['events', 'metrics']) {
      const { code, stderr } = await fleet.as('watcher', [verb]);
      expect([code, stderr]).toEqual([0, expect.stringContaining(`1 line of the history is not an event`)]);
      expect(stderr).toContain(commit);
    }
    const { events } = (await fleet.as('watcher', ['events', '--json'])).json().data;
    expect(events.flatMap(({ target }: { target?: string }) => target ?? [])).toEqual(['@a', '@b']);
    const [granted] = await eventsOf(fleet, '--limit', '1');
    expect(granted).toMatchObject({ target: '@b' });
    expect(await eventsOf(fleet, '--since', granted?.id ?? '')).toEqual([]);
  });

  it('can be read when the state cannot', async () => {
    const fleet = await localFleet();
    await fleet.as('maya', ['claim', '@a']);
    const blob = fleet.box.git(fleet.clone, 'hash-object', '-w', fleet.box.write(fleet.clone, 'torn', '{'));
    const index = { ...fleet.box.env, GIT_INDEX_FILE: join(fleet.box.directory, 'index') };
    const git = (...args: string[]) => fleet.box.git(fleet.clone, ...args);
    const entries = git('ls-tree', 'coord/state').replace(/^(\d+ blob )\w+(\tclaims\.json)$/m, `$1${blob}$2`);
    const { spawnSync } = await import('node:child_process');
    const made = spawnSync('git', ['mktree'], {
      cwd: fleet.clone,
      env: index,
      input: `${entries}\n`,
      encoding: 'utf8',
    });
    git('update-ref', 'refs/coord/state', git('commit-tree', made.stdout.trim(), '-p', 'coord/state', '-m', 'torn'));
    expect((await fleet.as('maya', ['status', '--no-fetch'])).code).toBe(8);
    expect(typesOf(await eventsOf(fleet))).toEqual(['claim.granted']);
  });
});

describe('events --follow', () => {
  it('gives each event once, in order, refusals among them, and goes on after a restart', async () => {
    const fleet = await localFleet();
    await fleet.as('maya', ['claim', 'src/api']);
    const first = follow(fleet.box, fleet.clone);
    await first.sees(({ type }) => type === 'claim.granted');
    const other = fleet.box.worktree(fleet.clone);
    await fleet.as('noor', ['claim', 'src/api/users.ts'], { cwd: other });
    // Nobody writes after it: the follower itself records it.
    await first.sees(({ type }) => type === 'claim.refused');
    await fleet.as('maya', ['release', 'src/api']);
    const last = await first.sees(({ type }) => type === 'claim.released');
    expect(typesOf(first.events)).toEqual(['claim.granted', 'claim.refused', 'claim.released']);
    first.process.kill('SIGKILL');
    await first.ended;

    await fleet.as('noor', ['claim', 'src/api']);
    const second = follow(fleet.box, fleet.clone, ['--since', last.id]);
    await second.sees(({ agent, type }) => agent === 'noor' && type === 'claim.granted');
    await fleet.as('noor', ['release', '--all']);
    await second.sees(({ type }) => type === 'claim.released');
    const told = [...first.events, ...second.events];
    expect(idsOf(told)).toEqual(idsOf(await eventsOf(fleet)));
    expect(new Set(idsOf(told)).size).toBe(told.length);
  });

  it('misses nothing and repeats nothing while several agents write at once', async () => {
    const fleet = await localFleet();
    const follower = follow(fleet.box, fleet.clone);
    const work = async (agent: string) => {
      for (let round = 0; round < 4; round += 1) {
        await fleet.as(agent, ['claim', '@one', `@own/${agent}`]);
        await fleet.as(agent, ['release', '--all']);
      }
      await fleet.as(agent, ['claim', `@last/${agent}`]);
    };
    const agents = ['maya', 'noor', 'omar'];
    await Promise.all(agents.map(work));
    for (const agent of agents) await follower.sees(({ target }) => target === `@last/${agent}`);
    const all = (await eventsOf(fleet)).filter(({ pending }) => !pending);
    await follower.sees(({ id }) => id === all.at(-1)?.id);
    expect(idsOf(follower.events)).toEqual(idsOf(all));
  });

  it('records the same refusal again at most once a minute, and counts it', async () => {
    const fleet = await localFleet();
    await fleet.as('maya', ['claim', '@db']);
    const follower = follow(fleet.box, fleet.clone);
    await fleet.as('noor', ['claim', '@db']);
    await follower.sees(({ type }) => type === 'claim.refused');
    for (let round = 0; round < 3; round += 1) await fleet.as('noor', ['claim', '@db']);
    await fleet.as('maya', ['release', '@db']);
    await follower.sees(({ type }) => type === 'claim.released');
    const refusals = follower.events.filter(({ type }) => type === 'claim.refused');
    expect(refusals.map(({ count }) => count)).toEqual([1, 3]);
  });

  it('tells a refusal once that a writer recorded again after a crash', async () => {
    const fleet = await localFleet();
    await fleet.as('maya', ['claim', '@db']);
    const follower = follow(fleet.box, fleet.clone);
    await fleet.as('noor', ['claim', '@db']);
    const refusal = await follower.sees(({ type }) => type === 'claim.refused');
    const types = ['claim.granted', 'claim.refused'];
    // Both commits come at once: what lies between must be seen, and the refusal not again.
    const before = fleet.box.git(fleet.clone, 'rev-parse', 'coord/state');
    const between = { ...refusal, id: 'between', type: 'note.added' };
    const one = commitOn(fleet, before, `between\n\n${JSON.stringify(between)}`);
    fleet.box.git(
      fleet.clone,
      'update-ref',
      'refs/coord/state',
      commitOn(fleet, one, `again\n\n${JSON.stringify(refusal)}`),
    );
    await fleet.as('maya', ['release', '@db']);
    await follower.sees(({ type }) => type === 'claim.released');
    expect(typesOf(follower.events)).toEqual([...types, 'note.added', 'claim.released']);
  });

  it.each([
    ['of which the last event is kept', '1'],
    ['of which nothing is kept', '0'],
  ])('goes on after a compaction %s', async (_, keep) => {
    const fleet = await localFleet();
    await fleet.as('boss', ['session', 'start', '--role', 'orchestrator']);
    for (const target of ['@a', '@b', '@c']) await fleet.as('maya', ['claim', target]);
    const follower = follow(fleet.box, fleet.clone);
    await follower.sees(({ target }) => target === '@c');
    const compacted = await fleet.as('boss', ['doctor', '--compact', '--keep-history', keep]);
    expect(compacted.stderr).toBe('');
    await fleet.as('maya', ['claim', '@d']);
    const last = await follower.sees(({ target }) => target === '@d');
    expect(follower.events.filter(({ type }) => type === 'claim.granted').map(({ target }) => target)).toEqual([
      ...['@a', '@b', '@c', '@d'],
    ]);
    expect(new Set(idsOf(follower.events)).size).toBe(follower.events.length);
    expect(await eventsOf(fleet, '--since', last.id)).toEqual([]);
    const gone = await fleet.as('watcher', ['events', '--json', '--since', follower.events[1]?.id ?? '']);
    expect([gone.code, gone.json().error.message]).toEqual([2, expect.stringContaining('were compacted')]);
    expect((await fleet.as('watcher', ['events'])).stdout).toMatch(/^\d+ commits up to .*: compacted\n/);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('ends cleanly on %s', async (signal) => {
    const fleet = await localFleet();
    await fleet.as('maya', ['claim', '@db']);
    const follower = follow(fleet.box, fleet.clone);
    await follower.sees(({ type }) => type === 'claim.granted');
    follower.process.kill(signal);
    expect(await follower.ended).toEqual({ code: 0, signal: null });
    expect(follower.events).toHaveLength(1);
    expect(follower.stderr()).toBe('');
  });

  it('ends when nobody reads any more', async () => {
    const fleet = await localFleet();
    await fleet.as('maya', ['claim', '@db']);
    const follower = follow(fleet.box, fleet.clone);
    await follower.sees(({ type }) => type === 'claim.granted');
    follower.process.stdout?.destroy();
    await fleet.as('maya', ['release', '@db']);
    expect(await follower.ended).toEqual({ code: 0, signal: null });
    expect(follower.stderr()).toBe('');
  });

  it('passes on what other clones write, and survives a remote that goes away for a while', async () => {
    const fleet = await sharedFleet();
    const other = fleet.box.clone(fleet.remote);
    const follower = follow(fleet.box, fleet.clone);
    await fleet.as('noor', ['claim', '@db'], { cwd: other });
    await follower.sees(({ agent, type }) => agent === 'noor' && type === 'claim.granted');
    await fleet.as('maya', ['claim', '@db']);
    await follower.sees(({ agent, type }) => agent === 'maya' && type === 'claim.refused');
    renameSync(fleet.remote, `${fleet.remote}.away`);
    await follower.says('asking again');
    renameSync(`${fleet.remote}.away`, fleet.remote);
    await fleet.as('noor', ['release', '@db'], { cwd: other });
    await follower.sees(({ type }) => type === 'claim.released');
    expect(follower.stderr().match(/asking again/g)).toHaveLength(1);
    expect(new Set(idsOf(follower.events)).size).toBe(follower.events.length);
  });

  it('says so when the branch is rewound under it', async () => {
    const fleet = await localFleet();
    await fleet.as('maya', ['claim', '@a']);
    await fleet.as('maya', ['claim', '@b']);
    const follower = follow(fleet.box, fleet.clone);
    await follower.sees(({ target }) => target === '@b');
    fleet.box.git(fleet.clone, 'update-ref', 'refs/coord/state', 'coord/state~1');
    expect((await follower.ended).code).toBe(8);
    expect(follower.events.at(-1)).toMatchObject({ ok: false, error: { code: 'corrupt' } });
  });

  it('records no refusal where it is told to read only what is here', async () => {
    const fleet = await localFleet();
    await fleet.as('maya', ['claim', '@db']);
    const follower = follow(fleet.box, fleet.clone, ['--no-fetch']);
    await follower.sees(({ type }) => type === 'claim.granted');
    await fleet.as('noor', ['claim', '@db']);
    const before = fleet.box.git(fleet.clone, 'rev-parse', 'coord/state');
    await fleet.as('omar', ['claim', '@else']);
    await follower.sees(({ agent }) => agent === 'omar');
    expect(fleet.box.git(fleet.clone, 'rev-parse', 'coord/state~1')).toBe(before);
    expect(typesOf(follower.events)).toEqual(['claim.granted', 'claim.refused', 'claim.granted']);
  });
});
