import { describe, expect, it } from 'vitest';
import { dataOf, errorOf, fleetWithClaims } from '../support/envelope.js';
import { localFleet } from '../support/fleet.js';

const CLAIM_FIELDS = [
  'id',
  'target',
  'mode',
  'agent',
  'session',
  'token',
  'ttlSeconds',
  'acquiredAt',
  'expiresAt',
  'reason',
  'reach',
  'base',
];
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;

describe('the fields that scripts rely on', () => {
  it('of claim', async () => {
    const { box, clone, as } = await localFleet();
    const data = dataOf(
      await as('maya', ['claim', 'src/api', 'coord.config.json', '--json', '--reason', 'why']),
      'claim',
    );
    expect(Object.keys(data)).toEqual(['claims']);
    expect(data.claims).toHaveLength(2);
    for (const claim of data.claims) expect(Object.keys(claim)).toEqual(expect.arrayContaining(CLAIM_FIELDS));
    expect(data.claims[0]).toMatchObject({
      target: 'src/api/**',
      mode: 'exclusive',
      agent: 'maya',
      session: null,
      token: expect.any(Number),
      ttlSeconds: 1800,
      acquiredAt: expect.stringMatching(INSTANT),
      expiresAt: expect.stringMatching(INSTANT),
      reason: 'why',
      reach: 'clone',
      base: box.git(clone, 'rev-parse', 'HEAD'),
    });
  });

  it('of a claim that is refused', async () => {
    const { as } = await fleetWithClaims();
    const error = errorOf(await as('noor', ['claim', 'src/api/users.ts', 'README.md', '--json']), 'claim', 'held');
    expect(Object.keys(error.details)).toEqual(expect.arrayContaining(['conflicts', 'free', 'queue', 'reason']));
    expect(error.details).toMatchObject({ reason: 'held', free: ['README.md'], queue: [] });
    expect(error.details.conflicts).toMatchObject([
      {
        target: 'src/api/users.ts',
        heldTarget: 'src/api/**',
        overlap: 'src/api/users.ts',
        agent: 'maya',
        session: null,
        claimId: expect.any(String),
        since: expect.stringMatching(INSTANT),
        expiresAt: expect.stringMatching(INSTANT),
        reason: 'pagination',
        mode: 'exclusive',
      },
    ]);
    expect(error.hint).toContain('coord claim README.md');
  });

  it('of release', async () => {
    const { box, clone, as } = await fleetWithClaims();
    const data = dataOf(await as('maya', ['release', 'src/api', '--json']), 'release');
    expect(Object.keys(data)).toEqual(['released', 'commit']);
    expect(data).toMatchObject({ released: [{ target: 'src/api/**' }], commit: box.git(clone, 'rev-parse', 'HEAD') });
  });

  it('of renew', async () => {
    const { as } = await fleetWithClaims();
    const data = dataOf(await as('maya', ['renew', '--json']), 'renew');
    expect(Object.keys(data)).toEqual(['claims']);
    expect(data.claims).toMatchObject([{ target: 'src/api/**', ttlSeconds: 3600 }, { target: '@db' }]);
  });

  it('of status', async () => {
    const { as } = await fleetWithClaims();
    const data = dataOf(await as('noor', ['status', '--json']), 'status');
    expect(Object.keys(data)).toEqual(expect.arrayContaining(['claims', 'waiters', 'agents', 'now', 'reach']));
    expect(data).toMatchObject({ waiters: [], now: expect.stringMatching(INSTANT), reach: 'clone' });
    expect(data.claims).toMatchObject([{ target: 'src/api/**', agent: 'maya', expired: false }, { target: '@db' }]);
    expect(data.agents).toMatchObject([{ id: 'maya', role: 'peer' }]);
    const mine = dataOf(await as('noor', ['status', '--mine', '--json']), 'status');
    expect(mine.claims).toEqual([]);
    const some = dataOf(await as('noor', ['status', 'src', '--json']), 'status');
    expect(some.claims).toMatchObject([{ target: 'src/api/**' }]);
  });
});
