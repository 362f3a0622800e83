import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inProcess } from '../support/in-process.js';
import { type Sandbox, sandbox } from '../support/sandbox.js';

async function ready(box: Sandbox, clone: string) {
  const fleet = inProcess(box);
  expect((await fleet.run('maya', clone, ['init'])).code).toBe(0);
  return (agent: string, cwd: string, ...args: string[]) => fleet.run(agent, cwd, args);
}

const COMMANDS = [['status'], ['claim', 'a'], ['release', 'a'], ['renew'], ['init']];

describe('where there is no worktree', () => {
  it.each([
    ['not a git repository', (box: Sandbox) => box.home, 'not a git repository', 'git init'],
    ['a bare repository', (box: Sandbox) => box.bareRemote(), 'bare repository', 'clone'],
    ['inside a bare repository', (box: Sandbox) => join(box.bareRemote(), 'refs'), 'bare repository', 'clone'],
    ['inside .git', (box: Sandbox) => join(box.repository('r'), '.git'), 'inside', 'cd '],
    ['deep inside .git', (box: Sandbox) => join(box.repository('r'), '.git', 'refs', 'heads'), 'inside', 'cd '],
  ])('%s: exit 2 says so and what to do', async (_, make, message, hint) => {
    const box = sandbox();
    const cwd = make(box);
    for (const args of COMMANDS) {
      const result = await inProcess(box).run('maya', cwd, [...args, '--json']);
      expect([args, result.code]).toEqual([args, 2]);
      expect(result.json().error.message).toContain(message);
      expect(result.json().error.hint).toContain(hint);
    }
  });

  it('a .git file that leads nowhere: exit 2 names it', async () => {
    const box = sandbox();
    box.write(box.path('lost'), '.git', 'gitdir: /nowhere/.git/worktrees/lost\n');
    const result = await inProcess(box).run('maya', box.path('lost'), ['status']);
    expect([result.code, result.stderr]).toEqual([2, expect.stringContaining('.git')]);
  });

  it('a submodule’s git directory: exit 2', async () => {
    const { box, submodule } = withSubmodule();
    const gitDirectory = box.git(submodule, 'rev-parse', '--absolute-git-dir');
    const result = await inProcess(box).run('maya', gitDirectory, ['status']);
    expect([result.code, result.stderr]).toEqual([2, expect.stringContaining('not in a worktree')]);
  });
});

describe('before coord init', () => {
  it('every command says so: exit 2, coord init', async () => {
    const box = sandbox();
    const clone = box.repository();
    for (const args of [['status'], ['claim', 'a'], ['release', 'a'], ['renew']]) {
      const result = await inProcess(box).run('maya', clone, [...args, '--json']);
      expect([args, result.code, result.json().error.hint]).toEqual([args, 2, 'coord init']);
    }
    expect(existsSync(join(clone, 'coord.config.json'))).toBe(false);
  });
});

