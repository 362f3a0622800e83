import fc from 'fast-check';
import { expect, it } from 'vitest';
import { tokenBase, withTokenBase } from '../../../src/domain/claims/leases.js';
import { instantOf } from '../../../src/domain/time.js';

const YEAR_MS = 366 * 86_400_000;
const instants = fc.integer({ min: 0, max: 253_402_300_799_999 }).map(instantOf);
const next = (last: number, now: string) => withTokenBase({ lastToken: last }, now).lastToken + 1;

it('the next token is above the last, and above the time unless that is more than a year ahead', () => {
  fc.assert(
    fc.property(fc.nat(2 ** 50), instants, (last, now) => {
      const token = next(last, now);
      expect(token).toBe(Math.max(last + 1, Math.min(tokenBase(now), last + YEAR_MS + 1)));
      expect(Number.isSafeInteger(token)).toBe(true);
    }),
  );
});

it('a state that was taken back gives out no token again', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 10_000_000 }), { minLength: 1, maxLength: 20 }), (pauses) => {
      let now = Date.UTC(2026, 10, 21);
      let last = tokenBase(instantOf(now));
      const backup = last;
      for (const pause of pauses) {
        now += pause;
        last = next(last, instantOf(now));
      }
      expect(next(backup, instantOf(now + 1))).toBeGreaterThan(last);
    }),
  );
});

it('before the count begins there is no base', () => {
  expect([tokenBase('2025-12-31T23:59:59.999Z'), tokenBase('2026-01-01T00:00:00.001Z')]).toEqual([0, 1]);
  expect(next(7, '2020-01-01T00:00:00.000Z')).toBe(8);
});
