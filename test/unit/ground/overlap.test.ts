import { describe, expect, it } from 'vitest';
import { commonGround, matches, overlaps } from '../../../src/domain/ground/index.js';
import type { Target } from '../../../src/domain/ground/targets.js';
import { directory, glob, path, resource, target } from './targets.js';

function both(a: Target, b: Target) {
  const found = commonGround(a, b);
  expect(commonGround(b, a)).toEqual(found);
  expect([overlaps(a, b), overlaps(b, a)]).toEqual([found !== null, found !== null]);
  return found;
}

describe('nothing in common', () => {
  it.each([
    ['src/app', 'src/apple'],
    ['src/app/', 'src/apple/x.ts'],
    ['src/app/', 'src/apple/**'],
    ['src/*.ts', 'src/api/'],
    ['src/*.ts', 'src/*.js'],
    ['src/**/*.ts', 'lib/**'],
    ['**/*.ts', '**/*.md'],
    ['a*b', '*c'],
    ['?', '??'],
    ['[a-c]', '[d-f]'],
    ['[!a]', 'a'],
    ['{a,b}/x', '{c,d}/x'],
    ['*', '*/*'],
    ['*', '[.]'],
    ['**', '[.]'],
    ['*/x', '[.][.]/x'],
    ['a/*', 'a/b/c'],
    ['@deploy', '@deployer'],
    ['@deploy/prod', '@deploy/test'],
  ])('%s and %s', (a, b) => {
    expect(both(target(a), target(b))).toBeNull();
  });
});

describe('the ground in common, exactly', () => {
  it.each([
    ['src/api/users.ts', 'src/api/', 'src/api/users.ts', 'src/api/users.ts'],
    ['src/', 'src/api/', 'src/api/**', 'src/api'],
    ['src', 'src/', 'src/**', 'src'],
    ['src/api/users.ts', 'src/api/users.ts', 'src/api/users.ts', 'src/api/users.ts'],
    ['src/api', 'src/api/users.ts', 'src/api/users.ts', 'src/api/users.ts'],
    ['src/**/*.ts', 'src/api/', 'src/api/**/*.ts', 'src/api/a.ts'],
    ['src/**/*.ts', 'src/api/**', 'src/api/**/*.ts', 'src/api/a.ts'],
    ['src/**/*.ts', 'src', 'src/**/*.ts', 'src/a.ts'],
    ['src/*', 'src/api', 'src/api', 'src/api'],
    ['src/*.ts', '**/*.ts', 'src/*.ts', 'src/a.ts'],
    ['src/*', '*/api', 'src/api', 'src/api'],
    ['**/test/**', 'src/**/x', 'src/**/test/**/x', 'src/test/x'],
    ['user*', '*.ts', 'user*.ts', 'user.ts'],
    ['ab*', '*ba', '{ab*ba,aba}', 'aba'],
    ['*a*', '*b*', '{*a*b*,*b*a*}', 'ab'],
    ['[a-m]*.ts', '[g-z]*', '[g-m]*.ts', 'g.ts'],
    ['[!a]', '[!b]', '[!ab]', 'c'],
    ['?a', 'b?', 'ba', 'ba'],
    ['src/*.{ts,tsx}', 'src/user*', 'src/{user*.ts,user*.tsx}', 'src/user.ts'],
    ['src/**/*.{ts,js}', 'src/api/', 'src/api/**/*.{ts,js}', 'src/api/a.ts'],
    ['{a,b,c}/**', '{b,c,d}/x', '{b,c}/x', 'b/x'],
    ['{a/b,c}/**', 'c/', 'c/**', 'c'],
    ['a,*', '{*,a}b', 'a,*b', 'a,b'],
    ['{x,y}/*,a', '{x,y}/b*', '{x,y}/b*,a', 'x/b,a'],
    ['[^-]*', '*[!-]b', '{[!\\-]*[!\\-]b,[!\\-]b}', 'ab'],
    ['x,*', '*,y', '{x\\,*\\,y,x\\,y}', 'x,y'],
    ['{a*,ab*}', '*c', 'a*c', 'ac'],
    ['*', '.?', '.?', '.a'],
    ['@deploy', '@deploy/prod', '@deploy/prod', '@deploy/prod'],
  ])('%s and %s: %s', (a, b, text, member) => {
    const found = both(target(a), target(b));
    expect(found?.text).toBe(text);
    expect([target(a), target(b), found].map((each) => each && matches(each, member))).toEqual([true, true, true]);
  });

  it('keeps a name with glob characters as it is', () => {
    const page = path('app/[slug]/page.tsx');
    expect(both(page, directory('app'))).toEqual({ text: 'app/[slug]/page.tsx', kind: 'path' });
    expect(both(page, glob('app/**/*.tsx'))).toEqual({ text: 'app/[slug]/page.tsx', kind: 'path' });
    expect(both(directory('app/[slug]'), glob('**/*.tsx'))).toEqual(glob('app/\\[slug]/**/*.tsx'));
    expect(both(page, path('app/s/page.tsx'))).toBeNull();
  });

  it('is everything for the root with itself', () => {
    expect(both(directory(''), directory(''))).toEqual({ text: '**', kind: 'directory' });
    expect(both(directory(''), glob('*.ts'))).toEqual({ text: '*.ts', kind: 'glob' });
  });
});

describe('the ground in common, when it has no readable pattern', () => {
  it('is the path itself when a glob matches it, though what is below it may be out', () => {
    expect(both(path('src/a.ts'), glob('**/*.ts'))).toEqual(path('src/a.ts'));
  });

  it('is the narrower of the two targets', () => {
    const [wide, narrow] = [glob('**/*a*b*c*d*'), glob('src/*d*c*b*a*')];
    expect(both(wide, narrow)).toEqual(narrow);
  });
});

it('keeps resources and paths apart, whatever their texts', () => {
  for (const other of [directory(''), glob('**'), glob('@deploy/*'), path('@deploy/prod'), directory('@deploy')]) {
    expect(both(resource('@deploy/prod'), other)).toBeNull();
  }
  expect(both(path('@types/x.d.ts'), glob('@types/*'))).toEqual(path('@types/x.d.ts'));
});
