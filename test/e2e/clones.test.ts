import { describe, expect, it } from 'vitest';
import { sharedFleet } from '../support/fleet.js';

describe('two clones of one bare remote', () => {
  it('at once: one claim wins, the other is refused naming the holder', async () => {
    const { box, remote, as } = await sharedFleet();
    const other = box.clone(remote);
    const results = await Promise.all([
      as('maya', ['claim', 'src/api', '--json']),
      as('noor', ['claim', 'src/api/users.ts', '--json'], { cwd: other }),
    ]);
    expect(results.map(({ code }) => code).sort()).toEqual([0, 3]);
    const [won, lost] = results[0]?.code === 0 ? results : [...results].reverse();
    const [claim] = won?.json().data.claims ?? [];
    expect(claim.reach).toBe('remote');
    expect(lost?.json().error.details.conflicts).toMatchObject([{ agent: claim.agent, heldTarget: claim.target }]);
    expect(box.git(remote, 'log', '--format=%s', 'coord').split('\n')).toHaveLength(2);
  });

  it('a fresh clone adopts without init, in whatever command comes first', async () => {
    const { box, remote, as } = await sharedFleet();
    await as('maya', ['claim', 'src/api']);
    for (const args of [
      ['status', '--json'],
      ['claim', 'src/api', '--json'],
    ]) {
      const fresh = box.clone(remote);
      const result = await as('noor', args, { cwd: fresh });
      expect([args, result.code]).toEqual([args, args[0] === 'status' ? 0 : 3]);
      expect(result.stdout).toContain('maya');
    }
    const fresh = box.clone(remote);
    expect((await as('noor', ['claim', 'docs'], { cwd: fresh })).code).toBe(0);
    expect((await as('maya', ['status'])).stdout).toContain('noor');
  });

  it('a release in one frees the ground in the other, once it has the work', async () => {
    const { box, remote, clone, as } = await sharedFleet();
    const other = box.clone(remote);
    await as('maya', ['claim', 'src/api']);
    const work = box.commit(clone, 'src/api/users.ts', 'more users\n');
    await as('maya', ['release', 'src/api']);
    const behind = await as('noor', ['claim', 'src/api', '--json'], { cwd: other });
    expect(behind.code).toBe(5);
    expect(behind.json().error.details.missing).toMatchObject([{ commit: work, agent: 'maya' }]);
    box.git(clone, 'push', '--quiet', 'origin', 'main');
    box.git(other, 'pull', '--quiet', '--ff-only', 'origin', 'main');
    expect((await as('noor', ['claim', 'src/api'], { cwd: other })).code).toBe(0);
  });

  it('with the remote out of reach: exit 7, nothing granted; what is here can be read with --no-fetch', async () => {
    const { box, clone, as } = await sharedFleet();
    await as('maya', ['claim', 'src/api']);
    box.git(clone, 'remote', 'set-url', 'origin', box.path('nowhere.git'));
    const before = box.git(clone, 'rev-parse', 'coord');
    for (const args of [['claim', 'docs'], ['claim', 'src/api'], ['release', 'src/api'], ['renew'], ['status']]) {
      const result = await as(args[0] === 'claim' ? 'noor' : 'maya', [...args, '--json']);
      expect([args, result.code, result.json().error.code]).toEqual([args, 7, 'unavailable']);
    }
    expect(box.git(clone, 'rev-parse', 'coord')).toBe(before);
    expect((await as('noor', ['status', '--no-fetch'])).stdout).toContain('maya');
  });
});
