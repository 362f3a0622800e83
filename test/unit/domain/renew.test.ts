import { describe, expect, it } from 'vitest';
import { claimsToKeepAlive } from '../../../src/domain/claims/release.js';
import { EMPTY_STATE, type State } from '../../../src/domain/model.js';
import { at, claimOf, granted, keepAliveOf, path, refused, renewOf, START } from '../../support/decisions.js';

function holding(agent: string, target: string, ttlSeconds = 1800, session: string | null = null): State {
  const request = claimOf(agent, target, { session });
  return granted(EMPTY_STATE, { ...request, targets: request.targets.map((asked) => ({ ...asked, ttlSeconds })) })
    .state;
}

describe('renew', () => {
  it('starts the life of a claim again, by its own time to live', () => {
    const { result, events } = granted(holding('maya', 'a', 7200), renewOf('maya'), at(100));
    expect(result.claims).toMatchObject([{ ttlSeconds: 7200, renewedAt: at(100), expiresAt: at(7300), token: 1 }]);
    expect(events).toMatchObject([{ type: 'claim.renewed', target: 'a', token: 1, expiresAt: at(7300) }]);
  });

  it('lengthens the time to live, and never shortens it', () => {
    const held = holding('maya', 'a', 1800);
    const longer = granted(held, renewOf('maya', { ttlSeconds: 3600 }), at(10)).result.claims;
    expect(longer).toMatchObject([{ ttlSeconds: 3600, expiresAt: at(3610) }]);
    const shorter = granted(held, renewOf('maya', { ttlSeconds: 60 }), at(10)).result.claims;
    expect(shorter).toMatchObject([{ ttlSeconds: 1800, expiresAt: at(1810) }]);
  });

  it('does not take a clock that went backwards for less life', () => {
    const { result } = granted(holding('maya', 'a'), renewOf('maya'), at(-300));
    expect(result.claims).toMatchObject([{ renewedAt: START, expiresAt: at(1800) }]);
  });

  it('is refused as lost from the instant of expiry, and once it is swept', () => {
    const held = holding('maya', 'a');
    expect(granted(held, renewOf('maya', { targets: [path('a')] }), at(1799.999)).result.claims).toHaveLength(1);
    for (const when of [1800, 1829, 1831, 90_000]) {
      expect(refused(held, renewOf('maya', { targets: [path('a')] }), at(when))).toMatchObject({
        code: 'lost',
        targets: [{ target: 'a', why: 'expired' }],
      });
    }
  });

  it('names who holds the ground now', () => {
    const taken = granted(holding('maya', 'a'), claimOf('noor', 'a'), at(1900)).state;
    expect(refused(taken, renewOf('maya', { targets: [path('a')] }), at(1901))).toMatchObject({
      targets: [{ why: 'expired', holder: { agent: 'noor' }, loss: { how: 'expired', at: at(1900) } }],
    });
  });

  it('refuses all when one is lost, and says what is held', () => {
    const held = holding('maya', 'a');
    expect(refused(held, renewOf('maya', { targets: [path('a'), path('b')] }))).toEqual({
      code: 'lost',
      reason: 'lost',
      targets: [{ target: 'b', why: 'not-held', holder: null, loss: null }],
      held: ['a'],
    });
  });

  it('of nothing writes nothing', () => {
    const { state, result, events } = granted(EMPTY_STATE, renewOf('maya'));
    expect(result.claims).toEqual([]);
    expect(events).toEqual([]);
    expect(state).toBe(EMPTY_STATE);
  });

  it('does not touch the claim of another session of the same name', () => {
    const held = holding('maya', 'a', 1800, 's1');
    expect(refused(held, renewOf('maya', { targets: [path('a')], session: 's2' }))).toMatchObject({
      targets: [{ why: 'other-session' }],
    });
    expect(granted(held, renewOf('maya', { session: 's2' })).result.claims).toEqual([]);
  });
});

describe('keeping alive', () => {
  it('renews by any request of the holder once less than half of the life is left, and not before', () => {
    const held = holding('maya', 'a');
    const early = granted(held, keepAliveOf('maya'), at(900));
    expect(early.state).toBe(held);
    const due = granted(held, keepAliveOf('maya'), at(900.001));
    expect(due.state.claims).toMatchObject([{ target: 'a', expiresAt: at(2700.001) }]);
    const other = granted(held, claimOf('maya', 'b'), at(901));
    expect(other.state.claims).toMatchObject([{ target: 'a', expiresAt: at(2701) }, { target: 'b' }]);
    expect(other.events.map(({ type, target }) => [type, target])).toEqual([
      ['claim.granted', 'b'],
      ['claim.renewed', 'a'],
    ]);
  });

  it('does not revive what has expired, and leaves the claims of others and of other sessions alone', () => {
    const held = holding('maya', 'a', 1800, 's1');
    expect(claimsToKeepAlive(held, { agent: 'maya', session: 's1' }, at(1800))).toEqual([]);
    expect(claimsToKeepAlive(held, { agent: 'noor', session: 's1' }, at(1000))).toEqual([]);
    expect(claimsToKeepAlive(held, { agent: 'maya', session: 's2' }, at(1000))).toEqual([]);
    expect(claimsToKeepAlive(held, { agent: 'maya', session: null }, at(1000))).toHaveLength(1);
  });
});
