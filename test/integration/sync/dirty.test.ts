import { mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { type Sandbox, sandbox } from '../../support/sandbox.js';
import { inSync, refused } from './rig.js';

let box: Sandbox;
let clone: string;

const CLEAN = { requireClean: true, covers: (path: string) => path.startsWith('src/') };

beforeEach(() => {
  box = sandbox();
  const remote = box.bareRemote();
  clone = box.clone(remote);
  box.commit(clone, 'src/a.ts', 'a\n'.repeat(20));
  box.commit(clone, 'src/b.ts', 'b\n');
  box.commit(clone, 'docs/c.md', 'c\n');
  box.git(clone, 'push', '--quiet', 'origin', 'main');
});

async function dirty(): Promise<readonly string[]> {
  const refusal = await refused(box, clone, CLEAN);
  expect(refusal).toMatchObject({ code: 'behind', reason: 'dirty' });
  return refusal.report.dirty;
}

describe('a clean tree is asked for', () => {
  test('and there', async () => {
    expect(await inSync(box, clone, CLEAN)).toMatchObject({ dirty: [] });
  });

  test('changes, additions and removals of the surface, staged or not', async () => {
    box.write(clone, 'src/a.ts', 'changed\n');
    box.write(clone, 'src/new/deep.ts', 'new\n');
    box.write(clone, 'src/staged.ts', 'staged\n');
    box.git(clone, 'add', 'src/staged.ts');
    rmSync(`${clone}/src/b.ts`);
    expect(await dirty()).toEqual(['src/a.ts', 'src/b.ts', 'src/new/deep.ts', 'src/staged.ts']);
    const { message } = await refused(box, clone, CLEAN);
    expect(message).toBe('not clean: src/a.ts, src/b.ts, src/new/deep.ts and 1 more are not committed');
  });

  test('but only of the surface, and not of what is ignored', async () => {
    box.write(clone, 'docs/c.md', 'changed\n');
    box.write(clone, 'notes.txt', 'new\n');
    box.write(clone, '.git/info/exclude', 'src/*.log\n');
    box.write(clone, 'src/debug.log', 'ignored\n');
    await inSync(box, clone, CLEAN);
    await inSync(box, clone, { covers: () => true });
  });

  test('a rename counts under both names', async () => {
    mkdirSync(`${clone}/lib`);
    box.git(clone, 'mv', 'src/a.ts', 'lib/a.ts');
    expect(await dirty()).toEqual(['src/a.ts']);
    box.git(clone, 'reset', '--quiet', '--hard');
    box.git(clone, 'mv', 'docs/c.md', 'src/c.md');
    expect(await dirty()).toEqual(['src/c.md']);
  });

  test.each(['with blank', 'new\nline', 'quo"te', "it's", 'tab\there', '💥', 'é', 'é', '-dash', '? x', 'back\\slash'])(
    'a file called %j, new, changed and concealed',
    async (name) => {
      const path = `src/${name}`;
      box.write(clone, path, 'new\n');
      expect(await dirty()).toEqual([path]);
      box.git(clone, 'add', '--', path);
      expect(await dirty()).toEqual([path]);
      box.git(clone, 'commit', '--quiet', '--message', 'it');
      await inSync(box, clone, CLEAN);
      box.write(clone, path, 'changed\n');
      expect(await dirty()).toEqual([path]);
      box.git(clone, 'update-index', '--assume-unchanged', '--', path);
      expect(await dirty()).toEqual([path]);
    },
  );

  test('a concealed file whose whole path is quoted', async () => {
    box.commit(clone, '"src"', 'x\n');
    box.git(clone, 'update-index', '--assume-unchanged', '"src"');
    box.write(clone, '"src"', 'changed\n');
    expect((await refused(box, clone, { requireClean: true })).report.dirty).toEqual(['"src"']);
  });

  test('settings that hide changes do not hide them here', async () => {
    box.git(clone, 'config', 'status.showUntrackedFiles', 'no');
    box.git(clone, 'config', 'status.renames', 'copies');
    box.git(clone, 'config', 'core.quotePath', 'true');
    box.git(clone, 'config', 'status.short', 'true');
    box.git(clone, 'config', 'status.branch', 'true');
    box.git(clone, 'config', 'status.showStash', 'true');
    box.write(clone, 'src/ü.ts', 'new\n');
    expect(await dirty()).toEqual(['src/ü.ts']);
  });

  test.each(['--assume-unchanged', '--skip-worktree'])('%s conceals nothing', async (flag) => {
    box.git(clone, 'update-index', flag, 'src/a.ts', 'src/b.ts', 'docs/c.md');
    await inSync(box, clone, CLEAN);
    box.write(clone, 'src/b.ts', 'changed\n');
    box.write(clone, 'docs/c.md', 'changed\n');
    expect(box.git(clone, 'status', '--porcelain')).toBe('');
    expect(await dirty()).toEqual(['src/b.ts']);
    rmSync(`${clone}/src/b.ts`);
    symlinkSync('a.ts', `${clone}/src/b.ts`);
    expect(await dirty()).toEqual(['src/b.ts']);
  });

  test('a file that is gone is a change, unless a sparse checkout leaves it out', async () => {
    box.git(clone, 'update-index', '--assume-unchanged', 'src/b.ts');
    rmSync(`${clone}/src/b.ts`);
    expect(await dirty()).toEqual(['src/b.ts']);
    box.git(clone, 'update-index', '--no-assume-unchanged', 'src/b.ts');
    box.git(clone, 'update-index', '--skip-worktree', 'src/b.ts');
    await inSync(box, clone, CLEAN);
    box.git(clone, 'reset', '--quiet', '--hard');
    box.git(clone, 'sparse-checkout', 'set', 'docs');
    await inSync(box, clone, CLEAN);
  });

  test('conflicts of a stash that was put back', async () => {
    for (const file of ['src/a b.ts', 'docs/c.md']) box.commit(clone, file, 'one\n');
    for (const file of ['src/a b.ts', 'docs/c.md']) box.write(clone, file, 'two\n');
    box.git(clone, 'stash', '--quiet');
    for (const file of ['src/a b.ts', 'docs/c.md']) box.commit(clone, file, 'three\n');
    expect(box.tryGit(clone, 'stash', 'pop').code).not.toBe(0);
    expect(box.git(clone, 'ls-files', '--unmerged')).toContain('src/a b.ts');
    expect(await dirty()).toEqual(['src/a b.ts']);
  });

  test('an untracked repository inside the surface', async () => {
    box.git(clone, 'init', '--quiet', 'src/inner');
    box.commit(`${clone}/src/inner`, 'x', 'x');
    expect(await dirty()).toEqual(['src/inner']);
  });

  test('being behind is told before being dirty', async () => {
    box.git(clone, 'reset', '--quiet', '--hard', 'HEAD~1');
    box.write(clone, 'src/new.ts', 'new\n');
    expect(await refused(box, clone, CLEAN)).toMatchObject({ reason: 'behind', report: { dirty: ['src/new.ts'] } });
  });
});

test('a name in the message cannot act on the terminal', async () => {
  renameSync(`${clone}/src/a.ts`, `${clone}/src/\u001b[2Ja`);
  const { message } = await refused(box, clone, CLEAN);
  expect(message).toBe('not clean: src/\\u001b[2Ja, src/a.ts are not committed');
});
