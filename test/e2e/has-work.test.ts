import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { sharedFleet } from '../support/fleet.js';

const FILE = 'src/api/users.ts';

/** A shared fleet in which maya has released a commit that is in her clone alone, and noor's clone of before. */
async function released() {
  const fleet = await sharedFleet();
  const noors = fleet.box.clone(fleet.remote);
  await fleet.as('maya', ['claim', FILE]);
  const work = fleet.box.commit(fleet.clone, FILE, 'users\nmore\n');
  const release = await fleet.as('maya', ['release', FILE, '--json']);
  const git = (...args: string[]) => fleet.box.git(fleet.clone, ...args);
  return { fleet, noors, work, release, git };
}

type Scene = Awaited<ReturnType<typeof released>>;

async function claim({ fleet, noors }: Scene, target = FILE) {
  const result = await fleet.as('noor', ['claim', target, '--json'], { cwd: noors });
  return { code: result.code, ...result.json() };
}

/** Runs what coord suggests, as it stands there. */
function paste(cwd: string, command: string): void {
  execFileSync('sh', ['-c', command], { cwd, env: { ...process.env, GIT_MERGE_AUTOEDIT: 'no' }, stdio: 'pipe' });
}

describe('work that came otherwise than as the released commit', () => {
  const others = (scene: Scene) => scene.fleet.box.clone(scene.fleet.remote);
  const ways: Record<string, (scene: Scene) => void> = {
    amended: ({ git }) => {
      git('commit', '--quiet', '--amend', '--message', 'better words');
      git('push', '--quiet');
    },
    rebased: (scene) => {
      const { fleet, git } = scene;
      const other = others(scene);
      fleet.box.commit(other, 'README.md', 'first\n');
      fleet.box.git(other, 'push', '--quiet');
      git('pull', '--quiet', '--rebase');
      git('push', '--quiet');
    },
    picked: ({ git, work }) => {
      git('reset', '--quiet', '--hard', 'HEAD~1');
      git('commit', '--quiet', '--allow-empty', '--message', 'before');
      git('cherry-pick', work);
      git('push', '--quiet');
    },
    'squashed, and changed once more since': (scene) => {
      const { fleet, git } = scene;
      git('push', '--quiet', 'origin', 'HEAD:refs/heads/topic');
      const other = others(scene);
      fleet.box.git(other, 'merge', '--quiet', '--squash', 'origin/topic');
      fleet.box.git(other, 'commit', '--quiet', '--message', 'squashed');
      fleet.box.commit(other, FILE, 'users\nmore\nand more\n');
      fleet.box.git(other, 'push', '--quiet');
      fleet.box.git(other, 'push', '--quiet', 'origin', ':topic');
    },
    'squashed together with another change of the file': (scene) => {
      const { fleet, git } = scene;
      git('push', '--quiet', 'origin', 'HEAD:refs/heads/topic');
      const other = others(scene);
      fleet.box.git(other, 'merge', '--quiet', '--squash', 'origin/topic');
      fleet.box.commit(other, FILE, 'first\nusers\nmore\n');
      fleet.box.git(other, 'push', '--quiet');
      fleet.box.git(scene.noors, 'fetch', '--quiet');
    },
  };

  it.each(Object.keys(ways))('is there when it was %s', async (way) => {
    const scene = await released();
    ways[way]?.(scene);
    scene.fleet.box.git(scene.noors, 'pull', '--quiet');
    expect(await claim(scene)).toMatchObject({ code: 0 });
  });

  it('is not there where an older content only looks the same', async () => {
    const scene = await released();
    const { fleet, git, noors } = scene;
    git('push', '--quiet');
    fleet.box.git(noors, 'pull', '--quiet');
    // Put back to what it was, which the history before the claim has as well.
    await fleet.as('maya', ['claim', FILE]);
    fleet.box.commit(fleet.clone, FILE, 'users\n');
    await fleet.as('maya', ['release', FILE]);
    expect(await claim(scene)).toMatchObject({ code: 5 });
    git('push', '--quiet');
    fleet.box.git(noors, 'pull', '--quiet');
    expect(await claim(scene)).toMatchObject({ code: 0 });
  });
});

