import { describe, expect, it } from 'vitest';
import {
  addSeconds,
  formatDuration,
  instantOf,
  isInstant,
  later,
  parseDuration,
  secondsBetween,
} from '../../../src/domain/time.js';

describe('an instant', () => {
  it('is UTC, ISO 8601, with milliseconds, and a real date', () => {
    expect(isInstant('2026-11-21T14:02:00.000Z')).toBe(true);
    for (const text of [
      '2026-11-21T14:02:00Z',
      '2026-11-21T14:02:00.000+00:00',
      '2026-13-21T14:02:00.000Z',
      '2026-11-21 14:02:00.000Z',
      ' 2026-11-21T14:02:00.000Z',
      '+002026-11-21T14:02:00.000Z',
      '2026-11-21T14:02:00.000Z (UTC)',
      '2026-11-21T14:02:00.0000Z',
      ['2026-11-21T14:02:00.000Z'],
      '',
      1_700_000_000_000,
      null,
    ]) {
      expect([text, isInstant(text)]).toEqual([text, false]);
    }
  });

  it('sorts as time does, and is counted in seconds', () => {
    const a = instantOf(0);
    const b = addSeconds(a, 1.5);
    expect(b).toBe('1970-01-01T00:00:01.500Z');
    expect(secondsBetween(a, b)).toBe(1.5);
    expect(secondsBetween(b, a)).toBe(-1.5);
    expect([later(a, b), later(b, a), addSeconds(b, -1.5)]).toEqual([b, b, a]);
  });
});

describe('a duration', () => {
  it.each([
    ['30s', 30],
    ['15m', 900],
    ['2h', 7200],
    ['1d', 86_400],
    ['1.5h', 5400],
    ['12.25s', 12.25],
    ['250ms', 0.25],
    [' 5m ', 300],
    ['0s', 0],
    ['365d', 365 * 86_400],
  ])('%s is %d seconds', (text, seconds) => {
    expect(parseDuration(text)).toBe(seconds);
  });

  it.each([
    '',
    '30',
    's',
    '-5m',
    '+5m',
    '5 m',
    '1h30m',
    '5M',
    '1e3s',
    'NaNs',
    '366d',
    '5min',
    'x5m',
    '1.s',
    '.5s',
    `${'9'.repeat(400)}s`,
    '５m',
  ])('%j is none', (text) => {
    expect(parseDuration(text)).toBeNull();
  });

  it.each([
    [0, '0s'],
    [0.2, '1s'],
    [59, '59s'],
    [59.5, '1m'],
    [60, '1m'],
    [61, '2m'],
    [3540, '59m'],
    [3541, '1h'],
    [7200, '2h'],
    [1800, '30m'],
    [3600, '1h'],
    [3601, '1h 1m'],
    [11_100, '3h 5m'],
    [-90, '2m'],
  ])('%d seconds read as %s, rounded up', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });
});
