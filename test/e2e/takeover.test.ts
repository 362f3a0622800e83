import { describe, expect, it } from 'vitest';
import { localFleet, sharedFleet } from '../support/fleet.js';
import { coordInProcess } from '../support/in-process.js';

describe('coord steal', () => {
  it('is refused while the holder has time, and says until when and what to do', async () => {
    const fleet = await localFleet();
    await fleet.as('maya', ['claim', 'src/api', '--reason', 'pagination']);
    const refused = await fleet.as('noor', ['steal', 'src/api/users.ts', '--json']);
    expect(refused.code).toBe(3);
    const { message, hint, details } = refused.json().error;
    expect(message).toMatch(/held by maya for 30m more .*"pagination".*\n.*taken over in 31m \(at \d\d:\d\d\)/);
    expect(hint).toContain('coord steal src/api/users.ts --force --reason');
    expect(details).toMatchObject({ reason: 'held', conflicts: [{ agent: 'maya', heldTarget: 'src/api/**' }] });
    const after = Date.parse(details.takeoverAt) - Date.parse(details.conflicts[0].expiresAt);
    expect(after).toBe(30_000);
  });

  it('by force needs a reason', async () => {
    const fleet = await localFleet();
    await fleet.as('maya', ['claim', 'src/api']);
    for (const reason of [[], ['--reason', '  ']]) {
      const refused = await fleet.as('noor', ['steal', 'src/api', '--force', ...reason]);
      expect(refused.code).toBe(2);
      expect(refused.stderr).toContain('--reason');
    }
    expect((await fleet.as('maya', ['renew', 'src/api'])).code).toBe(0);
  });

  it('tells the former holder at its very next command, once, and acting on the claim is exit 4', async () => {
    const fleet = await localFleet();
    const held = (await fleet.as('maya', ['claim', 'src/api', '--json'])).json().data.claims[0];
    const stolen = await fleet.as('noor', ['steal', 'src/api', '--force', '--reason', 'her laptop died', '--json']);
    expect(stolen.code).toBe(0);
    expect(stolen.json().data).toMatchObject({
      claims: [{ agent: 'noor' }],
      takenOver: [{ id: held.id, agent: 'maya' }],
    });
    expect(stolen.json().data.claims[0].token).toBeGreaterThan(held.token);
    expect(stolen.stderr).toMatch(new RegExp(`uncommitted or unmerged|${held.base.slice(0, 7)}`));

    const told = await fleet.as('maya', ['status']);
    expect(told.stderr).toMatch(/you lost src\/api\/\*\*: taken over by noor at .*: her laptop died/);
    expect((await fleet.as('maya', ['status'])).stderr).not.toContain('you lost');
    for (const verb of ['renew', 'release']) {
      const lost = await fleet.as('maya', [verb, 'src/api', '--json']);
      expect(lost.code).toBe(4);
      expect(lost.json().error.details.targets).toMatchObject([{ why: 'taken-over', holder: { agent: 'noor' } }]);
    }
    expect((await fleet.as('ci', ['verify-token', 'src/api', String(held.token)])).code).toBe(4);
  });

  it('after expiry and tolerance needs no force, and a suspended holder is told when it wakes', async () => {
    const { box, clone, as } = await localFleet();
    const begin = Date.now();
    const maya = { env: { COORD_AGENT: 'maya' } };
    const noor = { env: { COORD_AGENT: 'noor' } };
    await coordInProcess(box, clone, ['claim', 'src/api', '--ttl', '1m'], { ...maya, now: begin - 100_000 });
    const early = await coordInProcess(box, clone, ['steal', 'src/api'], { ...noor, now: begin - 100_000 + 89_000 });
    expect(early.code).toBe(3);
    const late = await coordInProcess(box, clone, ['steal', 'src/api', '--json'], { ...noor, now: begin - 10_000 });
    expect(late.json().data.takenOver).toMatchObject([{ agent: 'maya' }]);
    const woken = await as('maya', ['renew', 'src/api']);
    expect(woken.code).toBe(4);
    expect(woken.stderr).toContain('notice: you lost src/api/**: taken over by noor');
  });

  it('of free ground says that it is a claim', async () => {
    const fleet = await localFleet();
    const { code, stdout } = await fleet.as('noor', ['steal', 'src/api']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/nobody held it.*\nclaimed src\/api\/\*\*/);
  });

  it('is the way out after a crash, and the crashed session is told, not the new one', async () => {
    const fleet = await localFleet();
    const one = { env: { COORD_SESSION: 'one' } };
    const two = { env: { COORD_SESSION: 'two' } };
    await fleet.as('maya', ['claim', 'src/api'], one);
    const refused = await fleet.as('maya', ['claim', 'src/api', '--json'], two);
    expect(refused.code).toBe(3);
    expect(refused.json().error.hint).toContain('coord steal src/api/ --force --reason');
    const stolen = await fleet.as('maya', ['steal', 'src/api', '--force', '--reason', 'crashed'], two);
    expect(stolen.code).toBe(0);
    expect(stolen.stderr).not.toContain('you lost');
    const old = await fleet.as('maya', ['renew', 'src/api'], one);
    expect(old.code).toBe(4);
    expect(old.stderr).toContain('you lost src/api/**');
  });
});

describe('coord verify-token', () => {
  it('knows the live token, and the stale one', async () => {
    const fleet = await localFleet();
    const first = (await fleet.as('maya', ['claim', 'src/api', '--json'])).json().data.claims[0].token;
    const valid = await fleet.as('ci', ['verify-token', 'src/api/users.ts', String(first), '--json']);
    expect(valid.code).toBe(0);
    const current = { agent: 'maya', token: first, target: 'src/api/**' };
    expect(valid.json().data).toMatchObject({ target: 'src/api/users.ts', token: first, valid: true, current });
    await fleet.as('maya', ['release', 'src/api']);
    const released = await fleet.as('ci', ['verify-token', 'src/api', String(first), '--json']);
    expect(released.code).toBe(4);
    expect(released.json().error.details).toEqual({ target: 'src/api/**', token: first, valid: false, current: null });
    const second = (await fleet.as('noor', ['claim', 'src/api', '--json'])).json().data.claims[0].token;
    expect(second).toBeGreaterThan(first);
    const stale = await fleet.as('ci', ['verify-token', 'src/api', String(first), '--json']);
    expect(stale.code).toBe(4);
    expect(stale.json().error.details).toMatchObject({ valid: false, current: { agent: 'noor', token: second } });
  });

  it.each(['x', '1.5', '1e3', '', '99999999999999999999', '0x10'])('says that %j is not a token', async (token) => {
    const fleet = await localFleet();
    const refused = await fleet.as('ci', ['verify-token', 'src/api', token]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('not a token');
  });

  it('asks the remote, unless told not to', async () => {
    const { box, remote, clone, as } = await sharedFleet();
    const other = box.clone(remote);
    const token = (await as('maya', ['claim', 'src/api', '--json'])).json().data.claims[0].token;
    expect((await as('ci', ['verify-token', 'src/api', String(token)], { cwd: other })).code).toBe(0);
    await as('maya', ['release', 'src/api'], { cwd: clone });
    const args = ['verify-token', 'src/api', String(token)];
    expect((await as('ci', [...args, '--no-fetch'], { cwd: other })).code).toBe(0);
    expect((await as('ci', args, { cwd: other })).code).toBe(4);
  });
});
