import { describe, expect, it } from 'vitest';
import {
  contains,
  isGlob,
  matches,
  overlap,
  overlaps,
  problemOf,
  staticPrefix,
} from '../../../src/domain/ground/index.js';
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
    expect(staticPrefix(text)).toBe('');
  });

  it.each(['*', 'a', '{a..}', '{..}', '{ab..c}', '[a-z]', '(a', '!', 'a]', '}'])('and not refused: %s', (text) => {
    expect(problemOf(text)).toBeNull();
  });
});

describe('a pattern that cannot be read', () => {
  const broken = glob('src/[ab');

  it('overlaps everything', () => {
    for (const other of [path('lib/x'), directory('docs'), directory(''), glob('*.md'), resource('@deploy')]) {
      const found = overlap(broken, other);
      expect(found).toMatchObject({ pattern: other.text, kind: other.kind, exact: true });
      expect(overlap(other, broken)).toEqual(found);
      expect(matches(other, found?.witness ?? '')).toBe(true);
      expect(overlaps(other, broken)).toBe(true);
    }
    expect(overlap(broken, glob('{a'))).toMatchObject({ exact: false });
    expect(overlap(broken, glob('[.]'))).toMatchObject({ pattern: '[.]', witness: '[.]' });
  });

  it('overlaps when a limit is what stops it', () => {
    expect(overlap(glob('?'.repeat(1200)), path('a'))).toMatchObject({ pattern: 'a', witness: 'a' });
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

it('gives the literal segments that a glob begins with', () => {
  const prefixes = ['src/**', 'src/api/*.ts', 'src/a*', '*', 'a/{b,c}', 'a/b', 'a\\*b/*', 'a/[x]/b*', '{id}/*', '**'];
  expect(prefixes.map(staticPrefix)).toEqual(['src', 'src/api', 'src', '', 'a', 'a/b', 'a*b', 'a/x', '{id}', '']);
});
