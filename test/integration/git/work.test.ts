import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NeededWork } from '../../../src/domain/claims/work.js';
import { patternTarget } from '../../../src/domain/ground/patterns.js';
import { writeCommits } from '../../../src/git/background.js';
import { changesBetween, changesSince, mergeBase, readRaw } from '../../../src/git/changes.js';
import {
  blobsAt,
  changesBy,
  commitsBetween,
  commitsIn,
  mergeBases,
  changesBetween as rawChanges,
} from '../../../src/git/commit-range.js';
import { hasWorkOtherwise } from '../../../src/git/has-work.js';
import { countApart, mainBranchAsFetched, recordLastFetch } from '../../../src/git/main-branch.js';
import { discoverRepository } from '../../../src/git/repository.js';
import { gitIn } from '../../../src/git/run.js';
import { Sandbox } from '../../support/sandbox.js';

const ABSENT = 'f'.repeat(40);
const TEXT = Array.from({ length: 20 }, (_, line) => `line ${line}\n`).join('');

let box: Sandbox;
let clone: string;
/** `base` ← `work` (src/a.ts changed, src/old.ts renamed to lib/new.ts, src/gone.ts deleted) ← `more`; `other` stands on `base`. */
let [base, work, more, other, merge] = ['', '', '', '', ''];

beforeAll(() => {
  box = new Sandbox();
  clone = box.repository();
  box.write(clone, 'src/a.ts', 'a\n');
  box.write(clone, 'src/old.ts', TEXT);
  box.write(clone, 'src/gone.ts', 'gone\n');
  box.git(clone, 'add', '.');
  base = box.commit(clone, 'docs/x.md', 'x\n', 'base');
  box.git(clone, 'switch', '--quiet', '-c', 'work');
  box.git(clone, 'mv', 'src/old.ts', 'src/moved.ts');
  box.write(clone, 'lib/keep', '');
  box.git(clone, 'mv', 'src/moved.ts', 'lib/new.ts');
  box.git(clone, 'rm', '--quiet', 'src/gone.ts');
  work = box.commit(clone, 'src/a.ts', 'changed\n', 'work\n\nCoord-Claim: c1\nCoord-Claim: c2\n');
  more = box.commit(clone, 'src/ü.ts', 'more\n', 'more');
  box.git(clone, 'switch', '--quiet', '-c', 'other', base);
  other = box.commit(clone, 'docs/x.md', 'y\n', 'other');
  box.git(clone, 'merge', '--quiet', '--no-ff', '-m', 'merge', 'work');
  merge = box.git(clone, 'rev-parse', 'HEAD');
});
afterAll(() => box.cleanup());

const own = () => discoverRepository(clone);
const git = () => gitIn(clone, box.env);
const blob = (revision: string) => box.git(clone, 'rev-parse', revision);

