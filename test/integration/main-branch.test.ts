import { describe, expect, it } from 'vitest';
import { type MainBranch, mainBranchAsFetched, recordLastFetch } from '../../src/git/main-branch.js';
import { discoverRepository } from '../../src/git/repository.js';
import { gitIn } from '../../src/git/run.js';
import { type Sandbox, sandbox } from '../support/sandbox.js';

const LONG_AGO = '2001-01-01T00:00:00.000Z';
const FAR_AHEAD = '2999-01-01T00:00:00.000Z';

function mainOf(box: Sandbox, clone: string, mainBranch: string | null = null): Promise<MainBranch | null> {
  return mainBranchAsFetched(discoverRepository(clone), gitIn(clone, box.env), { remote: 'origin', mainBranch });
}

function fetched(
  clone: string,
  commit: string,
  at: string,
  branch = 'main',
  isDefault = false,
  remote = 'origin',
): void {
  recordLastFetch(discoverRepository(clone), { remote, branch, commit, at, isDefault });
}

/** A clone whose origin/main was moved once by git, and the three commits of it, the newest only here. */
function cloneWithHistory(box: Sandbox) {
  const clone = box.clone(box.bareRemote());
  const first = box.git(clone, 'rev-parse', 'HEAD');
  const second = box.commit(clone, 'a', '1');
  box.git(clone, 'push', '--quiet', 'origin', 'main');
  const third = box.commit(clone, 'a', '2');
  return { clone, first, second, third };
}

describe('the main branch as last fetched', () => {
  it('is the remote-tracking branch, however the local one stands', async () => {
    const box = sandbox();
    const { clone, second } = cloneWithHistory(box);
    const expected = { name: 'origin/main', commit: second, fetched: true };
    expect(await mainOf(box, clone)).toEqual(expected);
    box.git(clone, 'pack-refs', '--all');
    expect(await mainOf(box, clone)).toEqual(expected);
    expect(await mainOf(box, box.worktree(clone))).toEqual(expected);
  });

  it('is what coord fetched, where that was later: also back to an older commit', async () => {
    const box = sandbox();
    const { clone, first, second, third } = cloneWithHistory(box);
    for (const [commit, at, expected] of [
      [third, FAR_AHEAD, third],
      [first, FAR_AHEAD, first],
      [third, LONG_AGO, second],
      [first, LONG_AGO, second],
    ] as const) {
      fetched(clone, commit, at);
      expect((await mainOf(box, clone))?.commit).toBe(expected);
    }
  });

  it('is the one that contains the other, when both were fetched within one second', async () => {
    const box = sandbox();
    const { clone, first, second, third } = cloneWithHistory(box);
    const seconds = Number(
      box.git(clone, 'reflog', 'show', '--date=unix', '--format=%gd', 'origin/main').match(/\d+/)?.[0],
    );
    const now = new Date(seconds * 1000 + 500).toISOString();
    for (const [commit, expected] of [
      [first, second],
      [third, third],
    ] as const) {
      fetched(clone, commit, now);
      expect((await mainOf(box, clone))?.commit).toBe(expected);
    }
  });

  it('is what coord fetched, where git fetched nothing since the clone', async () => {
    const box = sandbox();
    const clone = box.clone(box.bareRemote());
    const commit = box.commit(clone, 'a', '1');
    fetched(clone, commit, LONG_AGO);
    expect(await mainOf(box, clone)).toEqual({ name: 'origin/main', commit, fetched: true });
  });

  it('takes no notice of another remote or branch, or of a damaged record', async () => {
    const box = sandbox();
    const { clone, second, third } = cloneWithHistory(box);
    for (const [branch, remote] of [
      ['main', 'upstream'],
      ['develop', 'origin'],
    ] as const) {
      fetched(clone, third, FAR_AHEAD, branch, false, remote);
      expect((await mainOf(box, clone, 'main'))?.commit).toBe(second);
    }
    for (const text of ['', '{', 'null', '[]', '{"remote":"origin","branch":"main","commit":"--all","at":"now"}']) {
      box.write(clone, '.git/coord/last-fetch.json', text);
      expect((await mainOf(box, clone, 'main'))?.commit).toBe(second);
    }
  });

  it('has the name that is configured, else that the remote told last, else that coord was told, else a customary one', async () => {
    const box = sandbox();
    const { clone, second, third } = cloneWithHistory(box);
    box.git(clone, 'push', '--quiet', 'origin', 'HEAD~1:refs/heads/trunk', 'HEAD~1:refs/heads/master');
    const name = async (mainBranch: string | null = null) => (await mainOf(box, clone, mainBranch))?.name;
    expect(await name('master')).toBe('origin/master');
    expect(await name()).toBe('origin/main');
    box.git(clone, 'remote', 'set-head', 'origin', 'trunk');
    expect(await name()).toBe('origin/trunk');
    fetched(clone, third, FAR_AHEAD, 'main');
    expect(await name()).toBe('origin/trunk');
    fetched(clone, third, FAR_AHEAD, 'main', true);
    expect(await mainOf(box, clone)).toEqual({ name: 'origin/main', commit: third, fetched: true });
    fetched(clone, third, '2020-01-01T00:00:00.000Z', 'main', true);
    expect(await name()).toBe('origin/trunk');
    box.git(clone, 'remote', 'set-head', 'origin', '--delete');
    expect(await name()).toBe('origin/main');
    box.write(clone, '.git/coord/last-fetch.json', '');
    expect(await mainOf(box, clone)).toEqual({ name: 'origin/main', commit: second, fetched: true });
  });

  it('is the local main branch where nothing was fetched, and none where there is none', async () => {
    const box = sandbox();
    const alone = box.repository();
    expect(await mainOf(box, alone)).toBeNull();
    const commit = box.commit(alone, 'a', '1');
    expect(await mainOf(box, alone)).toEqual({ name: 'main', commit, fetched: false });
    box.git(alone, 'branch', '--move', 'trunk');
    expect(await mainOf(box, alone)).toBeNull();
    expect(await mainOf(box, alone, 'trunk')).toEqual({ name: 'trunk', commit, fetched: false });
    box.git(alone, 'remote', 'add', 'origin', box.bareRemote({ seeded: false }));
    expect(await mainOf(box, alone, 'trunk')).toEqual({ name: 'trunk', commit, fetched: false });
  });

  it('is found in a repository whose refs are a reftable', async () => {
    const box = sandbox();
    const { code } = box.tryGit(box.directory, 'init', '--quiet', '--ref-format=reftable', 'table');
    if (code !== 0) return;
    const clone = box.path('table');
    box.git(clone, 'remote', 'add', 'origin', box.bareRemote());
    box.git(clone, 'fetch', '--quiet', 'origin');
    box.git(clone, 'remote', 'set-head', 'origin', '--auto');
    const commit = box.git(clone, 'rev-parse', 'origin/main');
    expect(await mainOf(box, clone)).toEqual({ name: 'origin/main', commit, fetched: true });
    const own = box.commit(clone, 'a', '1');
    for (const [at, expected] of [
      [FAR_AHEAD, own],
      [LONG_AGO, commit],
    ] as const) {
      fetched(clone, own, at);
      expect((await mainOf(box, clone))?.commit).toBe(expected);
    }
  });
});
