import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changedPaths, onGround, pathsBetween, statusEntries } from '../../../src/git/changes.js';
import {
  filesAt,
  filesAtPaths,
  filesBelow,
  parseTree,
  readWorktreeFile,
  rootFileText,
  textsOf,
  treeBody,
} from '../../../src/git/files.js';
import { commitsMissing, compareHistory, shallowBoundary } from '../../../src/git/history.js';
import { objectId, openObjects } from '../../../src/git/objects.js';
import {
  absentCommits,
  checkRefName,
  compareAndSwapRef,
  isAncestor,
  namedCommit,
  readHead,
  readRef,
  resolveCommit,
} from '../../../src/git/refs.js';
import { discoverRepository, type Repository } from '../../../src/git/repository.js';
import { type Git, gitIn } from '../../../src/git/run.js';
import { pathsOfCommit, readStaged, replayedCommit } from '../../../src/git/staged.js';
import { Sandbox } from '../../support/sandbox.js';

const ABSENT = 'f'.repeat(40);

let box: Sandbox;
let clone: string;
/** Each is the parent of the next; `side` stands on the first. */
let [first, second, third, side] = ['', '', '', ''];

beforeAll(() => {
  box = new Sandbox();
  clone = box.repository();
  box.write(clone, 'src/a.ts', 'a\n');
  box.write(clone, 'src/deep/b.ts', 'b\n');
  box.write(clone, 'top.txt', 'top\n');
  box.git(clone, 'add', '.');
  first = box.commit(clone, 'name ü.txt', 'ü\n', 'one');
  second = box.commit(clone, 'src/a.ts', 'changed\n', 'two\n\nwith a body');
  box.git(clone, 'mv', 'top.txt', 'moved.txt');
  third = box.commit(clone, 'new.txt', 'new\n', 'three');
  box.git(clone, 'branch', 'side', first);
  box.git(clone, 'switch', '--quiet', 'side');
  side = box.commit(clone, 'side.txt', 'side\n', 'aside');
  box.git(clone, 'switch', '--quiet', 'main');
});
afterAll(() => box.cleanup());

const repository = (): Repository => discoverRepository(clone);
const git = (): Git => gitIn(clone, box.env);
const idOf = (revision: string) => box.git(clone, 'rev-parse', revision);
/** What `work` makes of a copy of the repository. */
async function inCopy<T>(work: (copy: string) => Promise<T>): Promise<T> {
  return work(box.clone(clone, { args: ['--no-hardlinks'] }));
}

describe('the files of a commit', () => {
  it('are the regular ones at these paths, folders with all below them', async () => {
    const listed = await filesAt(git(), third, ['src', 'new.txt', 'nowhere', 'top.txt']);
    expect(listed.map(({ path, bytes }) => [path, bytes])).toEqual([
      ['new.txt', 4],
      ['src/a.ts', 8],
      ['src/deep/b.ts', 2],
    ]);
    expect(listed[0]?.id).toBe(idOf(`${third}:new.txt`));
    expect(await filesAt(git(), third, [])).toEqual([]);
    expect(await filesAt(git(), third, ['*.txt'])).toEqual([]);
    expect((await filesAt(git(), third, ['name ü.txt'])).map(({ path }) => path)).toEqual(['name ü.txt']);
  });

  it('have their text', async () => {
    const files = await filesAt(git(), third, ['src', 'name ü.txt']);
    expect(Object.fromEntries(await textsOf(openObjects(repository(), git()), files))).toEqual({
      ...{ 'name ü.txt': 'ü\n', 'src/a.ts': 'changed\n', 'src/deep/b.ts': 'b\n' },
    });
  });

  it('at exactly these paths are what is there, folders and all, and nothing of no commit', async () => {
    const files = await filesAtPaths(git(), second, ['top.txt', 'src', 'new.txt', 'name ü.txt']);
    expect([...files.keys()].sort()).toEqual(['name ü.txt', 'src', 'top.txt']);
    expect(files.get('top.txt')).toEqual({ mode: '100644', id: idOf(`${second}:top.txt`) });
    expect(files.get('src')?.mode).toBe('040000');
    expect((await filesAtPaths(git(), null, ['top.txt'])).size).toBe(0);
  });

  it('at its root are read from loose objects and from packs alike', async () => {
    const read = async (where: string, commit: string, name: string) => {
      const own = discoverRepository(where);
      return rootFileText(openObjects(own, gitIn(where, box.env)), own, commit, name);
    };
    await inCopy(async (copy) => {
      box.git(copy, 'gc', '--quiet');
      for (const where of [clone, copy, copy]) {
        expect(await read(where, third, 'new.txt')).toBe('new\n');
        expect(await read(where, third, 'top.txt')).toBeNull();
        expect(await read(where, third, 'src')).toBeNull();
        expect(await read(where, second, 'top.txt')).toBe('top\n');
      }
    });
  });

  it('stand in its tree as git writes it', async () => {
    const objects = openObjects(repository(), git());
    const root = idOf(`${third}^{tree}`);
    const body = (await objects.read([root])).get(root)?.body ?? Buffer.alloc(0);
    const entries = parseTree(body, 20);
    expect([...entries.keys()]).toEqual(['moved.txt', 'name ü.txt', 'new.txt', 'src']);
    expect(entries.get('src')).toEqual({ mode: '40000', id: idOf(`${third}:src`) });
    const shuffled = new Map([...entries].reverse());
    expect(treeBody(shuffled)).toEqual(body);
    const names = { 'a.b': '100644', a: '40000', 'a-b': '100644' };
    const made = treeBody(new Map(Object.entries(names).map(([name, mode]) => [name, { mode, id: ABSENT }])));
    expect([...parseTree(made, 20).keys()]).toEqual(['a-b', 'a.b', 'a']);
  });
});

