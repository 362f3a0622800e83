import { appendFileSync, readFileSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Fleet, localFleet, sharedFleet } from '../support/fleet.js';
import { usersPart } from '../support/snapshot.js';

/** Makes a worktree in which everything is in flux: staged, changed, untracked, stashed, files touched. */
function unsettle({ box, clone }: Fleet): void {
  box.write(clone, 'stashed.txt', 'to be stashed');
  box.git(clone, 'add', 'stashed.txt');
  box.git(clone, 'stash', 'push', '--quiet', '--message', 'for later');
  box.write(clone, 'staged.txt', 'staged');
  box.git(clone, 'add', 'staged.txt');
  appendFileSync(join(clone, 'src/api/users.ts'), 'changed\n');
  box.write(clone, 'untracked.txt', 'untracked');
  // Stale stat data in the index: the commands of git that refresh it would rewrite it.
  utimesSync(join(clone, 'coord.config.json'), 1, 1);
}

const READING = [
  ['status'],
  ['status', '--json'],
  ['status', 'src', '--mine'],
  ['status', '--no-fetch'],
  ['help'],
  ['claim', '--help'],
  ['nonsense'],
];
const REFUSED = [
  ['claim', 'src/api/users.ts'],
  ['claim', 'src/api/users.ts', 'README.md', '--reason', 'both', '--json'],
  ['claim', 'src', '--shared'],
  ['claim', '..'],
  ['renew', 'src/api'],
  ['release', 'src/api'],
  ['release', 'README.md', '--commit', 'HEAD'],
];

describe.each([
  ['without a remote', localFleet],
  ['with a remote', sharedFleet],
])('%s', (_, setUp) => {
  it('what only reads changes nothing at all, and writes no commit', async () => {
    const fleet = await setUp();
    await fleet.as('maya', ['claim', 'src/api']);
    unsettle(fleet);
    const before = usersPart(fleet.box, fleet.clone);
    const tip = fleet.box.git(fleet.clone, 'rev-parse', 'coord/state');
    for (const args of READING) {
      await fleet.as('noor', args);
      expect([args, usersPart(fleet.box, fleet.clone)]).toEqual([args, before]);
    }
    expect(fleet.box.git(fleet.clone, 'rev-parse', 'coord/state')).toBe(tip);
  });

  it('what is refused changes nothing at all, and writes no commit', async () => {
    const fleet = await setUp();
    await fleet.as('maya', ['claim', 'src/api']);
    unsettle(fleet);
    const before = usersPart(fleet.box, fleet.clone);
    const tip = fleet.box.git(fleet.clone, 'rev-parse', 'coord/state');
    for (const args of REFUSED) {
      expect([args, (await fleet.as('noor', args)).code]).toEqual([args, expect.toBeOneOf([2, 3, 4])]);
      expect([args, usersPart(fleet.box, fleet.clone)]).toEqual([args, before]);
    }
    expect(fleet.box.git(fleet.clone, 'rev-parse', 'coord/state')).toBe(tip);
  });

  it('what is granted writes the state ref, and nothing of the user’s', async () => {
    const fleet = await setUp();
    unsettle(fleet);
    const before = usersPart(fleet.box, fleet.clone);
    for (const args of [
      ['claim', 'docs', '@db'],
      ['renew'],
      ['release', 'docs'],
      ['release', '--all', '--uncommitted'],
    ]) {
      expect([args, (await fleet.as('maya', args)).code]).toEqual([args, 0]);
      expect([args, usersPart(fleet.box, fleet.clone)]).toEqual([args, before]);
    }
  });
});

it('no verb leaves anything in the worktree that it was not asked for, or writes to what git ignores by', async () => {
  const { box, clone, as } = await sharedFleet();
  box.commit(clone, '.gitignore', 'node_modules\n');
  box.git(clone, 'push', '--quiet', 'origin', 'main');
  const left = () => [
    box.git(clone, 'status', '--porcelain', '--untracked-files=all'),
    readFileSync(join(clone, '.gitignore'), 'utf8'),
  ];
  const before = left();
  for (const line of [
    'session start',
    'claim src/x --reason y',
    'session scratch',
    'note x',
    'conflicts',
    'doctor --fix',
    'doctor --prove',
    'guard install git',
    'guard uninstall git',
    'task add one --scope docs/x',
    'task take',
    'task done t1 --result fine',
    'run src/q -- true',
    'once k -- true',
    'integrate',
    'init',
    `dashboard --out ${box.path('page.html')}`,
    'metrics',
    'audit HEAD~1..HEAD',
    'rules lint',
    'release --all',
    'session end',
  ]) {
    const { code } = await as('noor', line.split(' '));
    expect([line, code, ...left()]).toEqual([line, 0, ...before]);
  }
});

it('variables of git that a hook exports lead coord nowhere else', async () => {
  const fleet = await localFleet();
  const elsewhere = fleet.box.repository();
  const env = {
    GIT_DIR: join(elsewhere, '.git'),
    GIT_WORK_TREE: elsewhere,
    GIT_INDEX_FILE: fleet.box.path('index-of-a-hook'),
    GIT_PREFIX: 'src/',
    GIT_OBJECT_DIRECTORY: fleet.box.path('objects-of-a-push'),
  };
  expect((await fleet.as('maya', ['claim', 'src/api'], { env })).code).toBe(0);
  expect((await fleet.as('maya', ['release', 'src/api'], { env })).code).toBe(0);
  expect(fleet.box.git(fleet.clone, 'log', '--format=%s', 'coord/state').split('\n')).toHaveLength(3);
  expect(fleet.box.git(elsewhere, 'for-each-ref')).toBe('');
});
