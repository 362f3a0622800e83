import { describe, expect, it } from 'vitest';
import { includes, MAX_WORK } from '../../../src/domain/ground/contains.js';
import { automatonOf, globOf, MAX_STATES } from '../../../src/domain/ground/glob.js';
import { commonGround, contains, overlaps, problemOf } from '../../../src/domain/ground/index.js';
import { glob, path } from './targets.js';

/** Patterns made to blow up what compares them: by expansion, by backtracking, by subsets, by sheer size. */
const hostile = {
  'braces to the twentieth': '{a,b}'.repeat(20),
  'braces to the hundredth': '{a,b}'.repeat(100),
  'stars between letters': '*a'.repeat(100),
  'stars between other letters': '*b'.repeat(100),
  globstars: Array(20).fill('**').join('/'),
  'globstars between names': Array(30).fill('**/a').join('/'),
  'globstars between other names': Array(30).fill('**/b').join('/'),
  'subsets without end': `*a${'?'.repeat(60)}`,
  'more subsets without end': `*a${'?'.repeat(61)}`,
  'optional segments': `${'{a/,}'.repeat(60)}b`,
  'many names': `{${Array.from({ length: 120 }, (_, i) => `f${i}`).join(',')}}`,
  'braces in braces': `${'{'.repeat(16)}a${',b}'.repeat(16)}`,
};

const tooLarge = {
  'four thousand stars and letters': '*a'.repeat(2000),
  'four thousand question marks': '?'.repeat(4000),
  'a thousand globstars': `${'**/'.repeat(1300)}a`,
  'optional stars': '{*,}'.repeat(60),
  'a thousand braces': '{a,b}'.repeat(800),
  'open braces': '{'.repeat(4000),
};

describe('hostile patterns', () => {
  it.each(Object.entries(hostile))('%s: an automaton within the limit', (_, text) => {
    expect(problemOf(text)).toBeNull();
    expect(automatonOf(globOf(text, false)).size).toBeLessThanOrEqual(MAX_STATES);
  });

  it.each(Object.entries(tooLarge))('%s: refused, and in conflict with all', (_, text) => {
    expect(problemOf(text)).toContain('limit');
    expect(commonGround(glob(text), path('x'))).toEqual(path('x'));
  });

  it('are compared with one another, symmetrically', () => {
    const targets = Object.values(hostile).map(glob);
    for (const a of targets) {
      for (const b of targets) {
        const found = commonGround(a, b);
        expect(commonGround(b, a)).toEqual(found);
        expect([overlaps(a, b), overlaps(b, a)]).toEqual([found !== null, found !== null]);
      }
    }
  });

  it('stop the question of inclusion at its limit, and then count as not inside', () => {
    const [outer, inner] = [hostile['more subsets without end'], hostile['subsets without end']];
    expect(includes(automatonOf(globOf(outer, false)), automatonOf(globOf(inner, false)), false)).toBeNull();
    expect(contains(glob(outer), glob(inner))).toBe(false);
    expect(contains(glob(outer), glob(outer))).toBe(true);
    expect(MAX_WORK).toBeLessThan(1_000_000);
  });
});

it('no pattern that is taken for surely small passes the limit', () => {
  const pieces = [
    '{*,}',
    '{?,}',
    '{.,}',
    '{**/,}',
    '**/',
    '{*/,**}',
    '*',
    '{,}',
    '{,,}',
    '?',
    '.',
    '{*,**/*}',
    '{{*,},}',
  ];
  for (const piece of pieces) {
    for (const end of ['', '*', '**', 'a']) {
      const text = piece.repeat(Math.floor((60 - end.length) / piece.length)) + end;
      expect(() => automatonOf(globOf(text, false)), text).not.toThrow();
    }
  }
});

it('compares more patterns than are kept', () => {
  const wide = glob('**/*.md');
  for (let i = 0; i < 24_000; i += 1) {
    if (overlaps(wide, glob(`src/module${i}/**/*.ts`))) throw new Error(`${i} overlaps`);
  }
  expect(commonGround(wide, glob('src/module0/**'))).toEqual(glob('src/module0/**/*.md'));
});
