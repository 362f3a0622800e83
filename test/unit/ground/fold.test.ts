import { describe, expect, it } from 'vitest';
import { foldText } from '../../../src/domain/ground/charset.js';
import { commonGround, contains, matches, overlaps } from '../../../src/domain/ground/index.js';
import { directory, glob, path, resource, target } from './targets.js';

const foldCase = { foldCase: true };

describe('with case folded', () => {
  it.each([
    ['SRC/Api', 'src/api/users.ts'],
    ['README.md', 'Readme.MD'],
    ['Src/', 'src/**/*.TS'],
    ['src/*.TS', 'SRC/a.ts'],
    ['[A-Z]x', 'bX'],
    ['[[:upper:]]', 'b'],
    ['ÉTÉ', 'été'],
    ['ΟΔΟΣ', 'οδος'],
    ['[Α-Ω]*', 'σ'],
    ['[\u{10400}-\u{10427}]', '\u{10428}'],
  ])('%s and %s overlap, and otherwise do not', (a, b) => {
    expect(overlaps(target(a), target(b), foldCase)).toBe(true);
    expect(commonGround(target(a), target(b), foldCase)).not.toBeNull();
    expect(overlaps(target(a), target(b))).toBe(false);
  });

  it('a negated class leaves out both cases', () => {
    expect(matches(glob('[!a]'), 'A', foldCase)).toBe(false);
    expect(overlaps(glob('[!a]'), path('A'), foldCase)).toBe(false);
    expect(overlaps(glob('[!a-z]*'), glob('[A-Z]*'), foldCase)).toBe(false);
    expect(overlaps(glob('[!a]'), path('A'))).toBe(true);
  });

  it('only small letters count, as no folded path has others', () => {
    expect(overlaps(glob('[!a-z0-9]'), glob('[A-Z0-9]'), foldCase)).toBe(false);
    expect(overlaps(glob('[!a-z0-9]'), path('_'), foldCase)).toBe(true);
    expect(overlaps(glob('src/[!\u0001-@[-\u{10ffff}]'), directory('src'), foldCase)).toBe(false);
    expect(contains(glob('[\u0001-.0-\u{10ffff}]'), glob('?'), foldCase)).toBe(true);
  });

  it('inclusion and the pattern in common follow', () => {
    expect(contains(directory('SRC'), glob('src/*.ts'), foldCase)).toBe(true);
    expect(contains(directory('SRC'), glob('[sS]rc/*.ts'), foldCase)).toBe(true);
    expect(contains(directory('SRC'), glob('[sS]rc/*.ts'))).toBe(false);
    expect(contains(glob('[a-z]'), glob('[A-Za-z]'), foldCase)).toBe(true);
    expect(contains(glob('{[a-z],[!a-z]}'), glob('?'), foldCase)).toBe(true);
    expect(commonGround(glob('SRC/**/*.ts'), directory('src/Api'), foldCase)?.kind).toBe('glob');
  });

  it('resources keep their case', () => {
    expect(overlaps(resource('@Deploy'), resource('@deploy'), foldCase)).toBe(false);
  });
});

it('folds by code point, and only where one stays one', () => {
  expect(foldText('AbC/É/Σς/ſ/K/İ/ı/ß/\u{10400}')).toBe('abc/é/σσ/s/k/İ/ı/ß/\u{10428}');
  expect(foldText(foldText('ΣςÉſK'))).toBe(foldText('ΣςÉſK'));
});
