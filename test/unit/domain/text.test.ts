import { describe, expect, it } from 'vitest';
import { oneLine, plural, shorten } from '../../../src/domain/text.js';

describe('oneLine', () => {
  it.each([
    ['a\nb', 'a\\nb'],
    ['a\tb', 'a\\tb'],
    ['\u001b[31mred\u0007', '\\u001b[31mred\\u0007'],
    ['a\rb\u0000c\u007fd\u009be', 'a\\u000db\\u0000c\\u007fd\\u009be'],
    ['a\u2028b\u2029c', 'a\\u2028b\\u2029c'],
    ['\u202egpj.exe\u2066', '\\u202egpj.exe\\u2066'],
    ['é 🎉 漢字', 'é 🎉 漢字'],
  ])('writes %j as %j', (text, line) => {
    expect(oneLine(text)).toBe(line);
  });
});

describe('shorten', () => {
  it('keeps what fits, and cuts by code points, never inside one', () => {
    expect(shorten('abc', 3)).toBe('abc');
    expect(shorten('abcd', 3)).toBe('ab…');
    expect(shorten('🎉🎉🎉', 2)).toBe('🎉…');
  });
});

describe('plural', () => {
  it('knows one from the rest', () => {
    expect([0, 1, 2].map((count) => plural(count, 'claim'))).toEqual(['0 claims', '1 claim', '2 claims']);
  });
});
