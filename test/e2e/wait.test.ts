import { describe, expect, it } from 'vitest';
import { type Fleet, localFleet, until } from '../support/fleet.js';

async function isQueued(fleet: Fleet, agent: string): Promise<boolean> {
  const status = await fleet.as('watcher', ['status', '--json']);
  return status.json().data.waiters.some((waiter: { agent: string }) => waiter.agent === agent);
}

async function eventTypes(fleet: Fleet): Promise<string[]> {
  const bodies = fleet.box.git(fleet.clone, 'log', '--format=%b', 'coord/state').split('\n');
  return bodies.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line).type);
}

describe('claim --wait', () => {
  it('is granted when the holder releases, in a second worktree', async () => {
    const fleet = await localFleet();
    const other = fleet.box.worktree(fleet.clone);
    await fleet.as('maya', ['claim', 'src/api']);
    const waiting = fleet.as('noor', ['claim', 'src/api/users.ts', '--wait=1m', '--json'], { cwd: other });
    await until(() => isQueued(fleet, 'noor'), 'noor in the queue');
    expect((await fleet.as('maya', ['release', 'src/api'])).code).toBe(0);
    const granted = await waiting;
    expect(granted.code).toBe(0);
    expect(granted.json().data.claims).toMatchObject([{ agent: 'noor', target: 'src/api/users.ts' }]);
    expect(granted.stderr).toContain('waiting for src/api/users.ts');
    expect(await eventTypes(fleet)).toEqual(expect.arrayContaining(['wait.started', 'wait.ended']));
  });

  it('serves first come first, whatever else asks', async () => {
    const fleet = await localFleet();
    await fleet.as('maya', ['claim', 'src/api']);
    const order: string[] = [];
    const waits: Promise<void>[] = [];
    for (const agent of ['noor', 'omar', 'pia']) {
      waits.push(
        fleet.as(agent, ['claim', 'src/api', '--wait']).then(async (result) => {
          expect(result.code).toBe(0);
          order.push(agent);
          await fleet.as(agent, ['release', '--all']);
        }),
      );
      await until(() => isQueued(fleet, agent), `${agent} in the queue`);
    }
    expect((await fleet.as('late', ['claim', 'src/api'])).code).toBe(3);
    await fleet.as('maya', ['release', 'src/api']);
    await Promise.all(waits);
    expect(order).toEqual(['noor', 'omar', 'pia']);
  });

  it('gives up with exit 9 and leaves the queue', async () => {
    const fleet = await localFleet();
    await fleet.as('maya', ['claim', 'src/api']);
    const result = await fleet.as('noor', ['claim', 'src/api', '--wait=1s', '--json']);
    expect(result.code).toBe(9);
    expect(result.json().error).toMatchObject({ code: 'timeout', details: { conflicts: [{ agent: 'maya' }] } });
    expect(await isQueued(fleet, 'noor')).toBe(false);
  });

  it('refuses a wait that would deadlock, at once, with the cycle', async () => {
    const fleet = await localFleet();
    await fleet.as('maya', ['claim', 'src/api']);
    await fleet.as('noor', ['claim', 'src/web']);
    const waiting = fleet.as('maya', ['claim', 'src/web', '--wait=20s']);
    await until(() => isQueued(fleet, 'maya'), 'maya in the queue');
    const refused = await fleet.as('noor', ['claim', 'src/api', '--wait', '--json']);
    expect(refused.code).toBe(3);
    expect(refused.json().error.details).toMatchObject({
      reason: 'deadlock',
      cycle: [
        { agent: 'noor', waitsFor: 'src/api/**', heldBy: 'maya' },
        { agent: 'maya', waitsFor: 'src/web/**', heldBy: 'noor' },
      ],
    });
    await fleet.as('noor', ['release', '--all']);
    expect((await waiting).code).toBe(0);
    expect(await eventTypes(fleet)).toContain('deadlock.prevented');
  });

  it('takes a bare --wait before a target for what it is', async () => {
    const fleet = await localFleet();
    const result = await fleet.as('maya', ['claim', '--wait', 'src/api', '--json']);
    expect(result.json().data.claims).toMatchObject([{ target: 'src/api/**' }]);
  });

  it.each(['0s', '-1m', 'soon', '10m'])('refuses --wait=%s', async (duration) => {
    const fleet = await localFleet();
    expect((await fleet.as('maya', ['claim', 'src/api', `--wait=${duration}`])).code).toBe(2);
    expect((await fleet.as('maya', ['status', '--json'])).json().data.claims).toEqual([]);
  });

  it('tells who waits for far longer than expected whom to ask, in words that can be pasted', async () => {
    const fleet = await localFleet();
    await fleet.as('maya', ['claim', 'src/api', '--expect', '1s']);
    const waiting = fleet.as('noor', ['claim', 'src/api', '--wait', '--agent', 'noor']);
    await until(async () => (await eventTypes(fleet)).includes('deadlock.suspected'), 'the suspicion');
    await fleet.as('maya', ['release', 'src/api']);
    const { code, stderr } = await waiting;
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /^deadlock suspected: noor .+: ask: coord --agent noor note "how long\?" --needs-ack maya, or pick other paths$/m,
    );
  });

  it('stops a waiter that is asked to stop, and leaves no ticket', async () => {
    const fleet = await localFleet();
    await fleet.as('maya', ['claim', 'src/api']);
    const args = ['run', '@test/outer', '--', process.execPath, '-e', KILL_WHEN_QUEUED];
    const result = await fleet.as('noor', args, { env: { COORD: fleet.box.program } });
    expect(result.stdout.trim()).toBe('9');
    expect(await isQueued(fleet, 'noor')).toBe(false);
  });
});

/** Starts a waiter, asks it to stop once it stands in the queue, and prints its exit code. */
const KILL_WHEN_QUEUED = `
const { spawn, spawnSync } = require('node:child_process');
const waiter = spawn(process.execPath, [process.env.COORD, 'claim', 'src/api', '--wait'], { stdio: 'ignore' });
waiter.on('close', (code) => console.log(code));
const look = () => {
  const { stdout } = spawnSync(process.execPath, [process.env.COORD, 'status', '--json'], { encoding: 'utf8' });
  if (JSON.parse(stdout).data.waiters.length > 0) waiter.kill('SIGTERM');
  else setImmediate(look);
};
look();
`;

describe('status --wait', () => {
  it('returns when the ground is free, and claims nothing', async () => {
    const fleet = await localFleet();
    expect((await fleet.as('noor', ['status', 'src/api', '--wait'])).stdout).toBe('no claims\n');
    await fleet.as('maya', ['claim', 'src/api']);
    const waiting = fleet.as('noor', ['status', 'src/api/users.ts', '--wait=1m', '--json']);
    await until(() => isQueued(fleet, 'noor'), 'noor in the queue');
    await fleet.as('maya', ['release', 'src/api']);
    expect((await waiting).json().data).toMatchObject({ claims: [], waiters: [] });
    expect((await fleet.as('noor', ['status', '--json'])).json().data).toMatchObject({ claims: [], waiters: [] });
  });
});
