import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { renewalKey } from '../../src/domain/claims/leases.js';
import type { Claim } from '../../src/domain/model.js';
import { Observations } from '../../src/store/cache/observations.js';
import { sandbox } from '../support/sandbox.js';

const CLAIM = { id: 'c1', token: 5, renewedAt: '2026-11-21T12:00:00.000Z' } as Claim;
const RENEWED = { ...CLAIM, renewedAt: '2026-11-21T12:10:00.000Z' };

function watcher(path: string) {
  const clock = { boot: 'first' as string | null, at: 1000, seconds: () => clock.at };
  return { clock, watch: (claims: readonly Claim[]) => new Observations(path, clock).watch(claims) };
}

it('counts from the first command that saw the very same renewal', () => {
  const { clock, watch } = watcher(sandbox().path('observed.json'));
  expect(watch([CLAIM])).toEqual({ [renewalKey(CLAIM)]: 0 });
  clock.at += 40;
  expect(watch([CLAIM])).toEqual({ [renewalKey(CLAIM)]: 40 });
  clock.at += 10;
  expect(watch([RENEWED])).toEqual({ [renewalKey(RENEWED)]: 0 });
  clock.at += 1;
  expect(watch([CLAIM])).toEqual({ [renewalKey(CLAIM)]: 0 });
});

it('starts again after a reboot, and never where a boot has no name', () => {
  const { clock, watch } = watcher(sandbox().path('observed.json'));
  watch([CLAIM]);
  clock.boot = 'second';
  clock.at = 5000;
  expect(watch([CLAIM])).toEqual({ [renewalKey(CLAIM)]: 0 });
  clock.boot = null;
  clock.at = 9000;
  expect(watch([CLAIM])).toEqual({});
});

it('takes a damaged or deleted file for no watch at all', () => {
  const box = sandbox();
  const { clock, watch } = watcher(join(box.directory, 'observed.json'));
  watch([CLAIM]);
  clock.at += 100;
  writeFileSync(box.path('observed.json'), '{"boot":');
  expect(watch([CLAIM])).toEqual({ [renewalKey(CLAIM)]: 0 });
});
