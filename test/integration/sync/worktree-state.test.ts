import { existsSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { command } from '../../../src/domain/suggestion.js';
import { type Sandbox, sandbox } from '../../support/sandbox.js';
import { inSync, refused } from './rig.js';

let box: Sandbox;
let remote: string;
let clone: string;

beforeEach(() => {
  box = sandbox();
  remote = box.bareRemote();
  clone = box.clone(remote);
});

describe('an operation that waits to be continued', () => {
  /** Two branches that change the same file, the checked-out one ahead of the upstream. */
  beforeEach(() => {
    box.git(clone, 'switch', '--quiet', '-c', 'side');
    box.commit(clone, 'f', 'side\n');
    box.commit(clone, 'g', 'side\n');
    box.git(clone, 'format-patch', '--quiet', '-1', '--output', box.path('patch'), 'HEAD~1');
    box.git(clone, 'switch', '--quiet', 'main');
    box.commit(clone, 'f', 'main\n');
  });

  test.each([
    ['rebase', ['rebase', 'side']],
    ['rebase', ['rebase', '--apply', 'side']],
    ['merge', ['merge', 'side']],
    ['cherry-pick', ['cherry-pick', 'side~1', 'side']],
    ['revert', ['revert', '--no-edit', 'side~1']],
    ['am', ['am', 'PATCH']],
  ])('%s', async (operation, args) => {
    const { code } = box.tryGit(clone, ...args.map((arg) => (arg === 'PATCH' ? box.path('patch') : arg)));
    expect(code).not.toBe(0);
    const refusal = await refused(box, clone);
    expect(refusal).toMatchObject({ code: 'unavailable', reason: 'interrupted' });
    expect(refusal.message).toBe(
      `cannot know: a ${operation === 'am' ? 'git am' : operation} is unfinished in this worktree`,
    );
    expect(refusal.hint).toContain(`git ${operation} --continue`);
    box.git(clone, operation, '--abort');
    await inSync(box, clone);
  });

  test('a series of which one commit was made by hand', async () => {
    box.tryGit(clone, 'cherry-pick', 'side~1', 'side');
    box.git(clone, 'commit', '--quiet', '--all', '--message', 'by hand');
    expect(await refused(box, clone)).toMatchObject({ reason: 'interrupted' });
  });

  test('bisect', async () => {
    box.git(clone, 'bisect', 'start');
    expect(await refused(box, clone)).toMatchObject({
      reason: 'interrupted',
      hint: `${command('git bisect reset')}, then repeat`,
    });
    box.git(clone, 'bisect', 'reset');
    await inSync(box, clone);
  });

  test('in one worktree does not concern another', async () => {
    const worktree = box.worktree(clone, 'second');
    expect(box.tryGit(worktree, 'merge', 'side').code).toBe(1);
    expect(await refused(box, worktree)).toMatchObject({ reason: 'interrupted' });
    await inSync(box, clone);
  });
});

describe('submodules', () => {
  let library: string;
  let user: string;
  let pin: string;

  beforeEach(() => {
    const allow = ['-c', 'protocol.file.allow=always'];
    library = box.bareRemote({ name: 'library.git' });
    box.git(clone, ...allow, 'submodule', '--quiet', 'add', library, 'lib dir/ü');
    box.git(clone, 'commit', '--quiet', '--message', 'add the library');
    box.git(clone, 'push', '--quiet', 'origin', 'main');
    pin = box.git(`${clone}/lib dir/ü`, 'rev-parse', 'HEAD');
    user = box.clone(remote);
  });

  test('not checked out', async () => {
    const refusal = await refused(box, user);
    expect(refusal).toMatchObject({ code: 'behind', reason: 'submodule' });
    expect(refusal.message).toBe(`submodule lib dir/ü is not checked out, its pin is ${pin.slice(0, 12)}`);
    expect(refusal.report.submodules).toEqual([{ path: 'lib dir/ü', pin, at: null }]);
  });

  test('at its pin, behind it, and ahead of it', async () => {
    await inSync(box, clone);
    const ahead = box.commit(`${clone}/lib dir/ü`, 'new', 'new');
    expect(await refused(box, clone)).toMatchObject({
      reason: 'submodule',
      report: { submodules: [{ path: 'lib dir/ü', pin, at: ahead }] },
    });
    box.git(clone, 'add', 'lib dir/ü');
    box.git(clone, 'commit', '--quiet', '--message', 'move the pin');
    await inSync(box, clone);
    box.git(`${clone}/lib dir/ü`, 'checkout', '--quiet', pin);
    box.git(clone, 'config', 'diff.ignoreSubmodules', 'all');
    box.write(clone, 'deep/file', 'x');
    expect(await refused(box, `${clone}/deep`)).toMatchObject({
      reason: 'submodule',
      report: { submodules: [{ pin: ahead, at: pin }] },
    });
  });

  test('inside one, its own upstream counts', async () => {
    await inSync(box, `${clone}/lib dir/ü`);
    const other = box.clone(library);
    box.commit(other, 'a', 'a');
    box.git(other, 'push', '--quiet', 'origin', 'main');
    expect(await refused(box, `${clone}/lib dir/ü`)).toMatchObject({ reason: 'behind' });
  });
});

test('a subdirectory and a linked worktree are checked as the worktree that they belong to', async () => {
  const worktree = box.worktree(clone, 'linked');
  box.write(worktree, 'deep/er/file', 'x');
  expect(existsSync(`${clone}/deep`)).toBe(false);
  expect(await refused(box, `${worktree}/deep/er`, { requireClean: true })).toMatchObject({
    reason: 'dirty',
    report: { branch: 'linked', dirty: ['deep/er/file'] },
  });
  await inSync(box, clone, { requireClean: true });
});
