import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesOf, fitParts, linesOfFit, type Part } from '../../../src/domain/agents/sessions.js';

const line = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 30 }), fc.constant('x'.repeat(40)));
const part: fc.Arbitrary<Part> = fc.record({
  full: fc.array(line, { maxLength: 4 }),
  brief: fc.array(line, { maxLength: 2 }),
  rank: fc.nat(3),
});

function shown(parts: readonly Part[], most: number): string[] {
  const fit = fitParts(parts, most);
  if (!fit.fits) throw new Error(`does not fit: ${fit.least}`);
  return linesOfFit(parts, fit.full);
}

const big = (name: string, rank: number): Part => ({ full: [name.repeat(50)], brief: [name], rank });

describe('an output with a budget', () => {
  it('shows everything where there is room, to the byte', () => {
    const parts = [big('a', 0), big('b', 0)];
    expect(shown(parts, 102)).toEqual(['a'.repeat(50), 'b'.repeat(50)]);
    expect(shown(parts, 101)).toEqual(['a'.repeat(50), 'b']);
  });

  it('gives room by rank, and passes over what is too big for what still fits', () => {
    expect(shown([big('a', 2), big('b', 1)], 60)).toEqual(['a', 'b'.repeat(50)]);
    const huge: Part = { full: ['h'.repeat(500)], brief: ['h'], rank: 0 };
    expect(shown([huge, big('a', 1)], 60)).toEqual(['h', 'a'.repeat(50)]);
  });

  it('counts bytes of UTF-8, not characters', () => {
    expect(bytesOf(['é', '😀'])).toBe(8);
    expect(fitParts([{ full: ['😀'], brief: ['😀'], rank: 0 }], 4)).toEqual({ fits: false, least: 5 });
  });

  it('says how much the names alone need, and is content with just that', () => {
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        const none = fitParts(parts, -1);
        const least = none.fits ? -1 : none.least;
        expect(fitParts(parts, least).fits).toBe(true);
        if (least > 0) expect(fitParts(parts, least - 1)).toEqual({ fits: false, least });
      }),
    );
  });

  it('never takes more than it may, and never leaves a part without a word', () => {
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), fc.nat(400), (parts, most) => {
        const fit = fitParts(parts, most);
        if (!fit.fits) {
          expect(fit.least).toBeGreaterThan(most);
          return;
        }
        expect(bytesOf(linesOfFit(parts, fit.full))).toBeLessThanOrEqual(most);
        expect(fit.full).toHaveLength(parts.length);
      }),
    );
  });
});