describe('a file of the worktree', () => {
  it('is read where it is text and not too large, and never from outside or from .git', () => {
    box.write(clone, 'ignored/text', 'text');
    writeFileSync(join(clone, 'ignored/bytes'), Buffer.from([1, 0, 2]));
    box.write(clone, '.gitignore', 'ignored\n.gitignore\n');
    expect(readWorktreeFile(clone, 'ignored/text', 4)).toEqual({ bytes: 4, text: 'text' });
    expect(readWorktreeFile(clone, 'ignored/text', 3)).toEqual({ bytes: 4, text: null });
    expect(readWorktreeFile(clone, 'ignored/bytes', 9)).toEqual({ bytes: 3, text: null });
    for (const none of ['nowhere', 'src', '../home/.gitconfig', '.git/config', '.git/HEAD'])
      expect(readWorktreeFile(clone, none, 9999)).toBeNull();
  });

  it('is found below its folder, however deep', () => {
    expect(filesBelow(clone, 'src').sort()).toEqual(['src/a.ts', 'src/deep/b.ts']);
    expect(filesBelow(clone, 'nowhere')).toEqual([]);
    expect(filesBelow(clone, 'new.txt')).toEqual([]);
  });
});

describe('what differs', () => {
  it('between commits has both names of a rename, and a commit its own paths', async () => {
    expect((await pathsBetween(git(), second, third)).sort()).toEqual(['moved.txt', 'new.txt', 'top.txt']);
    expect(await pathsBetween(git(), second, second)).toEqual([]);
    expect((await pathsOfCommit(git(), third)).sort()).toEqual(['moved.txt', 'new.txt', 'top.txt']);
    expect((await pathsOfCommit(git(), first)).sort()).toEqual(['name ü.txt', 'src/a.ts', 'src/deep/b.ts', 'top.txt']);
    await expect(pathsBetween(git(), ABSENT, third)).rejects.toMatchObject({ code: 'fault' });
    await expect(pathsOfCommit(git(), ABSENT)).rejects.toMatchObject({ code: 'fault' });
  });

  it('from HEAD is what status says, untracked files one by one, and on which ground', async () => {
    await inCopy(async (copy) => {
      const here = gitIn(copy, box.env);
      expect(await statusEntries(here)).toEqual([]);
      box.write(copy, 'src/a.ts', 'more\n');
      box.write(copy, 'free/x', 'x');
      box.write(copy, 'free/y', 'y');
      box.git(copy, 'mv', 'new.txt', 'newer.txt');
      const entries = await statusEntries(here);
      expect(Object.fromEntries(entries.map(({ path, isTracked }) => [path, isTracked]))).toEqual({
        ...{ 'src/a.ts': true, 'free/x': false, 'free/y': false, 'new.txt': true, 'newer.txt': true },
      });
      expect((await changedPaths(here)).sort()).toEqual(['free/x', 'free/y', 'new.txt', 'newer.txt', 'src/a.ts']);
      const on = (target: string) => onGround(['src/a.ts', 'free/y'], [{ target, kind: 'directory' }], false);
      expect(on('src/**')).toEqual(['src/a.ts']);
      expect(on('lib/**')).toEqual([]);
      expect(onGround(['@db'], [{ target: '@db', kind: 'resource' }], false)).toEqual([]);
      expect(onGround(['SRC/x'], [{ target: 'src/**', kind: 'directory' }], true)).toEqual(['SRC/x']);
      expect(onGround(['SRC/x'], [{ target: 'src/**', kind: 'directory' }], false)).toEqual([]);
    });
  });

  it('from its parents is what a commit has that is being made, from the index that its hook is given', async () => {
    await inCopy(async (copy) => {
      const staged = (env: Record<string, string> = {}) =>
        readStaged(discoverRepository(copy), gitIn(copy, box.env), env, copy);
      expect((await staged()).paths).toEqual([]);
      box.write(copy, 'src/a.ts', 'more\n');
      box.write(copy, 'intended', 'x');
      box.git(copy, 'add', 'src/a.ts');
      box.git(copy, 'add', '--intent-to-add', 'intended');
      expect((await staged()).paths).toEqual(['src/a.ts']);
      expect(await (await staged()).differing(first)).toEqual(['src/a.ts']);
      expect((await staged({ GIT_INDEX_FILE: 'nowhere' })).paths.length).toBeGreaterThan(3);
      expect((await staged({ GIT_INDEX_FILE: '' })).paths).toEqual(['src/a.ts']);
      box.git(copy, 'reset', '--quiet', '--hard');
      box.git(copy, 'merge', '--no-commit', '--no-ff', '--quiet', side);
      expect((await staged()).paths).toEqual([]);
      box.write(copy, 'both.txt', 'x');
      box.git(copy, 'add', 'both.txt');
      expect((await staged()).paths).toEqual(['both.txt']);
      expect(await (await staged()).differing(third)).toEqual(['both.txt']);
    });
    const unborn = box.repository();
    box.write(unborn, 'a', 'a');
    box.git(unborn, 'add', 'a');
    expect((await readStaged(discoverRepository(unborn), gitIn(unborn, box.env), {}, unborn)).paths).toEqual(['a']);
  });

  it('a rebase makes again is known while it does', async () => {
    await inCopy(async (copy) => {
      const own = discoverRepository(copy);
      expect(replayedCommit(own)).toBeNull();
      box.git(copy, 'switch', '--quiet', '-c', 'topic', first);
      const mine = box.commit(copy, 'src/a.ts', 'mine\n');
      box.tryGit(copy, 'rebase', 'origin/main');
      expect(mine.startsWith(replayedCommit(own) ?? 'none')).toBe(true);
      box.git(copy, 'rebase', '--abort');
      box.tryGit(copy, 'rebase', '--apply', 'origin/main');
      expect(replayedCommit(own)).toBe(mine);
    });
  });
});