describe('what changed between two commits', () => {
  it('is each path with what stands there later, both names of a rename, and what is gone', async () => {
    const changes = (await changesBetween(git(), base, work)) ?? [];
    expect([...changes].sort((a, b) => (a.path < b.path ? -1 : 1))).toEqual([
      { path: 'lib/new.ts', blob: blob(`${work}:lib/new.ts`), from: 'src/old.ts' },
      { path: 'src/a.ts', blob: blob(`${work}:src/a.ts`), from: null },
      { path: 'src/gone.ts', blob: null, from: null },
      { path: 'src/old.ts', blob: null, from: null },
    ]);
    expect(await changesBetween(git(), base, base)).toEqual([]);
    expect(await changesBetween(git(), ABSENT, base)).toBeNull();
    expect((await changesBetween(git(), work, more))?.map(({ path }) => path)).toEqual(['src/ü.ts']);
  });

  it('is told for each claim since its base, with what left it by a rename', async () => {
    const claim = (target: string, from: string | null = base) => ({ kind: 'directory' as const, target, base: from });
    const paths = async (...claims: ReturnType<typeof claim>[]) =>
      (await changesSince(git(), claims, work, false))
        ?.map((one) => `${one.base === base ? 'base' : one.base} ${one.path}`)
        .sort();
    expect(await paths(claim('src/**'))).toEqual([
      'base lib/new.ts',
      'base src/a.ts',
      'base src/gone.ts',
      'base src/old.ts',
    ]);
    expect(await paths(claim('lib/**'))).toEqual(['base lib/new.ts']);
    expect(await paths(claim('docs/**'))).toEqual([]);
    expect(await paths(claim('lib/**'), claim('src/**', work))).toEqual(['base lib/new.ts']);
    expect(await paths(claim('src/**', null))).toBeUndefined();
    expect(await paths(claim('src/**', ABSENT))).toBeUndefined();
    const resource = { kind: 'resource' as const, target: '@db', base };
    expect(await changesSince(git(), [resource], null, false)).toEqual([]);
    expect(await changesSince(git(), [claim('src/**')], null, false)).toBeNull();
    expect((await changesSince(git(), [claim('src/**', other)], more, false, work))?.map(({ path }) => path)).toEqual([
      'src/ü.ts',
    ]);
    expect(await changesSince(git(), [{ ...claim('LIB/**'), base }], work, true)).toHaveLength(1);
  });

  it('is too much to be told one by one, from two hundred paths on', async () => {
    const copy = box.clone(clone);
    for (let file = 0; file < 201; file += 1) writeFileSync(join(copy, `docs/${file}`), `${file}`);
    box.git(copy, 'add', '.');
    box.git(copy, 'commit', '--quiet', '-m', 'many');
    const many = box.git(copy, 'rev-parse', 'HEAD');
    const since = (from: string) =>
      changesSince(gitIn(copy, box.env), [{ kind: 'directory', target: 'docs/**', base: from }], many, false);
    expect(await since(merge)).toBeNull();
    box.git(copy, 'rm', '--quiet', 'docs/200');
    box.git(copy, 'commit', '--quiet', '--amend', '-m', 'fewer');
    const fewer = box.git(copy, 'rev-parse', 'HEAD');
    const claims = [{ kind: 'directory' as const, target: 'docs/**', base: merge }];
    expect(await changesSince(gitIn(copy, box.env), claims, fewer, false)).toHaveLength(200);
  });

  it('is read from git’s raw format', () => {
    const raw = `\n:100644 100644 aa bb M\0src/a\0:100644 100644 aa cc R087\0old\0new\0`;
    expect(readRaw(Buffer.from(raw))).toEqual([
      { id: 'bb', names: ['src/a'] },
      { id: 'cc', names: ['old', 'new'] },
    ]);
    expect(readRaw(Buffer.from(''))).toEqual([]);
  });

  it('parts at a common commit, where there is one', async () => {
    expect(await mergeBase(git(), other, more)).toBe(base);
    const orphan = box.git(clone, 'commit-tree', '-m', 'x', `${base}^{tree}`);
    expect(await mergeBase(git(), orphan, base)).toBeNull();
    await expect(mergeBase(git(), ABSENT, base)).rejects.toMatchObject({ code: 'fault' });
    expect(await mergeBases(git(), other, more)).toEqual([base]);
    expect(await mergeBases(git(), orphan, base)).toEqual([]);
    await expect(mergeBases(git(), ABSENT, base)).rejects.toMatchObject({ code: 'fault' });
  });
});

