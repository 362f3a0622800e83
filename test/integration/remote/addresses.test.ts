import fc from 'fast-check';
import { expect, it } from 'vitest';
import { addressesPushedTo, serverOfPath } from '../../../src/git/remotes.js';
import '../../support/properties.js';
import { discoverRepository } from '../../../src/git/repository.js';
import { gitIn } from '../../../src/git/run.js';
import { sandbox } from '../../support/sandbox.js';

const ADDRESS = fc.constantFrom(
  'hub:',
  'hub:app',
  '../r/app.git',
  '/r/app.git',
  'file:///r/app.git',
  'https://h.example/app',
);
const BASE = fc.constantFrom('/r/', '../r/', 'https://h.example/', 'git@h.example:');
const PREFIX = fc.constantFrom('hub:', 'hub:a', '/r/', 'https://h.example/', '../', 'file:///');
const LINE = fc.oneof(
  fc.tuple(fc.constant('remote.origin.url'), ADDRESS),
  fc.tuple(fc.constant('remote.origin.pushurl'), ADDRESS),
  fc.tuple(
    fc.tuple(BASE, fc.constantFrom('insteadOf', 'pushInsteadOf')).map(([base, key]) => `url.${base}.${key}`),
    PREFIX,
  ),
);

it('the addresses that are read without git are those that git pushes to', async () => {
  await fc.assert(
    fc.asyncProperty(
      ADDRESS,
      fc.array(LINE, { maxLength: 4 }),
      fc.array(LINE, { maxLength: 2 }),
      async (url, own, user) => {
        const box = sandbox();
        const clone = box.repository();
        box.git(clone, 'remote', 'add', 'origin', url);
        for (const [name, value] of own) box.git(clone, 'config', '--add', name, value);
        for (const [name, value] of user) box.git(clone, 'config', '--global', '--add', name, value);
        const told = box.git(clone, 'remote', 'get-url', '--push', '--all', 'origin').split('\n');
        expect(addressesPushedTo(discoverRepository(clone), box.env, 'origin')).toEqual(told);
      },
    ),
    { numRuns: 25 },
  );
});

it.each([
  ['a path', '{hub}', []],
  ['a relative path', '../hub.git', []],
  ['a file address', 'file://{hub}', []],
  ['a short name that the user rewrites to a path', 'team:hub.git', [['url.{folder}/.insteadOf', 'team:']]],
  ['the same, for pushes alone', 'team:hub.git', [['url.{folder}/.pushInsteadOf', 'team:']]],
  ['the same, in a file that is included', 'team:hub.git', [['include.path', '{folder}/more']]],
] as const)('%s is served here, in a session of its own', async (_, url, settings) => {
  const box = sandbox();
  const folder = box.directory;
  const at = (text: string) => text.replaceAll('{folder}', folder).replaceAll('{hub}', `${folder}/hub.git`);
  box.git(folder, 'init', '--quiet', '--bare', 'hub.git');
  box.write(folder, 'more', `[url "${folder}/"]\n\tinsteadOf = team:\n`);
  const clone = box.repository();
  box.git(clone, 'remote', 'add', 'origin', at(url));
  for (const [name, value] of settings) box.git(clone, 'config', at(name), at(value));
  const repository = discoverRepository(clone);
  const git = gitIn(repository, box.env);
  expect(await serverOfPath(repository, git, box.env, 'origin')).toEqual([
    expect.stringContaining('gc.packRefs=false receive-pack'),
  ]);
  box.git(clone, 'config', 'remote.origin.url', 'h.example:hub.git');
  expect(await serverOfPath(repository, git, box.env, 'origin')).toEqual([]);
});