describe('two commits compared', () => {
  const compare = (head: string, upstream: string, seen: readonly string[] = []) =>
    compareHistory(repository(), git(), { head, upstream, seen });
  const commit = (id: string, subject: string) => ({ commit: id, subject, author: 'Test Person' });

  it('are ahead and behind by what one has and the other lacks, the newest first', async () => {
    expect(await compare(third, third)).toEqual({
      ...{ ahead: 0, behind: 0, missing: [], related: true, cutOff: false, dropped: null },
    });
    expect(await compare(first, third)).toMatchObject({
      ...{ ahead: 0, behind: 2, missing: [commit(third, 'three'), commit(second, 'two')], dropped: null },
    });
    expect(await compare(third, first)).toMatchObject({ ahead: 2, behind: 0, missing: [], dropped: null });
    expect(await compare(side, third)).toMatchObject({ ahead: 1, behind: 2, related: true });
  });

  it('tell what the upstream had once and has no more, gone back or on to something else', async () => {
    expect((await compare(third, first, [third])).dropped).toEqual({
      ...{ count: 2, newest: [commit(third, 'three'), commit(second, 'two')], rewound: true },
    });
    expect((await compare(third, side, [second])).dropped).toEqual({
      ...{ count: 1, newest: [commit(second, 'two')], rewound: false },
    });
    expect((await compare(side, first, [third])).dropped).toBeNull();
    expect((await compare(third, first, [ABSENT])).dropped).toBeNull();
  });

  it('are told how many there are, and the newest ten', async () => {
    expect(await commitsMissing(git(), { of: third, from: first })).toEqual({
      count: 2,
      newest: [commit(third, 'three'), commit(second, 'two')],
    });
    expect(await commitsMissing(git(), { of: first, from: third })).toEqual({ count: 0, newest: [] });
  });

  it('of no common history are not related; where a shallow clone ends, that is known', async () => {
    const orphan = box.git(clone, 'commit-tree', '-m', 'apart', idOf(`${first}^{tree}`));
    expect(await compare(third, orphan)).toMatchObject({ ahead: 3, behind: 1, related: false });
    expect(shallowBoundary(repository())).toEqual([]);
    const shallow = box.clone(`file://${clone}`, { args: ['--depth=1', '--no-single-branch'] });
    const own = discoverRepository(shallow);
    expect(shallowBoundary(own).sort()).toEqual([third, side].sort());
    const cut = await compareHistory(own, gitIn(shallow, box.env), { head: third, upstream: side, seen: [] });
    expect(cut.cutOff).toBe(true);
    const same = await compareHistory(own, gitIn(shallow, box.env), { head: third, upstream: third, seen: [] });
    expect(same.cutOff).toBe(false);
  });
});

