import { describe, expect, it } from 'vitest';
import { commonGround, contains, isGlob, matches, overlaps, problemOf } from '../../../src/domain/ground/index.js';
import { directory, glob, path, resource } from './targets.js';

describe('refused, saying why', () => {
  it.each([
    ['', 'empty'],
    ['src/[ab', "'[' at character 5 is never closed"],
    ['[]', "'[' at character 1 is never closed"],
    ['[!]', 'never closed'],
    ['{a,b', "'{' at character 1 is never closed"],
    ['a{', "'{' at character 2 is never closed"],
    ['{a,{b}', "'{' at character 1 is never closed"],
    ['a\\', "a lone '\\' at the end"],
    ['[a\\', "a lone '\\' at the end"],
    ['[z-a]', "the range 'z-a' runs backwards"],
    ['[a/b]', "'/' cannot stand within brackets"],
    ['[a-/]', "'/' cannot stand within brackets"],
    ['[[:letter:]]', 'no known character class'],
    ['[[:alpha]', 'no known character class'],
    ['[[.a.]]', "'[.' is not supported"],
    ['[[=a=]]', "'[=' is not supported"],
    ['[[:digit:]-z]', 'cannot start a range'],
    ['[a-[:digit:]]', 'cannot end a range'],
    ['{1..3}', "the range '{1..3}' is not supported; write it out"],
    ['x{a..f}', "the range '{a..f}' is not supported"],
    ['{01..10..2}', 'is not supported'],
    ['*'.repeat(4097), 'the pattern has 4097 characters; the limit is 4096'],
    [`${'{'.repeat(17)}a${',b}'.repeat(17)}`, 'braces nest deeper than 16, the limit'],
    ['?'.repeat(1200), 'the pattern needs more than 1000 states, the limit'],
  ])('%s', (text, problem) => {
    expect(problemOf(text)).toContain(problem);
    expect(isGlob(text)).toBe(text !== '');
  });

  it.each(['*', 'a', '{a..}', '{..}', '{ab..c}', '[a-z]', '(a', '!', 'a]', '}'])('and not refused: %s', (text) => {
    expect(problemOf(text)).toBeNull();
  });
});

describe('a pattern that cannot be read', () => {
  const broken = glob('src/[ab');

  it('overlaps everything', () => {
    for (const other of [path('lib/x'), directory('docs'), directory(''), glob('*.md'), resource('@deploy')]) {
      expect(commonGround(broken, other)).toEqual(other);
      expect(commonGround(other, broken)).toEqual(other);
      expect(overlaps(other, broken)).toBe(true);
    }
    expect(commonGround(broken, glob('{a'))).not.toBeNull();
    expect(commonGround(broken, glob('[.]'))).toEqual(glob('[.]'));
  });

  it('overlaps when a limit is what stops it', () => {
    expect(commonGround(glob('?'.repeat(1200)), path('a'))).toEqual(path('a'));
  });

  it('counts as everything: no other ground holds it, and it holds any', () => {
    expect(matches(broken, 'lib/x')).toBe(true);
    expect(contains(broken, path('lib/x'))).toBe(true);
    expect(contains(directory(''), broken)).toBe(false);
  });
});

it('tells globs from plain texts', () => {
  expect(['*', 'a?', '[a]', '{a,b}', 'a/{b,c', '{1..2}', '[a', 'a\\'].filter((text) => !isGlob(text))).toEqual([]);
  const plain = ['a', 'a/b.ts', '\\*', 'a\\[b]', '{id}', 'a}', 'a]', '!a', '(a|b)', '@(a)', 'a,b', ''];
  expect(plain.filter(isGlob)).toEqual([]);
});
