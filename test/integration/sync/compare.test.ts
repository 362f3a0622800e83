import { chmodSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { type Sandbox, sandbox } from '../../support/sandbox.js';
import { inSync, NOW, refused } from './rig.js';

let box: Sandbox;
let remote: string;
let other: string;
let clone: string;

beforeEach(() => {
  box = sandbox();
  remote = box.bareRemote();
  other = box.clone(remote);
  clone = box.clone(remote);
});

/** Commits and pushes in the other clone; returns the commit. */
function pushed(file: string, message = `change ${file}`): string {
  const commit = box.commit(other, file, message, message);
  box.git(other, 'push', '--quiet', 'origin', 'HEAD');
  return commit;
}

describe('HEAD and the upstream', () => {
  test('equal', async () => {
    const head = box.git(clone, 'rev-parse', 'HEAD');
    expect(await inSync(box, clone)).toEqual({
      inSync: true,
      ahead: 0,
      behind: 0,
      head,
      upstream: 'origin/main',
      upstreamCommit: head,
      fetchedAt: NOW,
      missing: [],
      branch: 'main',
      rewritten: false,
      dropped: [],
      dirty: [],
      submodules: [],
    });
  });

  test('ahead with own commits', async () => {
    box.commit(clone, 'a', 'a');
    box.commit(clone, 'b', 'b');
    expect(await inSync(box, clone)).toMatchObject({ ahead: 2, behind: 0 });
    box.git(clone, 'push', '--quiet', 'origin', 'main');
    expect(await inSync(box, clone)).toMatchObject({ ahead: 0, behind: 0 });
  });

  test('behind', async () => {
    const first = pushed('a', 'fix docs links');
    const second = pushed('b', 'paginate users');
    const { code, reason, message, hint, report } = await refused(box, clone);
    expect([code, reason]).toEqual(['behind', 'behind']);
    expect(message).toBe('behind: HEAD lacks 2 commits of origin/main');
    expect(hint).toContain('git pull --rebase origin main');
    expect(report).toMatchObject({ ahead: 0, behind: 2, upstreamCommit: second });
    expect(report.missing).toEqual([
      { commit: second, subject: 'paginate users', author: 'Test Person' },
      { commit: first, subject: 'fix docs links', author: 'Test Person' },
    ]);
    box.git(clone, 'pull', '--quiet', '--rebase', 'origin', 'main');
    await inSync(box, clone);
  });

  test('diverged', async () => {
    pushed('a');
    box.commit(clone, 'b', 'b');
    expect(await refused(box, clone)).toMatchObject({
      code: 'behind',
      reason: 'diverged',
      message: 'behind: HEAD lacks 1 commit of origin/main, and has 1 commit of its own',
      report: { ahead: 1, behind: 1 },
    });
  });

  test('far behind: the newest ten are told, and all are counted', async () => {
    const commits = Array.from({ length: 12 }, (_, at) => box.commit(other, 'a', `${at}`));
    box.git(other, 'push', '--quiet', 'origin', 'main');
    const { report } = await refused(box, clone);
    expect(report.behind).toBe(12);
    expect(report.missing.map(({ commit }) => commit)).toEqual(commits.reverse().slice(0, 10));
  });

  test('on a detached HEAD, and on a branch of another name', async () => {
    box.git(clone, 'switch', '--quiet', '--detach');
    expect(await inSync(box, clone)).toMatchObject({ branch: null });
    pushed('a');
    expect(await refused(box, clone)).toMatchObject({ reason: 'behind' });
    box.git(clone, 'switch', '--quiet', '-c', 'feature/x');
    expect(await refused(box, clone)).toMatchObject({ reason: 'behind', report: { branch: 'feature/x' } });
    box.git(clone, 'pull', '--quiet', '--rebase', 'origin', 'main');
    expect(await inSync(box, clone)).toMatchObject({ branch: 'feature/x' });
  });

  test('share no history', async () => {
    box.git(clone, 'switch', '--quiet', '--orphan', 'alone');
    box.commit(clone, 'x', 'x');
    expect(await refused(box, clone)).toMatchObject({
      code: 'unavailable',
      reason: 'unrelated',
      message: 'cannot know: HEAD and origin/main share no history',
    });
  });

  test('HEAD without a commit', async () => {
    const empty = box.repository();
    box.git(empty, 'remote', 'add', 'origin', remote);
    expect(await refused(box, empty)).toMatchObject({ code: 'unavailable', reason: 'unborn', report: { head: null } });
  });

  test('replaced or grafted commits do not make a stale copy look current', async () => {
    const tip = pushed('a');
    const head = box.git(clone, 'rev-parse', 'HEAD');
    box.git(clone, 'fetch', '--quiet');
    box.git(clone, 'replace', '--graft', head, tip);
    expect(box.git(clone, 'rev-list', '--count', `${head}..${tip}`)).toBe('0');
    expect(await refused(box, clone)).toMatchObject({ reason: 'behind', report: { behind: 1 } });
    box.git(clone, 'replace', '--delete', head);
    box.write(clone, '.git/info/grafts', `${head} ${tip}\n${tip}\n`);
    expect(box.git(clone, 'rev-list', '--count', `${head}..${tip}`)).toBe('0');
    expect(await refused(box, clone)).toMatchObject({ reason: 'behind', report: { behind: 1 } });
  });

  test('a signature that git is told to show does not get between', async () => {
    const program = box.write(box.directory, 'gpg', '#!/bin/sh\necho shown; echo shown >&2\n');
    chmodSync(program, 0o755);
    box.git(clone, 'config', 'log.showSignature', 'true');
    box.git(clone, 'config', 'gpg.program', program);
    const plain = box.git(other, 'cat-file', 'commit', pushed('a'));
    const signature = 'gpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----';
    const file = box.write(box.directory, 'signed', plain.replace('\n\n', `\n${signature}\n\n`));
    const commit = box.git(other, 'hash-object', '-t', 'commit', '-w', file);
    box.git(other, 'push', '--quiet', '--force', 'origin', `${commit}:main`);
    expect((await refused(box, clone)).report.missing).toMatchObject([{ commit, subject: 'change a' }]);
  });

  test('hostile subjects and settings of the log do not break the list', async () => {
    box.git(clone, 'config', 'log.decorate', 'full');
    box.git(clone, 'config', 'color.ui', 'always');
    const subject = '"},{"commit":"x\t\u001b[31m%x00 %H \u202e 💥';
    const commit = pushed('a', `${subject}\n\nbody`);
    const { report } = await refused(box, clone);
    expect(report.missing).toEqual([{ commit, subject, author: 'Test Person' }]);
  });
});

describe('which branch is the upstream', () => {
  test('the default branch was renamed on the remote', async () => {
    const tip = pushed('a');
    box.git(clone, 'pull', '--quiet', '--rebase');
    box.git(remote, 'branch', '--move', 'main', 'trunk');
    box.git(remote, 'symbolic-ref', 'HEAD', 'refs/heads/trunk');
    expect(await inSync(box, clone)).toMatchObject({ upstream: 'origin/trunk', upstreamCommit: tip });
    box.git(other, 'push', '--quiet', 'origin', `${box.commit(other, 'b', 'b')}:refs/heads/trunk`);
    expect(await refused(box, clone)).toMatchObject({ reason: 'behind', report: { upstream: 'origin/trunk' } });
    expect(await refused(box, clone, { mainBranch: 'main' })).toMatchObject({
      code: 'unavailable',
      reason: 'no-branch',
      message: 'cannot know: origin has no branch main',
      hint: 'set "mainBranch": "trunk" in coord.config.json, then repeat',
    });
  });

  test('a branch that takes the place of a former folder of branches, and back', async () => {
    for (const name of ['release', 'release/1', 'release']) {
      for (const branch of box.git(remote, 'for-each-ref', '--format=%(refname)', 'refs/heads/release').split('\n')) {
        if (branch !== '') box.git(remote, 'update-ref', '-d', branch);
      }
      box.git(remote, 'branch', name, 'main');
      expect(await inSync(box, clone, { mainBranch: name })).toMatchObject({ upstream: `origin/${name}` });
    }
  });

  test('what a branch has had does not count for another of a like name', async () => {
    box.commit(clone, 'x', 'x');
    box.git(clone, 'push', '--quiet', 'origin', 'HEAD:refs/heads/release/1');
    await inSync(box, clone, { mainBranch: 'release/1' });
    box.git(remote, 'branch', '-D', 'release/1');
    box.git(remote, 'branch', 'release', 'main');
    box.git(clone, 'update-ref', '-d', 'refs/remotes/origin/release/1');
    expect(await inSync(box, clone, { mainBranch: 'release' })).toMatchObject({ ahead: 1 });
  });

  test('a clone of a single other branch', async () => {
    box.git(remote, 'branch', 'feature', 'main');
    const single = box.clone(remote, { args: ['--single-branch', '--branch', 'feature'] });
    await inSync(box, single);
    pushed('a');
    expect(box.tryGit(single, 'rev-parse', '--verify', '--quiet', 'refs/remotes/origin/main').code).toBe(1);
    expect(await refused(box, single)).toMatchObject({ reason: 'behind', report: { behind: 1 } });
  });

  test('the remote names no default branch', async () => {
    box.git(remote, 'symbolic-ref', 'HEAD', 'refs/heads/nowhere');
    box.git(remote, 'symbolic-ref', 'refs/remotes/x/HEAD', 'refs/heads/main');
    expect(await refused(box, clone)).toMatchObject({
      code: 'unavailable',
      reason: 'no-branch',
      report: { upstream: null },
    });
    await inSync(box, clone, { mainBranch: 'main' });
  });

  test('a name that is no branch name never reaches the remote as a refspec', async () => {
    for (const mainBranch of ['*', 'a:refs/heads/b', '', 'a b', '^main', '--all']) {
      expect(await refused(box, clone, { mainBranch })).toMatchObject({ code: 'unavailable', reason: 'no-branch' });
    }
  });

  test('no such remote, and a remote called like an option', async () => {
    expect(await refused(box, clone, { remote: 'upstream' })).toMatchObject({
      code: 'unavailable',
      reason: 'no-remote',
      message: 'cannot know: there is no remote upstream',
    });
    expect(await refused(box, clone, { remote: '--all' })).toMatchObject({ code: 'unavailable', reason: 'no-remote' });
  });
});
