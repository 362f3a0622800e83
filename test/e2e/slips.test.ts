import { join } from 'node:path';
import { expect, it } from 'vitest';
import { configure, type Fleet, localFleet } from '../support/fleet.js';
import { inProcess } from '../support/in-process.js';

async function claim(fleet: Fleet, target: string, cwd = fleet.clone) {
  return inProcess(fleet.box).run('maya', cwd, ['claim', target]);
}

it.each([
  ['src/api/user.ts', 'src/api/users.ts'],
  ['src/apu/users.ts', 'src/api/users.ts'],
  ['srcs/', 'src'],
  ['REDME.md', 'README.md'],
  ['@ci/prot', '@ci/port'],
])('%s is granted, and %s named as what may be meant', async (typed, meant) => {
  const fleet = await localFleet();
  configure(fleet, { resources: { '@ci/port': {} } });
  fleet.box.commit(fleet.clone, 'README.md', 'read me');
  const { code, stderr } = await claim(fleet, typed);
  expect([code, stderr]).toEqual([
    0,
    expect.stringContaining(`; if you meant ${meant}: coord claim ${meant} && coord release ${typed}`),
  ]);
});

it.each([
  'src/api/users.ts',
  'src/api/orders.ts',
  'src/web/',
  'src/**',
  'db/0002_users.sql',
  'new/folder/',
  'src/x.ts',
  '@ci/port',
])('nothing is said of %s', async (target) => {
  const fleet = await localFleet();
  configure(fleet, { resources: { '@ci/port': {} } });
  fleet.box.commit(fleet.clone, 'db/0001_users.sql', 'create');
  fleet.box.commit(fleet.clone, 'src/y.ts', 'y');
  const { code, stderr } = await claim(fleet, target);
  expect([code, stderr.replace(/.* covers a lot .*\n/, '')]).toEqual([0, '']);
});

it('a resource that nobody declared is granted, and said to be undeclared', async () => {
  const fleet = await localFleet();
  expect((await claim(fleet, '@db/main')).stderr).toContain(
    '@db/main is not declared under "resources" in coord.config.json',
  );
});

it('what is suggested can be pasted in the folder that it is read in', async () => {
  const fleet = await localFleet();
  const { stderr } = await claim(fleet, 'user.ts', join(fleet.clone, 'src/api'));
  expect(stderr).toContain('coord claim :/src/api/users.ts && coord release :/src/api/user.ts');
});
