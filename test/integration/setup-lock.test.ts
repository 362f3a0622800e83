import { existsSync, mkdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { underSetupLock } from '../../src/workspace/setup-lock.js';
import { sandbox } from '../support/sandbox.js';

function place() {
  const localDirectory = sandbox().path('coord');
  const here = { localDirectory, effects: { pause: () => breathe() } };
  return { here, lock: join(localDirectory, 'setup.lock') };
}

test('what changes the guards runs one after the other, and leaves no lock behind', async () => {
  const { here, lock } = place();
  const seen: string[] = [];
  const work = (name: string) =>
    underSetupLock(here, async () => {
      seen.push(name);
      for (let turn = 0; turn < 50; turn += 1) await breathe();
      expect(existsSync(lock)).toBe(true);
      seen.push(name);
    });
  await Promise.all([work('one'), work('two')]);
  expect([seen[0], seen[2]]).toEqual([seen[1], seen[3]]);
  expect(new Set(seen).size).toBe(2);
  expect(existsSync(lock)).toBe(false);
});

test('a lock that another holds is waited for, then told; one that was left behind is taken', async () => {
  const { here, lock } = place();
  mkdirSync(lock, { recursive: true });
  await expect(underSetupLock(here, async () => 'done')).rejects.toMatchObject({ code: 'unavailable' });
  utimesSync(lock, 1, 1);
  expect(await underSetupLock(here, async () => 'done')).toBe('done');
});
