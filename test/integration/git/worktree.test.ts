import { linkSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  dirtyPaths,
  hasSubmodules,
  readIndexEntries,
  submodulesOffPin,
  untrackedPaths,
} from '../../../src/git/dirty.js';
import { readCached, writeCached } from '../../../src/git/local-cache.js';
import {
  canonicalLink,
  canonicalPath,
  guardingRepository,
  pathExists,
  trackedName,
  writablePath,
} from '../../../src/git/paths.js';
import { discoverRepository } from '../../../src/git/repository.js';
import { gitFailed, gitIn, gitStreamIn, gitText, tooLarge, whyGitCannotWork } from '../../../src/git/run.js';
import {
  ignoredFiles,
  linkedWorktrees,
  listFiles,
  obstacleTo,
  placeInWorktree,
  traceOf,
  worktreesOf,
} from '../../../src/git/worktree.js';
import { Sandbox } from '../../support/sandbox.js';

let box: Sandbox;
let clone: string;
beforeAll(() => {
  box = new Sandbox();
  clone = box.repository();
  box.write(clone, 'src/a.ts', 'a\n');
  box.write(clone, 'src/b.ts', 'b\n');
  box.write(clone, 'docs/c d.md', 'c\n');
  box.git(clone, 'add', '.');
  box.commit(clone, 'top', 'top\n');
});
afterAll(() => box.cleanup());

const copied = () => box.clone(clone);
const own = discoverRepository;
const git = (where: string) => gitIn(where, box.env);

