import { existsSync, mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { withLocalLock } from '../../../src/store/queue/local-lock.js';
import { sandbox } from '../../support/sandbox.js';

const effects = { random: Math.random, pause: (ms: number) => delay(ms) };

let directory: string;

beforeEach(() => {
  directory = sandbox().path('coord');
});

function locked<T>(work: () => Promise<T>): Promise<T> {
  return withLocalLock(directory, effects, work);
}

const lock = () => join(directory, 'lock');

describe('the lock of this clone', () => {
  it('lets one work at a time', async () => {
    let inside = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 5 }, () =>
        locked(async () => {
          inside += 1;
          most = Math.max(most, inside);
          await delay(5);
          inside -= 1;
        }),
      ),
    );
    expect(most).toBe(1);
    expect(existsSync(lock())).toBe(false);
  });

  it('is given back when the work fails', async () => {
    await expect(locked(() => Promise.reject(new Error('broke')))).rejects.toThrow('broke');
    expect(existsSync(lock())).toBe(false);
  });

  it('that a killed process left behind is taken over', async () => {
    mkdirSync(lock(), { recursive: true });
    utimesSync(lock(), 1, 1);
    expect(await locked(async () => 'done')).toBe('done');
    expect(existsSync(lock())).toBe(false);
  });

  it('that was deleted, or taken by another, under the work does not disturb it', async () => {
    expect(
      await locked(async () => {
        rmSync(lock(), { recursive: true });
        return 'done';
      }),
    ).toBe('done');
    expect(
      await locked(async () => {
        rmSync(lock(), { recursive: true });
        mkdirSync(lock());
        utimesSync(lock(), 1, 1);
        // Long enough for the library to find out by its timer, as after a laptop's sleep.
        await delay(2_500);
        return 'done';
      }),
    ).toBe('done');
  });

  it('that cannot be made is done without: it saves work, and makes nothing right', async () => {
    writeFileSync(directory.replace(/coord$/, 'file'), '');
    mkdirSync(directory);
    writeFileSync(lock(), 'a file in the way');
    utimesSync(lock(), 1, 1);
    expect(await locked(async () => 'done')).toBe('done');
  });
});
