import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type Fleet, localFleet } from '../support/fleet.js';
import { inProcess } from '../support/in-process.js';
import type { CoordEnvelope } from '../support/sandbox.js';

/** Pastes a suggested command into bash, in a directory, as an agent. */
function paste(fleet: Fleet, agent: string, cwd: string, command: string): CoordEnvelope {
  const script = `coord() { ${JSON.stringify(process.execPath)} ${JSON.stringify(fleet.box.program)} "$@"; }; ${command} --json`;
  const env = { ...fleet.box.env, COORD_AGENT: agent };
  const { stdout, stderr } = spawnSync('bash', ['-c', script], { cwd, env, encoding: 'utf8' });
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout);
}

const ODD_NAMES = [
  'a b.ts',
  "it's.ts",
  'app/[id]/new.ts',
  '@db',
  '-x',
  'n\nl',
  'tab\there',
  'emoji 🙂',
  'back\\slash',
  '$HOME',
];

it.each(ODD_NAMES)('a refusal of %j suggests to wait for just that', async (name) => {
  const fleet = await localFleet();
  await fleet.as('maya', ['claim', '--literal', '--', name]);
  const refused = await fleet.as('noor', ['claim', '--json', '--literal', '--', name]);
  expect(refused.code).toBe(3);
  const { hint, details } = refused.json().error;
  await fleet.as('maya', ['release', '--all']);
  const granted = paste(fleet, 'noor', fleet.clone, hint);
  expect(granted.data.claims.map(({ target, kind }: { target: string; kind: string }) => [target, kind])).toEqual([
    [details.conflicts[0].target, 'path'],
  ]);
});

it('what is suggested in a folder means the same ground there', async () => {
  const fleet = await localFleet();
  const folder = join(fleet.clone, 'src');
  await fleet.as('maya', ['claim', 'src/api/users.ts']);
  const refused = await fleet.as('noor', ['claim', 'api/users.ts', '../README.md', 'web', '--json'], { cwd: folder });
  const { hint, details } = refused.json().error;
  expect(paste(fleet, 'noor', folder, hint).data.claims).toMatchObject([
    { target: 'README.md' },
    { target: 'src/web/**' },
  ]);
  await fleet.as('maya', ['release', '--all']);
  expect(paste(fleet, 'noor', folder, details.alternative.command).data.claims).toMatchObject([
    { target: 'src/api/users.ts' },
  ]);
});

it.each([
  ['a file beside it', ['src/api/users.ts'], 'src/api/users.ts', ['src/api/orders.ts']],
  ['a folder beside its folder, where all of that is held', ['src/api'], 'src/api/users.ts', ['src/web/**']],
  ['what is on the surface as it is', ['src'], 'src/api/users.ts', ['AGENTS.md', 'coord.config.json', 'rules/**']],
  ['nothing, where nothing is free', ['.'], 'src/api/users.ts', undefined],
])('a refusal names %s', async (_, held, asked, nearby) => {
  const fleet = await localFleet();
  fleet.box.commit(fleet.clone, 'src/api/orders.ts', 'orders');
  await fleet.as('maya', ['claim', ...held]);
  const refused = (await fleet.as('noor', ['claim', asked, '--json'])).json().error;
  expect(refused.details.nearby).toEqual(nearby);
  if (nearby === undefined) return;
  const words = /^free nearby: (.+)$/m.exec(refused.message)?.[1];
  const granted = paste(fleet, 'noor', fleet.clone, `coord claim ${words}`);
  expect(granted.data.claims.map(({ target }: { target: string }) => target).sort()).toEqual(nearby);
});

it('a reader is told to read', async () => {
  const fleet = await localFleet();
  await fleet.as('maya', ['claim', 'src/api']);
  await fleet.as('omar', ['claim', 'docs', '--shared']);
  const refused = await fleet.as('noor', ['claim', 'src/api', 'docs', '--shared', '--json']);
  expect(paste(fleet, 'noor', fleet.clone, refused.json().error.hint).data.claims).toMatchObject([
    { target: 'docs', mode: 'shared' },
  ]);
});

it('an agent that named itself is named again', async () => {
  const fleet = await localFleet();
  await fleet.as('maya', ['claim', 'src/api']);
  const refused = await fleet.box.coord(fleet.clone, ['claim', 'src/api', 'docs', '--agent', 'noor', '--json']);
  expect(refused.json().error.hint).toBe('coord --agent noor claim docs');
});

it('a task whose time is over is told of once, with its paths, and taken again', async () => {
  const fleet = await localFleet();
  const { clock, run } = inProcess(fleet.box);
  clock.ms = Date.now();
  await fleet.as('maya', ['task', 'add', 'paginate users', '--scope', 'src/api']);
  const noor = (args: readonly string[]) => run('noor', fleet.clone, args);
  await noor(['task', 'take', '--json']);
  await noor(['claim', 'docs']);
  clock.ms += 3_600_000;
  const { stderr } = await noor(['status']);
  const told = stderr.split('\n').filter((line) => line.includes(' expired '));
  expect(told.map((line) => line.replace(/^.*: /, ''))).toEqual(['coord task take t1', 'coord claim docs']);
  expect((await noor(['task', 'take', 't1'])).code).toBe(0);
});

it('a token of what is claimed by a verb of its own suggests that verb', async () => {
  const fleet = await localFleet();
  await fleet.as('maya', ['task', 'add', 'paginate users']);
  const { claims } = (await fleet.as('noor', ['task', 'take', '--json'])).json().data;
  await fleet.as('noor', ['task', 'return']);
  const stale = await fleet.as('noor', ['verify-token', '@task/t1', `${claims[0].token}`, '--json']);
  expect([stale.code, stale.json().error.hint]).toEqual([4, 'coord task take t1']);
});