describe('what is not clean', () => {
  const dirty = async (where: string, covers: (path: string, tracked: boolean) => boolean = () => true) =>
    dirtyPaths(own(where), git(where), await readIndexEntries(git(where)), covers);

  it('is what differs in the index or the worktree, and what is not tracked, sorted, where it is asked for', async () => {
    const copy = copied();
    expect(await dirty(copy)).toEqual([]);
    box.write(copy, 'src/a.ts', 'changed\n');
    box.write(copy, 'free/x y', 'x');
    box.git(copy, 'mv', 'top', 'moved');
    box.git(copy, 'rm', '--quiet', 'docs/c d.md');
    box.repository(join(copy, 'inner').slice(box.directory.length + 1));
    expect(await dirty(copy)).toEqual(['docs/c d.md', 'free/x y', 'inner', 'moved', 'src/a.ts', 'top']);
    expect(await dirty(copy, (_, tracked) => tracked)).toEqual(['docs/c d.md', 'moved', 'src/a.ts', 'top']);
    expect(await dirty(copy, (path) => path.startsWith('src/'))).toEqual(['src/a.ts']);
    expect((await untrackedPaths(git(copy))).sort()).toEqual(['free/x y', 'inner']);
  });

  it('has paths in the middle of a merge', async () => {
    const copy = copied();
    box.git(copy, 'switch', '--quiet', '-c', 'other');
    box.commit(copy, 'top', 'theirs\n');
    box.git(copy, 'switch', '--quiet', 'main');
    box.commit(copy, 'top', 'ours\n');
    box.tryGit(copy, 'merge', 'other');
    expect(await dirty(copy)).toEqual(['top']);
    const [file] = await listFiles(own(copy), git(copy), ['top'], false);
    expect(file).toMatchObject({ path: 'top', tracked: true, unmerged: true });
  });

  it('is not hidden by what git was told not to look at', async () => {
    const copy = copied();
    box.git(copy, 'update-index', '--assume-unchanged', 'src/a.ts', 'docs/c d.md');
    box.git(copy, 'update-index', '--skip-worktree', 'src/b.ts', 'top');
    const flags = (await readIndexEntries(git(copy))).map(({ path, mode, assumeUnchanged, skipWorktree }) => {
      return [path, mode, assumeUnchanged, skipWorktree];
    });
    expect(flags).toEqual([
      ['docs/c d.md', '100644', true, false],
      ['src/a.ts', '100644', true, false],
      ['src/b.ts', '100644', false, true],
      ['top', '100644', false, true],
    ]);
    expect(await dirty(copy)).toEqual([]);
    box.write(copy, 'src/a.ts', 'A\n');
    box.write(copy, 'src/b.ts', 'B\n');
    rmSync(join(copy, 'docs/c d.md'));
    rmSync(join(copy, 'top'));
    expect(await dirty(copy)).toEqual(['docs/c d.md', 'src/a.ts', 'src/b.ts']);
    expect(await dirty(copy, (path) => path === 'src/b.ts')).toEqual(['src/b.ts']);
    rmSync(join(copy, 'src/a.ts'));
    symlinkSync('b.ts', join(copy, 'src/a.ts'));
    expect(await dirty(copy)).toContain('src/a.ts');
  });

  it('is a submodule that is not at its pin, or not checked out', async () => {
    const [copy, inner] = [copied(), copied()];
    expect(hasSubmodules(own(copy))).toBe(false);
    box.git(copy, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', inner, 'lib');
    box.git(copy, 'commit', '--quiet', '-m', 'lib');
    const pin = box.git(inner, 'rev-parse', 'HEAD');
    const off = async () => submodulesOffPin(own(copy), git(copy), await readIndexEntries(git(copy)));
    expect(hasSubmodules(own(copy))).toBe(true);
    expect(await off()).toEqual([]);
    const at = box.commit(join(copy, 'lib'), 'more', 'x');
    expect(await off()).toEqual([{ path: 'lib', pin, at }]);
    box.git(copy, 'submodule', '--quiet', 'deinit', '--force', 'lib');
    expect(await off()).toEqual([{ path: 'lib', pin, at: null }]);
  });
});

describe('files of the worktree', () => {
  it('are listed with what git makes of them', async () => {
    const copy = copied();
    box.write(copy, '.gitignore', '*.log\n!keep.log\n');
    for (const name of ['src/x.log', 'src/keep.log', 'src/new']) box.write(copy, name, '12345');
    rmSync(join(copy, 'src/b.ts'));
    const listed = async (ignored: boolean) =>
      (await listFiles(own(copy), git(copy), ['src'], ignored)).sort((a, b) => (a.path < b.path ? -1 : 1));
    const file = (path: string, tracked: boolean, bytes: number | null) => ({ path, tracked, unmerged: false, bytes });
    const plain = [
      file('src/a.ts', true, 2),
      file('src/b.ts', true, null),
      file('src/keep.log', false, 5),
      file('src/new', false, 5),
    ];
    expect(await listed(false)).toEqual(plain);
    expect(await listed(true)).toEqual([...plain, file('src/x.log', false, 5)]);
    expect(await listFiles(own(copy), git(copy), [], true)).toEqual([]);
    box.git(copy, 'update-index', '--skip-worktree', 'src/a.ts');
    expect((await listed(false)).map(({ path }) => path)).not.toContain('src/a.ts');
    expect(await ignoredFiles(git(copy), ['src/x.log', 'src/keep.log', 'src/a.ts', 'y.log'])).toEqual([
      { path: 'src/x.log', by: '.gitignore:1' },
      { path: 'y.log', by: '.gitignore:1' },
    ]);
  });

  it('have in their way what is no folder, or a folder in their own place', () => {
    const copy = copied();
    symlinkSync('src', join(copy, 'link'));
    expect(obstacleTo(copy, 'src/new/deep')).toBeNull();
    expect(obstacleTo(copy, 'src/a.ts')).toBeNull();
    expect(obstacleTo(copy, 'src/a.ts/x')).toBe('src/a.ts');
    expect(obstacleTo(copy, 'src')).toBe('src');
    expect(obstacleTo(copy, 'link/x')).toBe('link');
  });

  it('are put in their places all together, or none', () => {
    const copy = copied();
    const made = (name: string, text: string) => box.write(box.path('made'), name, text);
    const placement = (path: string, after: string | null, before: string | null) => {
      return { path, after, before, trace: traceOf(copy, path) };
    };
    expect(traceOf(copy, 'nowhere')).toBe('absent');
    const change = () => [
      placement('src/a.ts', made('1', 'new a'), made('2', 'a\n')),
      placement('src/deep/new', made('3', 'new'), null),
      placement('top', null, made('4', 'top\n')),
    ];
    const text = (path: string) => readFileSync(join(copy, path), 'utf8');
    const late = [...change(), { ...placement('docs/c d.md', made('5', 'x'), null), trace: 'older' }];
    expect(() => placeInWorktree(copy, late)).toThrow(/changed in the meantime: "docs\/c d.md"/);
    expect([text('src/a.ts'), text('top'), text('docs/c d.md'), pathExists(copy, 'src/deep/new')]).toEqual([
      ...['a\n', 'top\n', 'c\n', false],
    ]);
    expect(() => placeInWorktree(copy, [...change(), placement('src', made('6', 'x'), null)])).toThrow(/"src"/);
    placeInWorktree(copy, change());
    expect([text('src/a.ts'), text('src/deep/new'), pathExists(copy, 'top')]).toEqual(['new a', 'new', false]);
  });

  it('touched are told by their trace', () => {
    const copy = copied();
    const before = traceOf(copy, 'top');
    expect(traceOf(copy, 'top')).toBe(before);
    linkSync(join(copy, 'src/a.ts'), join(copy, 'linked'));
    expect(traceOf(copy, 'linked')).toBe(traceOf(copy, 'src/a.ts'));
    box.write(copy, 'top', 'longer than before\n');
    expect(traceOf(copy, 'top')).not.toBe(before);
  });
});

describe('the worktrees of a clone', () => {
  it('are those that are there, this one first', async () => {
    const copy = copied();
    const [one, two] = [box.worktree(copy, 'one'), box.worktree(copy, 'two')];
    expect((await worktreesOf(own(copy), git(copy))).map(({ root }) => root)).toEqual([copy, one, two]);
    expect((await worktreesOf(own(two), git(two))).map(({ root }) => root)).toEqual([two, copy, one]);
    expect(linkedWorktrees(own(copy)).sort()).toEqual([one, two]);
    rmSync(one, { recursive: true });
    expect((await worktreesOf(own(copy), git(copy))).map(({ root }) => root)).toEqual([copy, two]);
    rmSync(two, { recursive: true });
    mkdirSync(two);
    box.git(two, 'init', '--quiet');
    expect((await worktreesOf(own(copy), git(copy))).map(({ root }) => root)).toEqual([copy]);
    expect(linkedWorktrees(own(copied()))).toEqual([]);
  });
});

describe('whose path it is', () => {
  it('is told from the root, with links resolved as far as they are there', () => {
    const copy = copied();
    symlinkSync('src', join(copy, 'link'));
    mkdirSync(box.path('elsewhere'));
    symlinkSync('../../elsewhere', join(copy, 'src/out'));
    symlinkSync('self', join(copy, 'self'));
    const at = (text: string, cwd = copy) => canonicalPath(copy, cwd, text);
    expect(at('src/a.ts')).toEqual({ path: 'src/a.ts', isDirectory: false, exists: true });
    expect(at('.')).toEqual({ path: '', isDirectory: true, exists: true });
    expect(at('../docs/', join(copy, 'src'))).toEqual({ path: 'docs', isDirectory: true, exists: true });
    expect(at('link/new/x')).toEqual({ path: 'src/new/x', isDirectory: false, exists: false });
    expect(at('u\u0308')).toMatchObject({ path: 'ü', exists: false });
    expect(at('..hidden')).toMatchObject({ path: '..hidden' });
    for (const outside of ['..', '../x', '/etc/passwd', 'src/out'])
      expect(() => at(outside)).toThrow(/outside the repository/);
    for (const inside of ['.git', '.git/config', 'src/.GIT/x']) expect(() => at(inside)).toThrow(/inside .git/);
    expect(() => at('self')).toThrow(/leads to itself/);
    expect(canonicalLink(copy, copy, 'link')).toEqual({ path: 'link', isDirectory: false, exists: true });
    expect(canonicalLink(copy, copy, 'src/out')).toMatchObject({ path: 'src/out' });
    expect(canonicalLink(copy, copy, 'src/a.ts')).toMatchObject({ path: 'src/a.ts' });
    expect(pathExists(copy, 'self')).toBe(true);
    expect(pathExists(copy, `${'x'.repeat(300)}/y`)).toBe(false);
    expect(pathExists(copy, 'src/a.ts/x')).toBe(false);
    expect(writablePath(copy, 'link/new')).toBe(join(copy, 'src/new'));
    symlinkSync('gone', join(copy, 'dangling'));
    expect(() => writablePath(copy, 'dangling/x')).toThrow(/leads nowhere: dangling/);
    expect(() => writablePath(copy, 'src/out/x')).toThrow();
  });

  it('is that of another worktree under its name there, of a submodule as the submodule, and of no other repository', () => {
    const copy = copied();
    const nested = join(copy, 'trees/one');
    box.git(copy, 'worktree', 'add', '--quiet', '-b', 'nested', nested);
    expect(canonicalPath(copy, copy, 'trees/one/src/a.ts')).toEqual({
      path: 'src/a.ts',
      isDirectory: false,
      exists: true,
    });
    expect(() => canonicalPath(copy, copy, 'trees/one')).toThrow(/another worktree/);
    box.repository(join(copy, 'other').slice(box.directory.length + 1));
    expect(() => canonicalPath(copy, copy, 'other/x')).toThrow(/another repository/);
    box.git(copy, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', clone, 'lib');
    for (const text of ['lib', 'lib/src/a.ts'])
      expect(canonicalPath(copy, copy, text)).toEqual({ path: 'lib', isDirectory: false, exists: true });
    expect(guardingRepository(join(copy, 'lib/src')).root).toBe(copy);
    box.write(copy, 'lib/coord.config.json', '{}');
    expect(guardingRepository(join(copy, 'lib/src')).root).toBe(join(copy, 'lib'));
    expect(() => canonicalPath(copy, copy, 'lib/src/a.ts')).toThrow(/another repository/);
    expect(canonicalPath(copy, copy, 'lib').path).toBe('lib');
    expect(guardingRepository(join(copy, 'src')).root).toBe(copy);
  });

  it('has the name that git tracks, where only letters differ in case', async () => {
    const name = (path: string) => trackedName(git(clone), path);
    expect(await name('SRC/A.ts')).toBe('src/a.ts');
    expect(await name('SRC/new.ts')).toBe('src/new.ts');
    expect(await name('src/a.ts')).toBe('src/a.ts');
    expect(await name('Lib/X')).toBe('Lib/X');
    expect(await name('')).toBe('');
  });
});

describe('the one door to git', () => {
  it('keeps the exit code, what was said on either side, and what was fed', async () => {
    expect(await git(clone)(['rev-parse', '--verify', '--quiet', 'nowhere'])).toMatchObject({ code: 1, stderr: '' });
    const hashed = await git(clone)(['hash-object', '--stdin'], { input: 'a\n' });
    expect(hashed.stdout.toString()).toBe(`${box.git(clone, 'rev-parse', 'HEAD:src/a.ts')}\n`);
    expect(await gitText(git(clone), ['rev-parse', '--is-bare-repository'])).toBe('false');
    await expect(gitText(git(clone), ['rev-parse', 'nowhere'])).rejects.toMatchObject({
      code: 'fault',
      message: expect.stringMatching(/^git rev-parse nowhere failed with exit 128: fatal: ambiguous/),
      details: { stderr: expect.stringContaining('nowhere') },
    });
    expect(
      (await git(clone)(['var', 'GIT_AUTHOR_IDENT'], { env: { GIT_AUTHOR_NAME: 'Maya' } })).stdout.toString(),
    ).toMatch(/^Maya /);
    expect(gitFailed(['x'], { code: 3, stderr: '' }).message).toBe('git x failed with exit 3: ');
  });

  it('works in its directory alone, in English, and asks nobody', async () => {
    const env = {
      ...box.env,
      GIT_DIR: '/nowhere',
      GIT_INDEX_FILE: '/x',
      GIT_WORK_TREE: '/',
      GIT_NAMESPACE: 'n',
      LC_ALL: 'de_DE',
      GIT_ASKPASS: 'x',
    };
    expect(await gitText(gitIn(clone, env), ['rev-parse', '--show-toplevel'])).toBe(clone);
    const seen = await gitText(gitIn(clone, env), ['-c', 'alias.e=!env', 'e']);
    for (const line of ['LC_ALL=C', 'GIT_TERMINAL_PROMPT=0', 'GIT_OPTIONAL_LOCKS=0', 'GIT_ASKPASS=false'])
      expect(seen.split('\n')).toContain(line);
    expect(seen).not.toMatch(/GIT_NAMESPACE=n|GIT_INDEX_FILE=\/x/);
  });

  it('says when git cannot be run, is stopped, or gives too much', async () => {
    await expect(gitIn(clone, { PATH: '/nowhere' })(['version'])).rejects.toMatchObject({
      ...{
        code: 'unavailable',
        message: expect.stringContaining('could not be run'),
        hint: expect.stringContaining('install git'),
      },
    });
    await expect(gitIn('/nowhere', box.env)(['version'])).rejects.toMatchObject({ code: 'unavailable' });
    await expect(git(clone)(['-c', 'alias.z=!exec sleep 30', 'z'], { timeoutMs: 200 })).rejects.toMatchObject({
      ...{ code: 'unavailable', message: 'git z did not answer within 0.2s' },
    });
    await expect(git(clone)(['log'], { mostBytes: 10 })).rejects.toMatchObject({
      ...{ code: 'corrupt', message: expect.stringContaining('git log'), details: { reason: 'too-large' } },
    });
    expect((await git(clone)(['cat-file', 'blob', 'HEAD:src/a.ts'], { mostBytes: 2 })).stdout.toString()).toBe('a\n');
    expect(tooLarge('x')).toMatchObject({ code: 'corrupt', details: { problems: ['x: too large'] } });
  });

  it('says why git cannot work here, with what to do about it', () => {
    const why = (stderr: string, code = 128) => whyGitCannotWork({ code, stderr });
    expect(why("fatal: detected dubious ownership in repository at '/a b'\nTo add")).toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('belongs to another user'),
      hint: expect.stringContaining("safe.directory '/a b'"),
    });
    expect(why('noise\nfatal: bad config line 3 in file .git/config\n')).toMatchObject({
      code: 'unavailable',
      message: 'git cannot work here (fatal: bad config line 3 in file .git/config)',
      details: { reason: 'git' },
    });
    expect(why("error: unable to access '/x/config': no")).not.toBeNull();
    expect(why('fatal: bad config', 0)).toBeNull();
    expect(why('fatal: not a valid ref')).toBeNull();
    expect(why('x fatal: bad config')).toBeNull();
  });

  it('gives a long output chunk by chunk, and ends git where a reader stops', async () => {
    const all: Buffer[] = [];
    for await (const chunk of gitStreamIn(clone, box.env)(['cat-file', 'blob', 'HEAD:src/a.ts'])) all.push(chunk);
    expect(Buffer.concat(all).toString()).toBe('a\n');
    for await (const chunk of gitStreamIn(clone, box.env)(['-c', 'alias.y=!yes', 'y'])) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    const failing = async () => {
      for await (const _ of gitStreamIn(clone, box.env)(['rev-parse', 'nowhere']));
    };
    await expect(failing()).rejects.toMatchObject({ code: 'fault' });
    const missing = async () => {
      for await (const _ of gitStreamIn(clone, { PATH: '/nowhere' })(['log']));
    };
    await expect(missing()).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('a file of the cache', () => {
  it('holds what was put into it, or nothing', () => {
    const path = box.path('cache/deep/file.json');
    const read = () => readCached(path, (value) => (typeof value.a === 'number' ? value.a : null));
    expect(read()).toBeNull();
    writeCached(path, { a: 1 });
    expect(read()).toBe(1);
    writeCached(path, { a: 2 });
    expect(read()).toBe(2);
    for (const text of ['{"a":"x"}', 'null', '7', '{"a"', '']) {
      writeFileSync(path, text);
      expect(read()).toBeNull();
    }
    writeCached(join(path, 'below'), { a: 1 });
    expect(readCached(path, () => 'never')).toBeNull();
  });
});
