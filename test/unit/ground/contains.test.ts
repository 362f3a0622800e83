import { describe, expect, it } from 'vitest';
import { contains, isEmpty } from '../../../src/domain/ground/index.js';
import { directory, glob, path, resource, target } from './targets.js';

describe('inside', () => {
  it.each([
    ['src/', 'src/a.ts'],
    ['src', 'src/'],
    ['src/', 'src'],
    ['src/', 'src/**/*.ts'],
    ['src/', '{src/a,src/b}/*'],
    ['src/', 'src'],
    ['src/**', 'src/a.ts'],
    ['**/*.ts', 'src/*.ts'],
    ['**/*.ts', '{src,lib}/**/*.ts'],
    ['*', '?'],
    ['*a*', '*a'],
    ['[a-z]', '[b-d]'],
    ['{a,b}*', 'a*'],
    ['**/a/**', 'b/a/'],
    ['{a,b}', '[ab]'],
    ['[ab]', '{a,b}'],
    ['@deploy', '@deploy/prod'],
    ['@deploy', '@deploy'],
    ['a', '[.]'],
  ])('%s holds %s', (outer, inner) => {
    expect(contains(target(outer), target(inner))).toBe(true);
  });

  it('everything is inside the root', () => {
    for (const inner of [path('a'), directory(''), glob('**'), glob('*.ts')]) {
      expect(contains(directory(''), inner)).toBe(true);
      expect(contains(glob('**'), inner)).toBe(true);
    }
  });
});

describe('not inside', () => {
  it.each([
    ['src/app', 'src/apple'],
    ['src/a.ts', 'src/'],
    ['src/*', 'src/a.ts'],
    ['**/*.ts', 'src/a.ts'],
    ['src/', '**/*.ts'],
    ['src/', '{src,lib}/*'],
    ['src/', 'sr[cd]/*'],
    ['src/', '*'],
    ['src/*/**', 'src'],
    ['?', '*'],
    ['[b-d]', '[a-z]'],
    ['[.]', 'a*'],
    ['@deploy', '@deployer'],
    ['@deploy/prod', '@deploy'],
  ])('%s lacks some of %s', (outer, inner) => {
    expect(contains(target(outer), target(inner))).toBe(false);
  });

  it('resources and paths', () => {
    expect(contains(glob('**'), resource('@deploy'))).toBe(false);
    expect(contains(resource('@deploy'), path('@deploy'))).toBe(false);
  });
});

it('says when a glob covers nothing', () => {
  expect(['[.]', '..', 'a//b', '/a', 'a/', './a', 'a/../*'].filter((text) => !isEmpty(glob(text)))).toEqual([]);
  expect(['*', '.?', '{,a}', '[.]a', '[ab'].filter((text) => isEmpty(glob(text)))).toEqual([]);
  expect(isEmpty(path('a')) || isEmpty(directory('')) || isEmpty(resource('@a'))).toBe(false);
});