describe('work that HEAD has by another commit', () => {
  const needed = (changes: Partial<NeededWork> = {}): NeededWork => ({
    ...({ commit: work, base, ground: patternTarget('src/**'), changes: null } as unknown as NeededWork),
    ...changes,
  });
  const has = (head: string, changes: Partial<NeededWork> = {}, where = clone) =>
    hasWorkOtherwise(discoverRepository(where), gitIn(where, box.env), box.env, head, needed(changes));
  /** A commit on `base` with these files as `from` has them, made as by a squash or a pick. */
  function picked(from: string, ...paths: string[]): string {
    box.git(clone, 'switch', '--quiet', '--detach', base);
    box.git(clone, 'checkout', '--quiet', from, '--', ...paths);
    box.git(clone, 'commit', '--quiet', '--allow-empty', '-m', 'picked');
    return box.git(clone, 'rev-parse', 'HEAD');
  }

  it('is there where each changed path has its content, or had it since, or a merge would change nothing', async () => {
    box.git(clone, 'switch', '--quiet', '--detach', other);
    box.git(clone, 'cherry-pick', work);
    const pick = box.git(clone, 'rev-parse', 'HEAD');
    expect(await has(pick)).toBe(true);
    const later = box.commit(clone, 'src/a.ts', 'changed again\n');
    expect(await has(later)).toBe(true);
    expect(await has(other)).toBe(false);
    expect(await has(base)).toBe(false);
    expect(await has(picked(work, 'src/a.ts'))).toBe(false);
    expect(await has(picked(work, 'src/a.ts'), { ground: patternTarget('src/a.ts') })).toBe(true);
  });

  it('is told by what was recorded of it, where its commit is not here', async () => {
    const changes = [{ path: 'src/a.ts', blob: blob(`${work}:src/a.ts`) }];
    expect(await has(work, { commit: ABSENT, changes })).toBe(true);
    expect(await has(base, { commit: ABSENT, changes })).toBe(false);
    expect(await has(work, { commit: ABSENT })).toBe(false);
    expect(await has(work, { commit: ABSENT, changes: [{ path: 'src/gone.ts', blob: null }] })).toBe(true);
    expect(await has(base, { commit: ABSENT, changes: [{ path: 'src/gone.ts', blob: null }] })).toBe(false);
  });
});

describe('the commits of a range', () => {
  it('are read as they were made, newest first, with the claims that they name', async () => {
    const range = (include: string[], exclude: string[], single = false) =>
      commitsIn(own(), git(), { include, exclude, single });
    const found = await range(['work'], [base]);
    expect(found.map(({ id, parents, author, subject, named }) => ({ id, parents, author, subject, named }))).toEqual([
      { id: more, parents: [work], author: 'Test Person', subject: 'more', named: [] },
      { id: work, parents: [base], author: 'Test Person', subject: 'work', named: ['c1', 'c2'] },
    ]);
    expect(found[0]?.committedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/);
    expect((await range([work], [], true)).map(({ id }) => id)).toEqual([work]);
    expect((await range([merge], [other])).map(({ id }) => id)).toEqual([merge, more, work]);
    await expect(range([ABSENT], [])).rejects.toMatchObject({ code: 'fault' });
    expect((await commitsBetween(own(), git(), [merge], [other, work])).sort()).toEqual([merge, more].sort());
  });

  it('each change paths of their own; a merge what differs from all of its parents', async () => {
    const changed = await changesBy(own(), git(), [work, more, merge, base]);
    const names = (id: string) => [...(changed.get(id)?.keys() ?? [])].sort();
    expect(names(work)).toEqual(['lib/new.ts', 'src/a.ts', 'src/gone.ts', 'src/old.ts']);
    expect(names(more)).toEqual(['src/ü.ts']);
    expect(names(merge)).toEqual([]);
    expect(names(base)).toEqual(['docs/x.md', 'src/a.ts', 'src/gone.ts', 'src/old.ts']);
    expect(changed.get(work)?.get('src/a.ts')).toContain(` ${blob(`${base}:src/a.ts`)} ${blob(`${work}:src/a.ts`)} M`);
    expect([...(await rawChanges(own(), git(), base, other)).keys()]).toEqual(['docs/x.md']);
    expect((await rawChanges(own(), git(), base, base)).size).toBe(0);
  });

  it('have a file each, or not', async () => {
    expect(await blobsAt(git(), [base, work, ABSENT], 'src/gone.ts')).toEqual([
      blob(`${base}:src/gone.ts`),
      null,
      null,
    ]);
    expect(await blobsAt(git(), [base], 'src')).toEqual([null]);
    expect(await blobsAt(git(), [], 'src')).toEqual([]);
  });
});

