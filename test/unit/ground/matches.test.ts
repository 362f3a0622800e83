import { describe, expect, it } from 'vitest';
import { matches } from '../../../src/domain/ground/index.js';
import { directory, glob, path, resource } from './targets.js';

describe('a glob matches', () => {
  it.each([
    ['*', 'a .hidden a.b.c', 'a/b'],
    ['a*', 'a ab a.b', 'ba a/b'],
    ['?', 'a é 😀 \u{1F9D1}', '. ab a/'],
    ['??', 'ab 😀😀', '😀 a'],
    ['a?b', 'acb', 'a/b ab'],
    ['**', 'a a/b a/.b/c', ''],
    ['a/**', 'a a/b a/b/c', 'ab b/a'],
    ['**/b', 'b a/b a/c/b', 'ab a/b/c'],
    ['a/**/b', 'a/b a/c/b a/c/d/b', 'ab a/c'],
    ['**/a/**', 'a b/a a/b b/a/b', 'b ab'],
    ['a**b', 'ab axb axxb', 'a/b a/x/b'],
    ['**a', 'a ba', 'b/a'],
    ['a/**b/c', 'a/b/c a/xb/c', 'a/x/b/c b/c'],
    ['a/***/b', 'a/x/b', 'a/b a/x/y/b'],
    ['*/**', 'a a/b', ''],
    ['**/**/b', 'b a/b a/a/b', 'c'],
    ['[abc]', 'a b c', 'd ab'],
    ['[a-c]x', 'ax bx cx', 'dx x'],
    ['[!a]', 'b 😀', 'a . bb'],
    ['[^a]', 'b ^', 'a'],
    ['[]a]', '] a', 'b'],
    ['[!]a]', 'b [', '] a'],
    ['[a-]', 'a -', 'b'],
    ['[-a]', 'a -', 'b'],
    ['[a-c-e]', 'a b c - e', 'd'],
    ['[\\]\\-]', '] -', '\\'],
    ['[+-9]', '+ 9', 'a .'],
    ['a[!b]c', 'axc', 'a/c abc'],
    ['a[+-9]c', 'a.c', 'a/c'],
    ['[😀-😎]', '😀 😃 😎', '😏 a'],
    ['[[:alpha:]]', 'a Z', '1 é ['],
    ['[[:digit:]_]x', '1x _x', 'ax :x'],
    ['[![:punct:]]', 'a 1', '. -'],
    ['[[:upper:][:space:]]', 'A', 'a'],
    ['[[]', '[', 'a'],
    ['[[a]', '[ a', 'b'],
    ['{a,b}', 'a b', 'c ab'],
    ['{a,b}{c,d}', 'ac ad bc bd', 'ab cd'],
    ['{a,{b,c}d}', 'a bd cd', 'b ad'],
    ['{a/b,c}/**', 'a/b a/b/x c c/x', 'a a/c'],
    ['{a,b/**}/c', 'a/c b/c b/x/c', 'a/x/c b'],
    ['x{,y}', 'x xy', 'xyy'],
    ['src/{,test/}*.ts', 'src/a.ts src/test/a.ts', 'src/x/a.ts'],
    ['{*,a}*', 'a x/y x/y/z', ''],
    ['a/{**,b}', 'a a/b a/b/c', 'b'],
    ['{[,],x}', ', x', '[ ]'],
    ['{a\\,b,c}', 'a,b c', 'a b'],
    ['app/{id}/x', 'app/{id}/x', 'app/id/x'],
    ['{a{b,c}}', '{ab} {ac}', 'ab a'],
    ['{}', '{}', 'a'],
    ['a,b', 'a,b', 'a'],
    ['a]b}', 'a]b}', 'a'],
    ['\\*', '*', 'a'],
    ['\\[a]', '[a]', 'a'],
    ['\\{a,b}', '{a,b}', 'a'],
    ['a\\b', 'ab', 'a\\b'],
    ['a\\/b', 'a/b', 'a'],
    ['\\\\', '\\', 'a'],
    ['!a', '!a', 'a b'],
    ['!(a|b)', '!(a|b)', 'c'],
    ['@(a|b)', '@(a|b)', 'a'],
    ['+(a)', '+(a)', 'a aa'],
    ['*(a)', '(a) x(a)', 'a aa'],
    ['a//b', '', 'a/b a//b'],
    ['/a', '', 'a /a'],
    ['./a', '', 'a ./a'],
    ['[.]', '', '. a'],
    ['..', '', '..'],
    ['??/x', 'ab/x .a/x', '../x'],
  ])('%s', (text, matching, others) => {
    const split = (paths: string): string[] => paths.split(' ').filter((each) => each !== '');
    const all = [...split(matching), ...split(others)];
    expect(all.filter((each) => matches(glob(text), each))).toEqual(split(matching));
  });

  it('only the paths it says, and nothing below them', () => {
    expect(matches(glob('src/*'), 'src/api')).toBe(true);
    expect(matches(glob('src/*'), 'src/api/users.ts')).toBe(false);
  });
});

describe('a literal target matches', () => {
  it.each([path('src/app'), directory('src/app')])('$kind $text: itself and all below', (target) => {
    const paths = ['src/app', 'src/app/x', 'src/app/x/y', 'src/apple', 'src', 'src/ap'];
    expect(paths.filter((each) => matches(target, each))).toEqual(paths.slice(0, 3));
  });

  it('its characters, whatever they are', () => {
    const page = path('app/[slug]/page*.tsx');
    expect(matches(page, 'app/[slug]/page*.tsx')).toBe(true);
    expect(matches(page, 'app/s/page*.tsx')).toBe(false);
    expect(matches(directory('app/[slug]'), 'app/s/x')).toBe(false);
  });

  it('every path when it is the root, but not the empty text', () => {
    expect(matches(directory(''), 'a/b')).toBe(true);
    expect(matches(directory(''), '')).toBe(false);
  });
});

it('a resource matches its name and the names below it', () => {
  const names = ['@deploy', '@deploy/prod', '@deployer', '@dep'];
  expect(names.filter((each) => matches(resource('@deploy'), each))).toEqual(names.slice(0, 2));
});

it('a path may begin with @', () => {
  expect(matches(glob('@types/*.ts'), '@types/x.ts')).toBe(true);
  expect(matches(path('@types'), '@types/x.ts')).toBe(true);
});