describe('refs and revisions', () => {
  it('are read loose, packed, and as git knows them', async () => {
    await inCopy(async (copy) => {
      const [own, here] = [discoverRepository(copy), gitIn(copy, box.env)];
      const refs = ['refs/heads/main', 'refs/remotes/origin/side', 'refs/heads/nowhere', 'refs/heads'];
      for (const pack of [[], ['pack-refs', '--all']]) {
        if (pack.length > 0) box.git(copy, ...pack);
        expect(await Promise.all(refs.map((ref) => readRef(own, here, ref)))).toEqual([third, side, null, null]);
      }
      box.git(copy, 'symbolic-ref', 'refs/heads/alias', 'refs/heads/main');
      expect(await readRef(own, here, 'refs/heads/alias')).toBe(third);
      expect(await readHead(own, here)).toEqual({ commit: third, ref: 'refs/heads/main' });
      box.git(copy, 'switch', '--quiet', '--detach', second);
      expect(await readHead(own, here)).toEqual({ commit: second, ref: null });
      box.git(copy, 'switch', '--quiet', '--orphan', 'unborn');
      expect(await readHead(own, here)).toEqual({ commit: null, ref: 'refs/heads/unborn' });
    });
  });

  it('name commits, or nothing', async () => {
    box.git(clone, 'tag', '--annotate', '--message', 'x', 'v1', second);
    expect(await resolveCommit(git(), 'v1')).toBe(second);
    expect(await resolveCommit(git(), third.slice(0, 10))).toBe(third);
    for (const none of ['nowhere', `${third}:new.txt`, '--all', ''])
      expect(await resolveCommit(git(), none)).toBeNull();
    expect(await namedCommit(git(), 'main')).toBe(third);
    await expect(namedCommit(git(), 'x'.repeat(200))).rejects.toMatchObject({ code: 'usage' });
    await expect(namedCommit(git(), 'no"where')).rejects.toThrow('"no\\"where"');
  });

  it('contain one another, or not, or nobody can tell', async () => {
    expect(await isAncestor(git(), first, third)).toBe(true);
    expect(await isAncestor(git(), third, first)).toBe(false);
    expect(await isAncestor(git(), third, third)).toBe(true);
    expect(await isAncestor(git(), ABSENT, third)).toBeNull();
    expect(await isAncestor(git(), ABSENT, ABSENT)).toBe(true);
    expect(await absentCommits(git(), [third, ABSENT, first])).toEqual([ABSENT]);
    expect(await absentCommits(git(), [])).toEqual([]);
  });

  it('are swapped only from what they were, with those that follow and those that go', async () => {
    await inCopy(async (copy) => {
      const [own, here] = [discoverRepository(copy), gitIn(copy, box.env)];
      const swap = (to: string, from: string | null, more: object = {}, ref = 'refs/x/one') =>
        compareAndSwapRef(own, here, { ref, to, from }, more);
      const at = (ref: string) => readRef(own, here, ref);
      expect(await swap(first, third)).toMatchObject({ ok: false });
      expect(await swap(first, null)).toEqual({ ok: true });
      expect(await swap(second, null)).toMatchObject({ ok: false, stderr: expect.stringMatching(/\w/) });
      expect(await swap(second, third)).toMatchObject({ ok: false });
      expect(await at('refs/x/one')).toBe(first);
      expect(await swap(second, first, { follower: 'refs/x/two' })).toMatchObject({ ok: true });
      expect([await at('refs/x/one'), await at('refs/x/two')]).toEqual([second, second]);
      expect(await swap(third, second, { follower: 'refs/x/two', drop: 'refs/heads/main' })).toMatchObject({
        ok: true,
      });
      expect([await at('refs/x/one'), await at('refs/x/two'), await at('refs/heads/main')]).toEqual([
        third,
        third,
        null,
      ]);
      box.git(copy, 'pack-refs', '--all');
      expect(await swap(first, third, { follower: 'refs/x/two', drop: 'refs/remotes/origin/side' })).toMatchObject({
        ok: true,
      });
      expect([await at('refs/x/one'), await at('refs/x/two'), await at('refs/remotes/origin/side')]).toEqual([
        ...[first, first, null],
      ]);
      expect(await swap(first, null, { follower: 'refs/y/two', drop: 'refs/x/two' }, 'refs/y/one')).toEqual({
        ok: true,
      });
      expect([await at('refs/y/two'), await at('refs/x/two')]).toEqual([first, null]);
    });
  });

  it('have names that git allows', async () => {
    await checkRefName(git(), 'refs/coord/state');
    for (const name of ['refs/..', 'refs/a b', 'x'])
      await expect(checkRefName(git(), name)).rejects.toMatchObject({
        code: 'usage',
        message: expect.stringContaining(name),
      });
  });
});