describe('the main branch, as it was fetched last', () => {
  const ask = (where: string, question: object = {}) =>
    mainBranchAsFetched(discoverRepository(where), gitIn(where, box.env), {
      remote: 'origin',
      mainBranch: null,
      ...question,
    });

  it('is the one that the remote named, the one that is configured, or a customary one', async () => {
    box.git(clone, 'switch', '--quiet', 'main');
    const copy = box.clone(clone);
    expect(await ask(copy)).toEqual({ name: 'origin/main', commit: base, fetched: true });
    expect(await ask(copy, { mainBranch: 'work' })).toEqual({ name: 'origin/work', commit: more, fetched: true });
    expect(await ask(copy, { mainBranch: 'nowhere' })).toBeNull();
    box.git(copy, 'remote', 'set-head', 'origin', 'work');
    expect((await ask(copy))?.name).toBe('origin/work');
    box.git(copy, 'remote', 'set-head', 'origin', '--delete');
    expect((await ask(copy))?.name).toBe('origin/main');
    expect((await ask(copy, { told: 'other' }))?.name).toBe('origin/other');
    expect(await ask(copy, { remote: 'elsewhere' })).toEqual({ name: 'main', commit: base, fetched: false });
    expect(await ask(copy, { remote: 'elsewhere', fetchedOnly: true })).toBeNull();
  });

  it('is where coord fetched it, unless git did so later', async () => {
    const copy = box.clone(clone);
    const fetched = (commit: string, at: string, more: object = {}) =>
      recordLastFetch(discoverRepository(copy), { remote: 'origin', branch: 'main', commit, at, ...more });
    for (const tip of [work, base]) box.git(copy, 'update-ref', '-m', 'fetch', 'refs/remotes/origin/main', tip);
    fetched(other, '2100-01-01T00:00:00.000Z');
    expect(await ask(copy)).toMatchObject({ name: 'origin/main', commit: other, fetched: true });
    fetched(other, '2001-01-01T00:00:00.000Z');
    expect((await ask(copy))?.commit).toBe(base);
    fetched(more, '2100-01-01T00:00:00.000Z', { branch: 'work', isDefault: true });
    expect(await ask(copy)).toMatchObject({ name: 'origin/work', commit: more });
    fetched(more, '2100-01-01T00:00:00.000Z', { branch: 'work', isDefault: false });
    expect((await ask(copy))?.name).toBe('origin/main');
    fetched('odd', '2100-01-01T00:00:00.000Z');
    expect((await ask(copy))?.commit).toBe(base);
  });

  it('is apart from HEAD by so many commits, where that can be told', async () => {
    expect(await countApart(git(), more, other)).toEqual({ ahead: 2, behind: 1 });
    expect(await countApart(git(), ABSENT, other)).toBeNull();
  });
});

it('many commits are written at once, as one pack, and are what git makes of them', async () => {
  const copy = box.clone(clone);
  const tree = blob(`${base}^{tree}`);
  const sizes = [10, 200, 5_000, 70_000];
  const bodies = sizes.map((size) =>
    Buffer.from(`tree ${tree}\nauthor A <a@x> 1 +0000\ncommitter A <a@x> 1 +0000\n\n${'x'.repeat(size)}\n`),
  );
  await writeCommits(discoverRepository(copy), gitIn(copy, box.env), bodies);
  const ids = box
    .git(copy, 'cat-file', '--batch-all-objects', '--batch-check=%(objecttype) %(objectname) %(objectsize)')
    .split('\n');
  for (const body of bodies)
    expect(ids.some((line) => line.startsWith('commit ') && line.endsWith(` ${body.length}`))).toBe(true);
  expect(box.git(copy, 'fsck', '--no-dangling')).not.toContain('error');
});
