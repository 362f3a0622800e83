import { describe, expect, it } from 'vitest';
import { hostOf, isTooFast, limitText, paceOf } from '../../../src/domain/metrics/pace.js';
import { at } from '../../support/requests.js';

const GITHUB = 'git@github.com:a/b.git';

describe('how often a remote is pushed to', () => {
  it('is the count, the average, and the most in any sixty seconds', () => {
    const pushes = [300, 0, 10, 59, 60, 61, 62].map(at);
    expect(paceOf(pushes, at(600), GITHUB, null)).toEqual({
      count: 7,
      perMinute: 0.7,
      busiest: { at: at(10), count: 5 },
      host: 'github.com',
      advised: 6,
    });
  });

  it('is nothing where nothing was pushed', () => {
    expect(paceOf([], at(0), null, null)).toMatchObject({ count: 0, perMinute: 0, busiest: null, advised: null });
  });

  it('is too much above what the host advises, or the configuration says, and only then', () => {
    const burst = (count: number) => Array.from({ length: count }, (_, index) => at(index));
    const isFast = (count: number, address: string | null, configured: number | null) =>
      isTooFast(paceOf(burst(count), at(60), address, configured));
    expect([isFast(6, GITHUB, null), isFast(7, GITHUB, null)]).toEqual([false, true]);
    expect([isFast(7, GITHUB, 30), isFast(50, '/srv/a.git', null), isFast(3, '/srv/a.git', 2)]).toEqual([
      false,
      false,
      true,
    ]);
    expect(isFast(50, 'https://gitlab.com/a/b.git', null)).toBe(false);
  });

  it.each([
    [GITHUB, null, 'github.com recommends at most 6 a minute'],
    ['git@gitlab.com:a/b.git', null, 'gitlab.com takes 600 a minute of one user'],
    [GITHUB, 30, 'pushesPerMinute is 30'],
    ['/srv/a.git', 3, 'pushesPerMinute is 3'],
    ['git@host.example:a', null, 'host.example is not known to say how many it takes: set pushesPerMinute'],
    ['/srv/a.git', null, ''],
  ])('of %s with %s is told by whom the limit is', (address, configured, text) => {
    expect(limitText(paceOf([], at(0), address, configured))).toBe(text);
  });

  it.each([
    ['https://me:secret@GitHub.com/a/b.git', 'github.com'],
    ['ssh://git@ssh.github.com:443/a/b.git', 'ssh.github.com'],
    ['git@host.example:a/b.git', 'host.example'],
    ['host:a', 'host'],
    ['/srv/a.git', null],
    ['../a.git', null],
    ['file:///srv/a.git', null],
  ])('%s is of the host %s', (address, host) => {
    expect(hostOf(address)).toBe(host);
  });
});