describe('work that HEAD lacks', () => {
  it('is brought in by the hint where it is on a branch of the remote, whichever that is', async () => {
    const scene = await released();
    scene.git('push', '--quiet', 'origin', 'HEAD:refs/heads/topic');
    const refused = await claim(scene);
    expect(refused).toMatchObject({
      code: 5,
      error: { details: { missing: [{ commit: scene.work, where: { kind: 'remote', branch: 'topic' } }] } },
    });
    paste(scene.noors, refused.error.hint);
    expect(await claim(scene)).toMatchObject({ code: 0 });
    expect(scene.fleet.box.git(scene.noors, 'for-each-ref', 'refs/worktree')).toBe('');
  });

  it('is said to be on no branch where it was never pushed, with who can tell, and the releaser was told at once', async () => {
    const scene = await released();
    expect(scene.release.stderr).toContain(`${scene.work.slice(0, 7)} is on no branch of origin yet`);
    const { error, code } = await claim(scene);
    expect(code).toBe(5);
    expect(error.message).toMatch(/on no branch of origin: never pushed, or rewritten; maya can tell/);
    expect(error.hint).toMatch(/^coord note .* --to maya/);
    expect(error.hint).not.toContain('git merge');
    expect((await scene.fleet.as('noor', ['claim', FILE, '--allow-behind'], { cwd: scene.noors })).code).toBe(0);
  });

  it('is asked of nobody where the one who released it has rewritten it, other content and all', async () => {
    const { fleet, git } = await released();
    fleet.box.write(fleet.clone, FILE, 'users\nin other words\n');
    git('commit', '--quiet', '--all', '--amend', '--message', 'in other words');
    const { code, json } = await fleet.as('maya', ['claim', FILE, '--json']);
    const { message, hint, details } = json().error;
    expect([code, hint, details.alternative]).toEqual([5, `coord claim ${FILE} --allow-behind`, undefined]);
    expect(message).toContain('never pushed, or rewritten; you can tell');
    expect((await fleet.as('maya', ['claim', FILE, '--allow-behind'])).code).toBe(0);
  });

  it('is never brought back where the main branch was rewritten without it', async () => {
    const scene = await released();
    const { fleet, git, noors } = scene;
    git('push', '--quiet');
    fleet.box.git(noors, 'pull', '--quiet');
    git('reset', '--quiet', '--hard', 'HEAD~1');
    fleet.box.commit(fleet.clone, FILE, 'users\nwithout it\n');
    git('push', '--quiet', '--force');
    fleet.box.git(noors, 'fetch', '--quiet');
    fleet.box.git(noors, 'reset', '--quiet', '--hard', 'origin/main');
    const { error, code } = await claim(scene);
    expect(code).toBe(5);
    expect(error.message).toContain('was rewritten since, and dropped it: do not bring it back');
    expect(error.hint).not.toContain('git merge');
  });

  it('is looked for further back by a clone that is too shallow, which says so where that does not help', async () => {
    const scene = await released();
    const { fleet, git } = scene;
    for (let count = 0; count < 60; count += 1) git('commit', '--quiet', '--allow-empty', '--message', `${count}`);
    fleet.box.commit(fleet.clone, FILE, 'all new\n');
    git('push', '--quiet');
    const shallow = () => fleet.box.clone(`file://${fleet.remote}`, { args: ['--depth=1'] });
    const deepened = shallow();
    expect((await fleet.as('noor', ['claim', FILE, '--json'], { cwd: deepened })).code).toBe(0);
    const alone = shallow();
    // It takes the state, and no history.
    for (const refs of ['refs/heads', 'HEAD']) {
      fleet.box.git(fleet.remote, 'config', '--add', 'uploadpack.hideRefs', refs);
    }
    const refused = await fleet.as('olga', ['claim', 'src/api', '--json'], { cwd: alone });
    expect(refused.json().error).toMatchObject({ exit: 3 });
    await fleet.as('noor', ['release', FILE], { cwd: deepened });
    expect((await fleet.as('olga', ['claim', FILE, '--json'], { cwd: alone })).json().error).toMatchObject({
      exit: 7,
      details: { reason: 'shallow' },
      hint: 'git fetch --unshallow',
    });
  });

  it('binds only the path that changed, of two that were held', async () => {
    const fleet = await sharedFleet();
    const noors = fleet.box.clone(fleet.remote);
    await fleet.as('maya', ['claim', FILE, 'coord.config.json']);
    fleet.box.commit(fleet.clone, FILE, 'users\nmore\n');
    await fleet.as('maya', ['release', '--all']);
    expect((await fleet.as('noor', ['claim', 'coord.config.json'], { cwd: noors })).code).toBe(0);
    expect((await fleet.as('noor', ['claim', FILE], { cwd: noors })).code).toBe(5);
  });

  it('is told to the next holder where no commit holds it', async () => {
    const fleet = await sharedFleet();
    const noors = fleet.box.clone(fleet.remote);
    await fleet.as('maya', ['claim', FILE]);
    fleet.box.write(fleet.clone, FILE, 'half\n');
    expect((await fleet.as('maya', ['release', FILE])).code).toBe(5);
    expect((await fleet.as('maya', ['release', FILE, '--uncommitted'])).code).toBe(0);
    const granted = await fleet.as('noor', ['claim', FILE], { cwd: noors });
    expect(granted.code).toBe(0);
    expect(granted.stderr).toMatch(
      /maya released src\/api\/users\.ts at .* with changes that no commit holds: ask maya/,
    );
  });
});
