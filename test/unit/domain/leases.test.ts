import { describe, expect, it } from 'vitest';
import { clockDispute, disputeText, isLive, loseClaims, stampAhead, sweep } from '../../../src/domain/claims/leases.js';
import { EMPTY_STATE, type State } from '../../../src/domain/model.js';
import { at, claimOf, granted, keepAliveOf, POLICY, releaseOf, START } from '../../support/decisions.js';
import { agentRecord, claimRecord, stateOf, waiterRecord } from '../../support/records.js';

const held = granted(EMPTY_STATE, claimOf('maya', 'a', { session: 's1' })).state;
const [claim] = held.claims;
const cause = { how: 'expired', by: null, reason: null } as const;

describe('the life of a claim', () => {
  it('ends at its expiry', () => {
    expect(claim && isLive(claim, at(1799.999))).toBe(true);
    expect(claim && isLive(claim, at(1800))).toBe(false);
  });

  it('is not given back by a clock that went backwards', () => {
    const lapsed = claim && { ...claim, renewedAt: at(1800), expiresAt: at(1800) };
    expect(lapsed && isLive(lapsed, at(0))).toBe(false);
  });
});

describe('the sweep', () => {
  it('leaves a claim alone until expiry plus the tolerance', () => {
    expect(sweep(held, POLICY, at(1829.999)).state).toBe(held);
    expect(sweep(held, POLICY, at(1829.999)).events).toEqual([]);
  });

  it('removes it then, records it, and leaves its holder word', () => {
    const { state, events } = sweep(held, POLICY, at(1830));
    expect(state.claims).toEqual([]);
    expect(events).toMatchObject([
      { type: 'claim.expired', agent: 'maya', target: 'a', token: 1, session: 's1', expiresAt: at(1800), at: at(1830) },
    ]);
    expect(state.agents).toMatchObject([
      {
        id: 'maya',
        losses: [{ claim: claim?.id, target: 'a', token: 1, how: 'expired', session: 's1', at: at(1830) }],
      },
    ]);
  });

  it('rides with whatever is written next, by anybody, even a mere sign of life', () => {
    const { events } = granted(held, keepAliveOf('noor'), at(1830));
    expect(events).toMatchObject([{ type: 'claim.expired', agent: 'maya' }]);
  });

  it('is not done by a clock that disagrees with the stamps of the state', () => {
    const ahead = granted(held, claimOf('noor', 'b'), at(7200)).state;
    const both: State = { ...ahead, claims: [...held.claims, ...ahead.claims] };
    expect(stampAhead(both, POLICY, at(7200 - 30))).toBeNull();
    expect(stampAhead(both, POLICY, at(7200 - 30.001))).toBe(at(7200));
    expect(sweep(both, POLICY, at(5000)).state).toBe(both);
    expect(sweep(both, POLICY, at(7200)).state.claims.map(({ agent }) => agent)).toEqual(['noor']);
  });
});

describe('a loss', () => {
  it('makes a record for an agent that has none', () => {
    const state = loseClaims({ ...held, agents: [] }, held.claims, at(1), cause);
    expect(state.agents).toMatchObject([{ id: 'maya', role: 'peer', losses: [{ target: 'a' }] }]);
  });

  it('is kept among the last hundred', () => {
    let state: State = { ...held, agents: [] };
    for (let round = 0; round < 125; round += 1) {
      const lost = held.claims.map((one) => ({ ...one, id: `c${round}` }));
      state = loseClaims(state, lost, at(round), cause);
    }
    const losses = state.agents[0]?.losses ?? [];
    expect([losses.length, losses[0]?.claim, losses.at(-1)?.claim]).toEqual([100, 'c25', 'c124']);
  });

  it('is kept with all that were lost with it', () => {
    const lost = held.claims.flatMap((one) =>
      Array.from({ length: 150 }, (_, number) => ({ ...one, id: `c${number}` })),
    );
    const { agents } = loseClaims(held, lost, at(1), cause);
    expect(agents.find(({ id }) => id === 'maya')?.losses).toHaveLength(150);
  });

  it('is forgotten a day later, when its agent writes again', () => {
    const { state } = sweep(held, POLICY, at(1830));
    const soon = granted(state, claimOf('maya', 'b'), at(80_000)).state;
    expect(soon.agents[0]?.losses).toHaveLength(1);
    const late = granted(state, claimOf('maya', 'b'), at(1830 + 86_400)).state;
    expect(late.agents[0]?.losses).toEqual([]);
  });
});

describe('a killed agent', () => {
  it('is refused every request', () => {
    const agents = held.agents.map((agent) => ({ ...agent, killed: { by: 'boss', at: START, reason: 'runaway' } }));
    const state = { ...held, agents };
    for (const request of [claimOf('maya', 'b'), releaseOf('maya'), keepAliveOf('maya')]) {
      expect(() => granted(state, request)).toThrow(/killed/);
    }
    expect(granted(state, claimOf('noor', 'b')).result.claims).toHaveLength(1);
  });
});

