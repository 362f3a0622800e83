import { describe, expect, it } from 'vitest';
import { table } from '../../src/render/format.js';

describe('table', () => {
  it('pads by characters, not by their halves, and leaves the last column and ends of lines alone', () => {
    const rows = [
      ['TARGET', 'WHO', 'WHY'],
      ['🎉🎉🎉🎉🎉🎉🎉🎉', 'a', 'a long reason'],
      ['é', 'noor', ''],
    ];
    expect(table(rows)).toEqual(['TARGET    WHO   WHY', '🎉🎉🎉🎉🎉🎉🎉🎉  a     a long reason', 'é         noor']);
    expect(table([])).toEqual([]);
  });

  it('takes more rows than a call takes arguments', () => {
    expect(table(Array.from({ length: 200_000 }, () => ['a', 'b'])).at(-1)).toBe('a  b');
  });
});
