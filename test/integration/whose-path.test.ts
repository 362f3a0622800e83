import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { locateFile } from '../../src/commands/guard/locate.js';
import { CoordError } from '../../src/errors.js';
import { discoverRepository } from '../../src/git/repository.js';
import { gitIn } from '../../src/git/run.js';
import { asTracked, readGround } from '../../src/workspace/targets.js';
import { type Sandbox, sandbox } from '../support/sandbox.js';

let box: Sandbox;
let root: string;

beforeEach(() => {
  box = sandbox();
  root = box.path('main');
  box.git(box.directory, 'init', '--quiet', root);
  box.commit(root, 'src/app.ts', 'a');
  box.git(root, 'worktree', 'add', '--quiet', '-b', 'x', '.worktrees/x');
  for (const [name, file] of [
    ['plain', 'lib.c'],
    ['own', 'coord.config.json'],
  ] as const) {
    const origin = box.path(`${name}.origin`);
    box.git(box.directory, 'init', '--quiet', origin);
    box.commit(origin, file, '{}');
    box.git(root, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', origin, `vendor/${name}`);
  }
  box.git(root, 'commit', '--quiet', '--message', 'submodules');
  box.git(root, 'init', '--quiet', 'tmp/foreign');
  symlinkSync('src', join(root, 'ui'));
  symlinkSync(box.home, join(root, 'out'));
});

/** What `claim` makes of a path that is typed at the root, and what the edit guard makes of it. */
function claimed(path: string, as?: 'literal'): string {
  try {
    return readGround(path, { root, cwd: root, as })
      .map(({ kind, text }) => `${kind} ${text}`)
      .join(', ');
  } catch (error) {
    if (error instanceof CoordError) return `${error.code}: ${error.message.split(':')[0]}`;
    throw error;
  }
}

function guarded(path: string): string {
  const located = locateFile(path, root);
  return located === null
    ? 'nobody'
    : `${located.root.slice(root.length)} ${located.target.kind} ${located.target.text}`;
}

describe('a path has one owner and one name, for claims and for guards', () => {
  it.each([
    ['src/app.ts', 'path src/app.ts', ' path src/app.ts'],
    ['.worktrees/x/src/app.ts', 'path src/app.ts', '/.worktrees/x path src/app.ts'],
    ['.worktrees/x/new/file.ts', 'path new/file.ts', '/.worktrees/x path new/file.ts'],
    ['.worktrees/x', 'usage: another worktree of this clone', '/.worktrees/x directory **'],
    ['vendor/plain/lib.c', 'path vendor/plain', ' path vendor/plain'],
    ['vendor/plain/new/file.c', 'path vendor/plain', ' path vendor/plain'],
    ['vendor/plain', 'path vendor/plain', ' directory vendor/plain/**'],
    ['vendor/own', 'path vendor/own', '/vendor/own directory **'],
    ['vendor/own/lib.c', 'usage: in another repository', '/vendor/own path lib.c'],
    ['tmp/foreign/x', 'usage: in another repository', '/tmp/foreign path x'],
    ['ui', 'directory src/**, path ui', ' directory src/**'],
    ['./ui', 'directory src/**, path ui', ' directory src/**'],
    [':/ui', 'directory src/**, path ui', ' path :/ui'],
    ['ui/app.ts', 'path src/app.ts', ' path src/app.ts'],
    ['out', 'usage: outside the repository', 'nobody'],
  ])('%s', (path, claim, guard) => {
    expect({ claim: claimed(path), guard: guarded(path) }).toEqual({ claim, guard });
  });

  it('a link itself, wherever it leads, is that path where --literal says so', () => {
    expect([claimed('ui', 'literal'), claimed('out', 'literal')]).toEqual(['path ui', 'path out']);
  });
});

it('has the name that git tracks where the disk folds case, in all of its folders', async () => {
  const git = gitIn(root, box.env);
  const named = async (...texts: string[]) => {
    const targets = texts.flatMap((text) => readGround(text, { root, cwd: root }));
    return (await asTracked(git, targets)).map(({ text }) => text);
  };
  expect(await named('SRC/App.ts', 'Src/New.ts', 'SRC/', 'SRC/*.ts', 'Other.ts', '@Src/x', 'src/app.ts')).toEqual([
    ...['src/app.ts', 'src/New.ts', 'src/**', 'src/*.ts', 'Other.ts', '@Src/x', 'src/app.ts'],
  ]);
  box.git(
    root,
    'update-index',
    '--add',
    '--cacheinfo',
    `100644,${box.git(root, 'rev-parse', 'HEAD:src/app.ts')},src/App.ts`,
  );
  expect(await named('src/App.ts', 'src/app.ts')).toEqual(['src/App.ts', 'src/app.ts']);
});

describe('a worktree', () => {
  const WANTS_ONE = [
    ['claim', 'src/app.ts'],
    ['release', 'src/app.ts'],
    ['sync-check'],
    ['sync-check', '--require-clean'],
    ['status'],
  ];

  it.each(['bare = true', 'bare', 'bare = "yes"'])(
    'that git takes for bare (%s) is exit 2 for every verb',
    async (line) => {
      box.write(root, '.git/config', `${box.read('main/.git/config').replace(/bare = false/, '')}[core]\n\t${line}\n`);
      for (const args of WANTS_ONE) {
        const { code, stderr } = await box.coord(root, [...args, '--agent', 'maya']);
        expect([args, code, stderr]).toEqual([args, 2, expect.stringContaining('git config core.bare false')]);
      }
      expect(locateFile('src/app.ts', root)?.root).toBe(root);
    },
  );

  it.each(['.bare', '.git'])(
    'that is linked to a bare repository in %s is one, and leads to it from beside it',
    async (name) => {
      const bare = box.path('layout', name);
      box.git(box.directory, 'clone', '--quiet', '--bare', root, bare);
      if (name !== '.git') box.write(box.path('layout'), '.git', `gitdir: ./${name}\n`);
      box.git(bare, 'worktree', 'add', '--quiet', box.path('layout/main'), 'main');
      expect(discoverRepository(box.path('layout/main'))).toMatchObject({ takenForBare: false });
      for (const cwd of [box.path('layout'), bare]) {
        const { code, stderr } = await box.coord(cwd, ['claim', 'main/src/app.ts', '--agent', 'maya']);
        // Git would take the folder with the worktrees for one more of them, in which every file is deleted.
        expect([code, stderr]).toEqual([2, expect.not.stringContaining('core.bare false')]);
        expect(stderr).toContain('next: cd to one of its worktrees: git worktree list');
        const first = await box.coord(cwd, []);
        expect(first.stdout).toContain('next: cd to one of its worktrees: git worktree list');
        expect(first.stdout).not.toContain('not in a git repository');
      }
    },
  );

  it('may be a folder that git is told of', () => {
    const desk = box.path('desk');
    mkdirSync(join(desk, 'in'), { recursive: true });
    const named = { GIT_DIR: join(root, '.git'), GIT_WORK_TREE: desk };
    expect(discoverRepository(join(desk, 'in'), named)).toMatchObject({ root: desk, env: named });
    const configured = { GIT_DIR: join(root, '.git') };
    box.git(root, 'config', 'core.worktree', desk);
    expect(discoverRepository(desk, configured)).toMatchObject({ root: desk, env: named });
    // What a hook of another repository left behind does not count elsewhere.
    expect(discoverRepository(box.path('plain.origin'), named).root).toBe(box.path('plain.origin'));
    box.git(box.directory, 'init', '--quiet', join(desk, 'in'));
    expect(discoverRepository(join(desk, 'in'), named).root).toBe(join(desk, 'in'));
  });
});
