import { describe, expect, it } from 'vitest';
import { localFleet } from '../support/fleet.js';

describe('causal claims', () => {
  it('refuse ground whose last work HEAD lacks, name the commit, and open once it is there', async () => {
    const fleet = await localFleet();
    const other = fleet.box.worktree(fleet.clone);
    await fleet.as('maya', ['claim', 'src/api']);
    const work = fleet.box.commit(fleet.clone, 'src/api/users.ts', 'more users\n');
    await fleet.as('maya', ['release', 'src/api']);
    const refused = await fleet.as('noor', ['claim', 'src/api/users.ts', '--json'], { cwd: other });
    expect(refused.code).toBe(5);
    expect(refused.json().error.details.missing).toMatchObject([{ commit: work, agent: 'maya' }]);
    expect(refused.json().error.hint).toContain(`git merge ${work.slice(0, 7)}`);
    expect((await fleet.as('noor', ['claim', 'src/web'], { cwd: other })).code).toBe(0);
    fleet.box.git(other, 'merge', '--quiet', work);
    expect((await fleet.as('noor', ['claim', 'src/api/users.ts'], { cwd: other })).code).toBe(0);
  });

  it('record --allow-behind', async () => {
    const fleet = await localFleet();
    const other = fleet.box.worktree(fleet.clone);
    await fleet.as('maya', ['claim', 'src/api']);
    fleet.box.commit(fleet.clone, 'src/api/users.ts', 'more users\n');
    await fleet.as('maya', ['release', 'src/api']);
    expect((await fleet.as('noor', ['claim', 'src/api', '--allow-behind'], { cwd: other })).code).toBe(0);
    expect(fleet.box.git(fleet.clone, 'log', '-1', '--format=%b', 'coord/state')).toContain('"allowedBehind":true');
  });

  it('follow a rename to the new name, wherever it went', async () => {
    const fleet = await localFleet();
    const other = fleet.box.worktree(fleet.clone);
    await fleet.as('maya', ['claim', 'src/api/users.ts']);
    fleet.box.git(fleet.clone, 'mv', 'src/api/users.ts', 'people é.ts');
    fleet.box.git(fleet.clone, 'commit', '--quiet', '--message', 'move');
    await fleet.as('maya', ['release', 'src/api/users.ts']);
    const refused = await fleet.as('noor', ['claim', 'people é.ts'], { cwd: other });
    expect(refused.code).toBe(5);
    expect((await fleet.as('noor', ['claim', 'src/web'], { cwd: other })).code).toBe(0);
  });

  it('bind nobody when nothing was committed, or only read', async () => {
    const fleet = await localFleet();
    const other = fleet.box.worktree(fleet.clone);
    fleet.box.commit(fleet.clone, 'README.md', 'ahead of the other worktree\n');
    await fleet.as('maya', ['claim', 'src/api']);
    await fleet.as('maya', ['release', 'src/api']);
    await fleet.as('maya', ['claim', 'src/web', '--shared']);
    fleet.box.commit(fleet.clone, 'README.md', 'further ahead\n');
    await fleet.as('maya', ['release', 'src/web']);
    expect((await fleet.as('noor', ['claim', 'src/api', 'src/web'], { cwd: other })).code).toBe(0);
  });

  it('keep a waiter its place while it brings the work in', async () => {
    const fleet = await localFleet();
    const other = fleet.box.worktree(fleet.clone);
    await fleet.as('maya', ['claim', 'src/api']);
    const work = fleet.box.commit(fleet.clone, 'src/api/users.ts', 'more users\n');
    const waiting = fleet.as('noor', ['claim', 'src/api', '--wait=1m'], { cwd: other });
    for (let queued = false; !queued; ) {
      queued = (await fleet.as('watcher', ['status', '--json'])).json().data.waiters.length > 0;
    }
    await fleet.as('maya', ['release', 'src/api']);
    expect((await waiting).code).toBe(5);
    expect((await fleet.as('late', ['claim', 'src/api'])).code).toBe(3);
    fleet.box.git(other, 'merge', '--quiet', work);
    expect((await fleet.as('noor', ['claim', 'src/api'], { cwd: other })).code).toBe(0);
    expect((await fleet.as('noor', ['status', '--json'])).json().data.waiters).toEqual([]);
  });
});
