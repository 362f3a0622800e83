import { expect, it } from 'vitest';
import { sameRepository } from '../../src/git/remotes.js';

const SAME = [
  'git@host.example:team/app.git',
  'host.example:team/app',
  'ssh://git@host.example/team/app.git',
  'ssh://git@HOST.example:22/team/app.git/',
  'https://host.example/team/app',
  'https://maya:secret@host.example/team/app.git',
  'git://host.example/team/app',
];

it.each(SAME.flatMap((one) => SAME.map((other) => [one, other] as const)))('%s is %s', (one, other) => {
  expect(sameRepository(one, other, '/w')).toBe(true);
});

it.each([
  ['https://host.example/noor/app', 'https://host.example/team/app'],
  ['https://other.example/team/app', 'https://host.example/team/app'],
  ['git@host.example:team/app.git', 'team/app'],
  ['/r/app', '/r/apps'],
  ['', 'https://host.example/'],
])('%s is not %s', (one, other) => {
  expect(sameRepository(one, other, '/w')).toBe(false);
});

it.each([
  ['../r/app.git', '/r/app.git'],
  ['/r/app', '/r/app.git'],
  ['/r/./app/', 'file:///r/app.git'],
  ['/r/a%20b', 'file:///r/a%2520b'],
  ['/r/a b', 'file:///r/a%20b'],
  ['/r/app/.git', '/r/app'],
])('the folder %s is %s, from /w', (one, other) => {
  expect(sameRepository(one, other, '/w')).toBe(true);
});