describe('a repository', () => {
  it('without a commit can be set up, claimed in and released in', async () => {
    const box = sandbox();
    const clone = box.repository();
    const run = await ready(box, clone);
    const claimed = await run('maya', clone, 'claim', 'src/a.ts', '--json');
    expect(claimed.json().data.claims).toMatchObject([{ target: 'src/a.ts', base: null }]);
    expect((await run('noor', clone, 'claim', 'src/a.ts')).code).toBe(3);
    const released = await run('maya', clone, 'release', 'src/a.ts', '--json');
    expect(released.json().data).toMatchObject({ commit: null, released: [{ target: 'src/a.ts' }] });
    expect((await run('noor', clone, 'claim', 'src/a.ts')).code).toBe(0);
  });

  it('with a detached HEAD works, and a release records that commit', async () => {
    const box = sandbox();
    const clone = box.repository();
    box.commit(clone, 'a', '1');
    const run = await ready(box, clone);
    await run('maya', clone, 'claim', 'a');
    box.git(clone, 'checkout', '--quiet', '--detach');
    const work = box.commit(clone, 'a', '2');
    const released = await run('maya', clone, 'release', 'a', '--json');
    expect(released.json().data.commit).toBe(work);
  });

  it('in the middle of a rebase or a merge works', async () => {
    const box = sandbox();
    const clone = box.repository();
    box.commit(clone, 'a', '1');
    const run = await ready(box, clone);
    box.git(clone, 'checkout', '--quiet', '-b', 'other');
    box.commit(clone, 'a', 'theirs');
    box.git(clone, 'checkout', '--quiet', 'main');
    box.commit(clone, 'a', 'ours');
    expect(box.tryGit(clone, 'rebase', 'other').code).toBe(1);
    expect((await run('maya', clone, 'claim', 'a')).code).toBe(0);
    expect((await run('noor', clone, 'claim', 'a')).code).toBe(3);
    box.git(clone, 'rebase', '--abort');
  });

  it('is one, from its root, a subdirectory, a linked directory and each linked worktree', async () => {
    const box = sandbox();
    const clone = box.repository();
    box.commit(clone, 'src/deep/a.ts', 'a');
    const run = await ready(box, clone);
    const worktree = box.worktree(clone);
    symlinkSync(clone, box.path('alias'));
    await run('maya', join(clone, 'src', 'deep'), 'claim', 'a.ts');
    const [root, deep, alias] = [clone, join(clone, 'src', 'deep'), join(box.path('alias'), 'src')];
    const places: [string, string][] = [
      [root, 'src/deep/a.ts'],
      [deep, 'a.ts'],
      [alias, 'deep/a.ts'],
      [worktree, 'src/deep/a.ts'],
      [join(worktree, 'src'), './deep/a.ts'],
      [worktree, join(worktree, 'src/deep/a.ts')],
    ];
    for (const [cwd, target] of places) {
      const result = await run('noor', cwd, 'claim', target, '--json');
      expect([cwd, result.code, result.json().error.details.conflicts[0].target]).toEqual([cwd, 3, 'src/deep/a.ts']);
    }
    expect((await run('maya', join(worktree, 'src'), 'release', 'deep/a.ts')).code).toBe(0);
  });

  it('with a path of another worktree is outside', async () => {
    const box = sandbox();
    const clone = box.repository();
    box.commit(clone, 'a', 'a');
    const run = await ready(box, clone);
    const worktree = box.worktree(clone);
    const result = await run('maya', clone, 'claim', join(worktree, 'a'));
    expect([result.code, result.stderr]).toEqual([2, expect.stringContaining('outside the repository')]);
  });

  it('inside another is the inner one; a submodule has a coordination of its own', async () => {
    const { box, clone, submodule } = withSubmodule();
    const run = await ready(box, clone);
    expect((await run('maya', submodule, 'status')).code).toBe(2);
    await ready(box, submodule);
    expect((await run('maya', submodule, 'claim', 'a')).code).toBe(0);
    expect((await run('noor', clone, 'claim', 'a')).code).toBe(0);
    expect((await run('noor', clone, 'claim', 'module')).code).toBe(0);
    expect((await run('omar', submodule, 'claim', 'a')).code).toBe(3);
  });

  it('that folds case: variants of a name are one', async () => {
    const box = sandbox();
    const clone = box.repository();
    box.git(clone, 'config', 'core.ignoreCase', 'true');
    const run = await ready(box, clone);
    await run('maya', clone, 'claim', 'src/File.ts');
    for (const variant of ['src/File.ts', 'src/file.ts', 'SRC/FILE.TS', 'Src', 'SRC/*.TS']) {
      expect([variant, (await run('noor', clone, 'claim', variant)).code]).toEqual([variant, 3]);
    }
    expect((await run('maya', clone, 'release', 'SRC/file.ts')).code).toBe(0);
  });

  it('that does not fold case: variants are two', async () => {
    const box = sandbox();
    const clone = box.repository();
    const run = await ready(box, clone);
    await run('maya', clone, 'claim', 'src/File.ts');
    expect((await run('noor', clone, 'claim', 'src/file.ts')).code).toBe(0);
  });

  it('whose git directory is elsewhere (--separate-git-dir) works', async () => {
    const box = sandbox();
    box.git(box.directory, 'init', '--quiet', '--separate-git-dir', box.path('apart.git'), 'apart');
    const run = await ready(box, box.path('apart'));
    expect((await run('maya', box.path('apart'), 'claim', 'a')).code).toBe(0);
    expect(readdirSync(box.path('apart.git'))).toContain('coord');
  });
});

describe('a git directory that cannot be written', () => {
  /** Root may write anywhere, so the program then runs as nobody. */
  function asNobody(box: Sandbox, cwd: string, args: readonly string[]) {
    const user = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    const env = { ...box.env, COORD_AGENT: 'noor' };
    return spawnSync(process.execPath, [box.program, ...args], { cwd, env, encoding: 'utf8', ...user });
  }

  it('still reads and refuses; nothing is granted: exit 7', async () => {
    const box = sandbox();
    const clone = box.repository();
    await ready(box, clone);
    // By the clock of the programs that look at it below.
    await box.coord(clone, ['claim', 'a'], { env: { COORD_AGENT: 'maya' } });
    const before = box.git(clone, 'rev-parse', 'coord/state');
    rmSync(join(clone, '.git', 'coord'), { recursive: true });
    spawnSync('chmod', ['-R', 'a-w,a+rX', box.directory]);
    const refused = asNobody(box, clone, ['claim', 'a']);
    const status = asNobody(box, clone, ['status']);
    const granted = asNobody(box, clone, ['claim', 'b', '--json']);
    spawnSync('chmod', ['-R', 'u+w', box.directory]);
    expect([refused.status, refused.stderr]).toEqual([3, expect.stringContaining('held by maya')]);
    expect([status.status, status.stdout]).toEqual([0, expect.stringContaining('maya')]);
    expect(granted.status).toBe(7);
    expect(JSON.parse(granted.stdout).error).toMatchObject({ code: 'unavailable', hint: expect.any(String) });
    expect(box.git(clone, 'rev-parse', 'coord/state')).toBe(before);
  });
});

function withSubmodule() {
  const box = sandbox();
  const inner = box.repository('inner');
  box.commit(inner, 'a', 'a');
  const clone = box.repository('outer');
  box.commit(clone, 'a', 'a');
  box.git(clone, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', inner, 'module');
  box.git(clone, 'commit', '--quiet', '--message', 'add the submodule');
  return { box, clone, submodule: join(clone, 'module') };
}
