import { describe, expect, it } from 'vitest';
import { localFleet, sharedFleet } from '../support/fleet.js';
import { coordInProcess } from '../support/in-process.js';

describe('coord claim --take-over', () => {
  it('needs a reason', async () => {
    const fleet = await localFleet();
    await fleet.as('maya', ['claim', 'src/api']);
    for (const reason of [[], ['--reason', '  ']]) {
      const refused = await fleet.as('noor', ['claim', 'src/api', '--take-over', ...reason]);
      expect(refused.code).toBe(2);
      expect(refused.stderr).toContain('--reason');
    }
    expect((await fleet.as('maya', ['renew', 'src/api'])).code).toBe(0);
  });

  it('tells the former holder at its very next command, once, and acting on the claim is exit 4', async () => {
    const fleet = await localFleet();
    const held = (await fleet.as('maya', ['claim', 'src/api', '--json'])).json().data.claims[0];
    const stolen = await fleet.as('noor', ['claim', 'src/api', '--take-over', '--reason', 'her laptop died', '--json']);
    expect(stolen.code).toBe(0);
    expect(stolen.json().data).toMatchObject({
      claims: [{ agent: 'noor' }],
      takenOver: [{ id: held.id, agent: 'maya' }],
    });
    expect(stolen.json().data.claims[0].token).toBeGreaterThan(held.token);
    expect(stolen.stderr).toMatch(new RegExp(`uncommitted or unmerged|${held.base.slice(0, 7)}`));

    const told = await fleet.as('maya', ['status']);
    expect(told.stderr).toMatch(/you lost src\/api\/\*\*: taken over by noor at .*: "her laptop died"/);
    expect((await fleet.as('maya', ['status'])).stderr).not.toContain('you lost');
    for (const verb of ['renew', 'release']) {
      const lost = await fleet.as('maya', [verb, 'src/api', '--json']);
      expect(lost.code).toBe(4);
      expect(lost.json().error.details.targets).toMatchObject([{ why: 'taken-over', holder: { agent: 'noor' } }]);
    }
    expect((await fleet.as('ci', ['verify-token', 'src/api', String(held.token)])).code).toBe(4);
  });

  it('is not needed after expiry and tolerance, and a suspended holder is told when it wakes', async () => {
    const { box, clone, as } = await localFleet();
    const begin = Date.now();
    const maya = { env: { COORD_AGENT: 'maya' } };
    const noor = { env: { COORD_AGENT: 'noor' } };
    await coordInProcess(box, clone, ['claim', 'src/api', '--ttl', '1m'], { ...maya, now: begin - 100_000 });
    const early = await coordInProcess(box, clone, ['claim', 'src/api'], { ...noor, now: begin - 100_000 + 89_000 });
    expect(early.code).toBe(3);
    const late = await coordInProcess(box, clone, ['claim', 'src/api', '--json'], { ...noor, now: begin - 10_000 });
    expect(late.json().data.claims).toMatchObject([{ agent: 'noor' }]);
    const woken = await as('maya', ['renew', 'src/api']);
    expect(woken.code).toBe(4);
    expect(woken.stderr).toContain('notice: you lost src/api/**: its time was over');
  });

  it('of free ground says that nobody held it', async () => {
    const fleet = await localFleet();
    const { code, stdout } = await fleet.as('noor', ['claim', 'src/api', '--take-over', '--reason', 'in a hurry']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/nobody held it.*\nclaimed src\/api\/\*\*/);
  });

  it.each([['--wait'], ['--offline']])('goes not together with %s', async (option) => {
    const fleet = await localFleet();
    const { code, stderr } = await fleet.as('noor', ['claim', 'src', '--take-over', '--reason', 'x', option]);
    expect(code).toBe(2);
    expect(stderr).toContain(`${option} and --take-over cannot be used together`);
  });

  it('is the way out after a crash, and the crashed session is told, not the new one', async () => {
    const fleet = await localFleet();
    const one = { env: { COORD_SESSION: 'one' } };
    const two = { env: { COORD_SESSION: 'two' } };
    await fleet.as('maya', ['claim', 'src/api'], one);
    const refused = await fleet.as('maya', ['claim', 'src/api', '--json'], two);
    expect(refused.code).toBe(3);
    expect(refused.json().error.hint).toContain('coord claim src/api/ --take-over --reason');
    const stolen = await fleet.as('maya', ['claim', 'src/api', '--take-over', '--reason', 'crashed'], two);
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
    expect(released.json().error.details).toEqual({
      target: 'src/api/**',
      token: first,
      valid: false,
      current: null,
      next: expect.any(String),
    });
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
