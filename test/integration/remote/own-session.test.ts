import { existsSync } from 'node:fs';
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
  await until(async () => !existsSync(join(remote, 'refs', 'heads', 'coord.lock')), 'the end of that push');
  expect((await as('noor', ['claim', 'src/web'])).code).toBe(0);
  const { data } = (await as('maya', ['claim', 'src/api', '--json'])).json();
  expect(data.claims[0].agent).toBe('maya');
});
