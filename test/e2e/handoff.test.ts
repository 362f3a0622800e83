import { describe, expect, it } from 'vitest';
import { localFleet, sharedFleet } from '../support/fleet.js';

describe('coord handoff', () => {
  it('offers, is accepted, and each side is told', async () => {
    const fleet = await localFleet();
    await fleet.as('noor', ['agent', 'state', 'free']);
    const held = (await fleet.as('maya', ['claim', 'src/api', '--ttl', '1h', '--json'])).json().data.claims[0];
    const offer = await fleet.as('maya', ['handoff', 'src/api', '--to', 'noor', '--note', 'tests are left', '--json']);
    expect(offer.json().data).toMatchObject({
      to: 'noor',
      note: { kind: 'handoff', to: ['noor'], text: 'tests are left' },
    });
    expect(offer.json().data.claims).toMatchObject([{ id: held.id, agent: 'maya', offer: { to: 'noor' } }]);

    const told = await fleet.as('noor', ['status']);
    expect(told.stderr).toContain('maya offers you src/api/**: coord handoff accept src/api/');
    expect(told.stdout).toContain('needs you: maya offers you src/api/**');
    expect((await fleet.as('noor', ['status'])).stderr).toBe('');

    const accepted = (await fleet.as('noor', ['handoff', 'accept', '--json'])).json().data;
    expect(accepted.claims).toMatchObject([{ agent: 'noor', target: 'src/api/**', ttlSeconds: 3600, offer: null }]);
    expect(accepted.claims[0].token).toBeGreaterThan(held.token);
    expect(accepted.handedOver).toMatchObject([{ id: held.id, agent: 'maya' }]);

    const next = await fleet.as('maya', ['status']);
    expect(next.stderr).toMatch(/handed over: noor accepted src\/api\/\*\*/);
    expect(next.stderr).not.toContain('lost');
    expect((await fleet.as('maya', ['renew', 'src/api'])).code).toBe(4);
  });

  it.each([
    [['--to', 'nobody'], 'unknown agent: nobody'],
    [['--to', 'maya'], 'maya is you'],
    [[], '--to is required'],
    [['--to', 'noor', '--withdraw'], 'cannot be used together'],
    [['--to', 'noor', '--note', ''], 'empty'],
  ])('refuses %j with exit 2, and changes nothing', async (options, words) => {
    const { box, clone, as } = await localFleet();
    await as('noor', ['agent', 'state', 'free']);
    await as('maya', ['claim', 'src/api']);
    box.write(clone, 'src/api/users.ts', 'not committed\n');
    const before = box.git(clone, 'rev-parse', 'coord/state');
    const refused = await as('maya', ['handoff', 'src/api', ...options]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain(words);
    expect(box.git(clone, 'rev-parse', 'coord/state')).toBe(before);
  });

  it('wants the work committed, unless it is said otherwise', async () => {
    const { box, clone, as } = await localFleet();
    await as('noor', ['agent', 'state', 'free']);
    await as('maya', ['claim', 'src/api']);
    box.write(clone, 'src/api/users.ts', 'half done\n');
    const refused = await as('maya', ['handoff', 'src/api', '--to', 'noor', '--json']);
    expect(refused.code).toBe(5);
    expect(refused.json().error.details).toMatchObject({ reason: 'uncommitted', paths: ['src/api/users.ts'] });
    expect((await as('maya', ['handoff', 'src/api', '--to', 'noor', '--uncommitted'])).code).toBe(0);
  });

  it('is accepted only with the work of the one who offers', async () => {
    const { box, clone, as } = await localFleet();
    const other = box.worktree(clone);
    await as('noor', ['agent', 'state', 'free']);
    await as('maya', ['claim', 'src/api']);
    const work = box.commit(clone, 'src/api/users.ts', 'paginated\n');
    await as('maya', ['handoff', 'src/api', '--to', 'noor']);
    const behind = await as('noor', ['handoff', 'accept', '--json'], { cwd: other });
    expect(behind.code).toBe(5);
    expect(behind.json().error).toMatchObject({
      code: 'behind',
      hint: `git merge ${work.slice(0, 7)}`,
      details: { missing: [{ commit: work, agent: 'maya' }] },
    });
    box.git(other, 'merge', '--quiet', work);
    const accepted = await as('noor', ['handoff', 'accept', '--json'], { cwd: other });
    expect(accepted.json().data.claims).toMatchObject([{ base: work, agent: 'noor' }]);
  });

  it('is refused to others, who are told whose it is', async () => {
    const fleet = await localFleet();
    await fleet.as('noor', ['agent', 'state', 'free']);
    await fleet.as('maya', ['claim', 'src/api']);
    await fleet.as('maya', ['handoff', 'src/api', '--to', 'noor']);
    const refused = await fleet.as('omar', ['handoff', 'accept', 'src/api']);
    expect(refused.code).toBe(3);
    expect(refused.stderr).toContain('maya holds it, and offers it to noor');
    expect((await fleet.as('omar', ['handoff', 'accept', 'docs'])).code).toBe(4);
    const nothing = await fleet.as('omar', ['handoff', 'accept']);
    expect([nothing.code, nothing.stdout]).toEqual([0, 'nothing is offered to you\n']);
  });

  it('can be declined and withdrawn; the holder is told, and keeps it', async () => {
    const fleet = await localFleet();
    await fleet.as('noor', ['agent', 'state', 'free']);
    await fleet.as('maya', ['claim', 'src/api']);
    await fleet.as('maya', ['handoff', 'src/api', '--to', 'noor']);
    expect((await fleet.as('noor', ['handoff', 'decline', 'src/api', '--reason', 'busy'])).code).toBe(0);
    const told = await fleet.as('maya', ['status']);
    expect(told.stderr).toContain('noor declined your offer of src/api/** ("busy"); you still hold it');
    expect(told.stdout).not.toContain('offered:');
    expect((await fleet.as('maya', ['status'])).stderr).toBe('');
    await fleet.as('maya', ['handoff', 'src/api', '--to', 'noor']);
    await fleet.as('maya', ['handoff', 'src/api', '--withdraw']);
    expect((await fleet.as('noor', ['handoff', 'accept', 'src/api'])).code).toBe(3);
    expect((await fleet.as('maya', ['renew', 'src/api'])).code).toBe(0);
  });

  it('works between clones', async () => {
    const { box, remote, clone, as } = await sharedFleet();
    const other = box.clone(remote);
    await as('noor', ['note', 'here'], { cwd: other });
    await as('maya', ['claim', 'src/api']);
    await as('maya', ['handoff', 'src/api', '--to', 'noor'], { cwd: clone });
    const accepted = await as('noor', ['handoff', 'accept', '--json'], { cwd: other });
    expect(accepted.json().data.claims).toMatchObject([{ agent: 'noor', reach: 'remote' }]);
    expect((await as('maya', ['release', 'src/api'])).code).toBe(4);
  });
});
