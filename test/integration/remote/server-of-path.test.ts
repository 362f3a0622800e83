import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { sharedFleet, until } from '../../support/fleet.js';
import { killedOnce } from '../../support/killing.js';

const HAS_SETSID = existsSync('/usr/bin/setsid');

it.skipIf(!HAS_SETSID).each([
  ['a path', ''],
  ['file://', 'file://'],
])('an agent killed while the remote, by %s, holds the lock of the branch leaves no lock behind', async (_, scheme) => {
  const fleet = await sharedFleet();
  const { box, clone, remote, as } = fleet;
  box.git(clone, 'remote', 'set-url', 'origin', `${scheme}${remote}`);
  await killedOnce('locked', box, { remote, clone, env: {} }, 'maya', ['claim', 'src/api']);
  await until(async () => !existsSync(join(remote, 'refs', 'coord', 'state.lock')), 'the end of that push');
  expect((await as('noor', ['claim', 'src/web'])).code).toBe(0);
  const { data } = (await as('maya', ['claim', 'src/api', '--json'])).json();
  expect(data.claims[0].agent).toBe('maya');
});

it('a remote by a path packs no refs when it tidies up after a push', async () => {
  const { box, remote, as } = await sharedFleet();
  // Each push leaves a pack, and two are too many.
  for (const [key, value] of [
    ['receive.unpackLimit', '1'],
    ['gc.autoPackLimit', '1'],
    ['gc.autoDetach', 'false'],
  ] as const) {
    box.git(remote, 'config', key, value);
  }
  for (const target of ['a', 'b', 'c']) expect((await as('maya', ['claim', target])).code).toBe(0);
  const packs = readdirSync(join(remote, 'objects', 'pack')).filter((name) => name.endsWith('.pack'));
  expect([packs.length < 3, existsSync(join(remote, 'packed-refs'))]).toEqual([true, false]);
});