describe('objects', () => {
  it('are written where git finds them, once, after a flush, and read at once', async () => {
    await inCopy(async (copy) => {
      const [own, here] = [discoverRepository(copy), gitIn(copy, box.env)];
      const objects = openObjects(own, here);
      const body = Buffer.from('some content\n');
      const id = objects.write('blob', body);
      expect(id).toBe(objectId(own, 'blob', body));
      expect(objects.write('blob', body)).toBe(id);
      expect(objects.readLoose(id)).toMatchObject({ type: 'blob', body });
      expect(box.tryGit(copy, 'cat-file', '-e', id).code).not.toBe(0);
      await objects.flush();
      expect(box.git(copy, 'cat-file', 'blob', id)).toBe('some content');
      expect(box.git(copy, 'fsck', '--strict', '--no-dangling')).toBe('');
      expect(openObjects(own, here).readLoose(id)).toEqual({ type: 'blob', body });
      await objects.flush();
    });
  });

  it('of packs are read by git, put beside them where that is asked, and damage is told', async () => {
    await inCopy(async (copy) => {
      box.git(copy, 'gc', '--quiet', '--prune=now');
      const [own, here] = [discoverRepository(copy), gitIn(copy, box.env)];
      const objects = openObjects(own, here);
      const ids = [`${third}:new.txt`, `${third}:src/a.ts`].map(idOf);
      expect(objects.readLoose(ids[0] ?? '')).toBeUndefined();
      const found = await objects.read([...ids, third]);
      expect(ids.map((id) => found.get(id)?.body.toString())).toEqual(['new\n', 'changed\n']);
      expect(found.get(third)?.type).toBe('commit');
      expect(objects.readLoose(ids[0] ?? '')).toBeUndefined();
      await objects.read([ids[0] ?? ''], 'unpack');
      expect(objects.readLoose(ids[0] ?? '')?.body.toString()).toBe('new\n');
      await expect(objects.read([ABSENT])).rejects.toMatchObject({
        code: 'corrupt',
        message: expect.stringContaining(ABSENT),
      });
      const [folder, name] = [ids[0]?.slice(0, 2) ?? '', ids[0]?.slice(2) ?? ''];
      const path = join(own.commonDir, 'objects', folder, name);
      chmodSync(path, 0o644);
      writeFileSync(path, 'torn');
      expect(() => openObjects(own, here).readLoose(ids[0] ?? '')).toThrow(/damaged/);
    });
  });
});
