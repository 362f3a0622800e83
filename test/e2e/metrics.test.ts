import { expect, it } from 'vitest';
import { configure, type Fleet, localFleet, sharedFleet } from '../support/fleet.js';
import { openMetricsProblems } from '../support/openmetrics.js';

async function aBusyMorning(): Promise<Fleet> {
  const fleet = await localFleet();
  await fleet.as('maya', ['claim', 'src', '@db']);
  for (let round = 0; round < 3; round += 1) await fleet.as('noor', ['claim', 'src/api/users.ts']);
  await fleet.as('omar', ['claim', '@db']);
  await fleet.as('omar', ['claim', '@db', '--wait=1s']);
  await fleet.as('noor', ['claim', 'src', '--take-over', '--reason', 'her machine died']);
  await fleet.as('maya', ['release', '@db']);
  await fleet.as('noor', ['release', '--all', '--uncommitted']);
  return fleet;
}

it('tells how a fleet works together, the hottest ground first, and what to do about it', async () => {
  const fleet = await aBusyMorning();
  const result = await fleet.as('watcher', ['metrics', '--json']);
  expect(result.code).toBe(0);
  const { data } = result.json();
  expect(data).toMatchObject({
    ...{ grants: 3, takeovers: 1, releases: 2, expiries: 0, refusals: { count: 4, byReason: { held: 4 } } },
    waits: { started: 1, ended: 1, byOutcome: { timeout: 1 }, seconds: { count: 1 } },
    holds: { count: 3 },
    contention: [
      { target: 'src/**', refusals: 3, waits: 0, agents: 1, advice: { kind: 'narrow', wanted: ['src/api/users.ts'] } },
      { target: '@db', refusals: 1, waits: 1, agents: 1, advice: { kind: 'none', text: expect.stringMatching(/./) } },
    ],
    deploys: { started: 0, blocked: { count: 0 } },
  });
  expect(data.waits.seconds.max).toBeGreaterThan(0);
  expect(data.contention[1].waitedSeconds).toBe(data.waits.seconds.sum);
  const words = await fleet.as('watcher', ['metrics']);
  expect(words.stdout).toContain('refused      4 (held 4)');
  expect(words.stdout).toMatch(/src\/\*\* +3 +0 .* claim less of it: others wanted only src\/api\/users\.ts/);
});

it('advises with a command that can be pasted where it is read', async () => {
  const fleet = await localFleet();
  await fleet.as('maya', ['claim', 'src/api/users.ts']);
  for (let round = 0; round < 2; round += 1) await fleet.as('noor', ['claim', 'src/api/users.ts']);
  const args = ['metrics', '--json'];
  const here = await fleet.as('noor', args, { cwd: `${fleet.clone}/src` });
  expect(here.json().data.contention[0].advice.text).toMatch(/: coord claim :\/src\/api\/users\.ts --wait$/);
});

it('speaks OpenMetrics', async () => {
  const fleet = await aBusyMorning();
  const { code, stdout } = await fleet.as('watcher', ['metrics', '--openmetrics']);
  expect(code).toBe(0);
  expect(openMetricsProblems(stdout)).toEqual([]);
  expect(stdout).toContain('\ncoord_target_refusals_total{target="src/**"} 3\n');
});

it('counts a period, from an instant, a duration or an event on', async () => {
  const fleet = await localFleet();
  await fleet.as('maya', ['claim', '@a']);
  const [first] = (await fleet.as('maya', ['events', '--json'])).json().data.events;
  await fleet.as('maya', ['claim', '@b']);
  await fleet.as('maya', ['release', '--all']);
  const grantsSince = async (since: string) => {
    const { data } = (await fleet.as('watcher', ['metrics', '--json', '--since', since])).json();
    return [data.grants, data.holds.count];
  };
  // What was granted before the period still ends in it.
  expect(await grantsSince(first.id)).toEqual([1, 2]);
  expect(await grantsSince('1h')).toEqual([2, 2]);
  expect(await grantsSince('2030-01-01T00:00:00Z')).toEqual([0, 0]);
  const nothing = await fleet.as('watcher', ['metrics', '--since', '2030-01-01T00:00:00Z']);
  expect(nothing.stdout).toBe('nothing has happened in this time\n');
});

it.each([
  [['--json', '--openmetrics'], 'cannot be used together'],
  [['--json', '--since', 'nothing-like-it'], 'no such event'],
])('refuses %j', async (args, message) => {
  const fleet = await localFleet();
  const result = await fleet.as('watcher', ['metrics', ...args]);
  expect([result.code, result.json().error.message]).toEqual([2, expect.stringContaining(message)]);
});

it('counts the pushes of all clones, and warns with doctor where the host advises fewer', async () => {
  const fleet = await sharedFleet();
  configure(fleet, { pushesPerMinute: 3 });
  fleet.box.git(fleet.clone, 'push', '--quiet', 'origin', 'main');
  for (const path of ['a', 'b', 'c', 'd']) await fleet.as('maya', ['claim', path]);
  const { data } = (await fleet.as('looker', ['metrics', '--since', '1h', '--json'])).json();
  expect(data.pushes).toMatchObject({ host: null, advised: 3 });
  // The fleet itself was made before, by other pushes.
  expect(data.pushes.count).toBeGreaterThanOrEqual(5);
  expect(data.pushes.busiest.count).toBeGreaterThanOrEqual(4);
  const words = await fleet.as('looker', ['metrics']);
  expect(words.stdout).toMatch(/pushes +\d+ pushes, [\d.]+ a minute, at most \d+ in one minute; pushesPerMinute is 3/);
  expect(words.stderr).toContain('claim several paths in one command');
  const { findings } = (await fleet.as('looker', ['doctor', '--json'])).json().data;
  expect(findings).toContainEqual(expect.objectContaining({ id: 'pushes', ok: false, severity: 'low' }));
  configure(fleet, { pushesPerMinute: 600 });
  fleet.box.git(fleet.clone, 'push', '--quiet', 'origin', 'main');
  expect((await fleet.as('looker', ['metrics'])).stderr).toBe('');
});
