import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { addSeconds, instantOf } from '../../../src/domain/time.js';
import { ownMark } from '../../../src/git/process-mark.js';
import { lockHolder, tryLocalLock, withLocalLock } from '../../../src/store/queue/local-lock.js';
import { sandbox } from '../../support/sandbox.js';

const now = () => instantOf(Date.now());
const effects = { now, random: Math.random, pause: (ms: number) => delay(ms) };

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

  it('that a killed process left behind is taken over at once, by one of those that find it', async () => {
    const { pid: id = 0 } = spawnSync('true');
    const [, ...rest] = ownMark().split('.');
    mkdirSync(directory, { recursive: true });
    writeFileSync(lock(), `${[id, ...rest].join('.')} 1`);
    expect(lockHolder(directory, now())).toBeNull();
    const taken = [1, 2, 3].map(() => tryLocalLock(directory, now));
    expect(taken.filter((release) => release !== null)).toHaveLength(1);
    for (const release of taken) release?.();
    expect(readdirSync(directory)).toEqual([]);
  });

  it('of a process that lives is not taken before it has not stamped it for long', async () => {
    const held = tryLocalLock(directory, now);
    expect([held === null, tryLocalLock(directory, now)]).toEqual([false, null]);
    const later = () => addSeconds(now(), 4);
    expect(lockHolder(directory, later())).toBeNull();
    const taken = tryLocalLock(directory, later);
    expect(taken).not.toBeNull();
    // Who was stopped, and wakes up, gives back nothing that is another's by now.
    held?.();
    expect(existsSync(lock())).toBe(true);
    taken?.();
    expect(existsSync(lock())).toBe(false);
  });

  it('that was deleted, or taken by another, under the work does not disturb it', async () => {
    const done = await locked(async () => {
      rmSync(lock());
      return 'done';
    });
    expect(done).toBe('done');
    await locked(async () => writeFileSync(lock(), 'another'));
    expect(readFileSync(lock(), 'utf8')).toBe('another');
  });

  it('that cannot be made is done without: it saves work, and makes nothing right', async () => {
    writeFileSync(directory, 'a file in the way');
    expect(await locked(async () => 'done')).toBe('done');
  });
});