describe('what the sweep looks at', () => {
  const waiter = (id: string, seconds: number) => waiterRecord(id, { expiresAt: at(seconds) });

  it('is the newest of the stamps that are ahead, whatever their order', () => {
    const claims = [50, 90, 70].map((seconds, index) =>
      claimRecord(index + 1, { renewedAt: at(seconds), expiresAt: at(9000) }),
    );
    for (const order of [claims, claims.toReversed()])
      expect(stampAhead(stateOf({ claims: order }), POLICY, at(0))).toBe(at(90));
    expect(stampAhead(stateOf({ claims }), POLICY, at(60))).toBeNull();
  });

  it('takes waiters away at the end of their wait, and leaves the others, and all where the clock is wrong', () => {
    const state = stateOf({ waiters: [waiter('w1', 20), waiter('w2', 21)] });
    const { state: swept, events } = sweep(state, POLICY, at(20));
    expect(swept.waiters.map(({ id }) => id)).toEqual(['w2']);
    expect(events).toEqual([
      { type: 'wait.ended', at: at(20), agent: 'noor', session: null, waiter: 'w1', outcome: 'lapsed' },
    ]);
    const ahead = { ...state, claims: [claimRecord(1, { renewedAt: at(900), expiresAt: at(9000) })] };
    expect(sweep(ahead, POLICY, at(20)).state).toBe(ahead);
    const both = { ...state, claims: [claimRecord(1, { expiresAt: at(0) })] };
    expect(sweep(both, POLICY, at(30)).events.map(({ type }) => type)).toEqual([
      'claim.expired',
      'wait.ended',
      'wait.ended',
    ]);
    const claimOnly = { ...state, claims: [claimRecord(1, { expiresAt: at(-20) })] };
    expect(sweep(claimOnly, POLICY, at(10)).state.waiters).toBe(claimOnly.waiters);
  });

  it('leaves each holder word of its own claims alone, and writes nothing for none', () => {
    const claims = [claimRecord(1), claimRecord(2, { agent: 'noor' }), claimRecord(3)];
    const { agents } = loseClaims(stateOf({ claims }), claims, at(1), cause);
    expect(agents.map(({ id, losses }) => [id, losses.map((loss) => loss.claim)])).toEqual([
      ['maya', ['c1', 'c3']],
      ['noor', ['c2']],
    ]);
    expect(loseClaims(held, [], at(1), cause)).toBe(held);
  });
});

describe('a clock that disagrees', () => {
  const ahead = (agent: string, token: number) =>
    claimRecord(token, { agent, renewedAt: at(3_600), expiresAt: at(5_400) });
  const told = (state: State) => {
    const dispute = clockDispute(state, POLICY, START, 'me');
    return dispute === null ? null : { ...dispute, text: disputeText(dispute, START) };
  };
  const stamps = `by 1h: it says ${START}, a claim was renewed at ${at(3_600)}`;

  it('is nobody’s where all stamps are within the tolerance', () => {
    expect(told(stateOf({ claims: [claimRecord(1, { renewedAt: at(30), expiresAt: at(60) })] }))).toBeNull();
  });

  it('is set there where more agents agree with this one', () => {
    const agents = ['noor', 'omar'].map((id) => agentRecord(id, { lastSeen: START }));
    expect(told(stateOf({ claims: [ahead('zoe', 1)], agents }))).toMatchObject({
      ...{ ahead: ['zoe'], agree: ['noor', 'omar'], wrong: 'there' },
      text: `the clock of zoe is ahead of this one, with which noor, omar agree (${stamps}): set it there`,
    });
  });

  it('is set here where several are ahead and nobody agrees; one’s own stamps, old ones and theirs do not count', () => {
    const agents = [
      ...['me', 'noor', 'zoe'].map((id) => agentRecord(id, { lastSeen: START })),
      agentRecord('old', { lastSeen: at(-3_601) }),
    ];
    expect(told(stateOf({ claims: [ahead('zoe', 1), ahead('noor', 2), ahead('zoe', 3)], agents }))).toMatchObject({
      ...{ ahead: ['noor', 'zoe'], agree: [], wrong: 'here' },
      text: `this clock is behind the fleet's (${stamps}): set it; until then nothing is taken over from here`,
    });
  });

  it('may be either where one is ahead and nobody agrees, or as many agree as are ahead', () => {
    const either = {
      wrong: 'either',
      text: `this clock is behind the fleet's, or the clock of zoe is ahead (${stamps}): set the one that is wrong; until then nothing is taken over from here`,
    };
    expect(told(stateOf({ claims: [ahead('zoe', 1)] }))).toMatchObject({ ...either, agree: [] });
    const agents = [agentRecord('noor', { lastSeen: at(-3_600) })];
    expect(told(stateOf({ claims: [ahead('zoe', 1)], agents }))).toMatchObject({ ...either, agree: ['noor'] });
  });
});
