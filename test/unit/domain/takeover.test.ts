import { describe, expect, it } from 'vitest';
import type { ClaimRequest } from '../../../src/domain/claims/claim.js';
import type { TakeOverRequest } from '../../../src/domain/claims/takeover.js';
import { directoryTarget } from '../../../src/domain/ground/targets.js';
import { EMPTY_STATE, type State } from '../../../src/domain/model.js';
import { granted, refused, renewOf, stateAfter } from '../../support/decisions.js';
import { releaseRecord } from '../../support/records.js';
import { at, claimOf, POLICY, waitOf } from '../../support/requests.js';

const EXPIRY = 1800;
const BECAUSE = { reason: 'her machine died' };
const OVER = EXPIRY + POLICY.skewSeconds;

function takeOverOf(
  agent: string,
  targets: string | readonly string[],
  changes: Partial<ClaimRequest> = {},
): TakeOverRequest {
  const claim = claimOf(agent, targets, { ...BECAUSE, ...changes });
  const { operation, session, policy } = claim;
  return { kind: 'take-over', operation, agent, session, policy, claim };
}

function lossesOf(state: State, agent: string) {
  return state.agents.find(({ id }) => id === agent)?.losses;
}

const held = stateAfter(EMPTY_STATE, [claimOf('maya', 'src/api/**')]);

describe('a plain claim of ground that another held', () => {
  it('is refused until expiry and tolerance are over, to the millisecond', () => {
    for (const seconds of [0, EXPIRY, OVER - 0.001]) {
      const refusal = refused(held, claimOf('noor', 'src/api/users.ts'), at(seconds));
      expect(refusal).toMatchObject({ code: 'held', reason: 'held', conflicts: [{ agent: 'maya' }] });
    }
    expect(granted(held, claimOf('noor', 'src/api/users.ts'), at(OVER)).result.claims).toHaveLength(1);
  });

  it('is refused to a clock that is seen to disagree, which a takeover does not mind', () => {
    const ahead = stateAfter(held, [claimOf('pia', 'docs/**')], at(OVER + 600));
    const stale = { ...ahead, claims: [...held.claims, ...ahead.claims] };
    expect(refused(stale, claimOf('noor', 'src/api/**'), at(OVER + 1))).toMatchObject({ reason: 'held' });
    expect(granted(stale, takeOverOf('noor', 'src/api/**'), at(OVER + 1)).result.takenOver).toHaveLength(1);
  });

  it('respects the queue', () => {
    const queued = stateAfter(held, [waitOf('omar', 'src/api/**')], at(OVER - 10));
    const refusal = refused(queued, claimOf('noor', 'src/api/**'), at(OVER));
    expect(refusal).toMatchObject({ reason: 'held', conflicts: [{ agent: 'omar', waiting: true }] });
  });
});

describe('a takeover after expiry', () => {
  it('is recorded as one that cut nothing short, tells the former holder, and bumps the token', () => {
    const before = held.claims[0];
    const { state, events, result } = granted(held, takeOverOf('noor', 'src/api/**', { reason: 'go on' }), at(OVER));
    expect(events.map(({ type }) => type)).toEqual(['claim.lost', 'claim.granted']);
    expect(events[0]).toMatchObject({
      agent: 'maya',
      by: 'noor',
      reason: 'go on',
      forced: false,
      token: before?.token,
    });
    expect(lossesOf(state, 'maya')).toMatchObject([
      { claim: before?.id, how: 'taken-over', by: 'noor', reason: 'go on' },
    ]);
    expect(result.claims[0]?.token).toBeGreaterThan(before?.token ?? Number.NaN);
    expect(state.claims.map(({ agent }) => agent)).toEqual(['noor']);
  });

  it('sweeps what else has expired as expired, not as taken over', () => {
    const two = stateAfter(held, [claimOf('pia', 'docs/**')]);
    const { state, events } = granted(two, takeOverOf('noor', 'src/api/**'), at(OVER));
    expect(events.map(({ type }) => type)).toEqual(['claim.expired', 'claim.lost', 'claim.granted']);
    expect(lossesOf(state, 'pia')).toMatchObject([{ how: 'expired', by: null }]);
  });
});

describe('a takeover of live ground', () => {
  it('takes a live claim at once', () => {
    const { state, events } = granted(held, takeOverOf('noor', 'src/api/users.ts'));
    expect(events[0]).toMatchObject({ type: 'claim.lost', forced: true, reason: BECAUSE.reason });
    expect(state.claims).toMatchObject([{ agent: 'noor', target: 'src/api/users.ts' }]);
    expect(lossesOf(state, 'maya')).toMatchObject([{ how: 'taken-over', by: 'noor', reason: BECAUSE.reason }]);
  });

  it('takes all that overlap, and leaves the rest alone', () => {
    const several = stateAfter(held, [claimOf('omar', 'src/web/**'), claimOf('pia', 'docs/**')]);
    const { state, result } = granted(several, takeOverOf('noor', ['src/**', 'rules/**']));
    expect(result.takenOver.map(({ agent }) => agent)).toEqual(['maya', 'omar']);
    expect(state.claims.map(({ agent, target }) => `${agent} ${target}`)).toEqual([
      'pia docs/**',
      'noor src/**',
      'noor rules/**',
    ]);
  });

  it('takes nothing when the agent may not have it', () => {
    const worker = stateAfter(held, [
      { ...claimOf('w', '@x'), kind: 'session-start', role: 'worker', person: false, rules: null } as never,
    ]);
    expect(refused(worker, takeOverOf('w', 'src/api/**'))).toMatchObject({ code: 'closed', reason: 'role' });
  });

  it('leaves readers to a reader, and takes them all for a writer', () => {
    const shared = { mode: 'shared' } as const;
    const readers = stateAfter(EMPTY_STATE, [claimOf('maya', 'src/**', shared), claimOf('omar', 'src/api/**', shared)]);
    expect(granted(readers, takeOverOf('noor', 'src/api/**', shared)).result.takenOver).toEqual([]);
    expect(granted(readers, takeOverOf('noor', 'src/api/**')).result.takenOver).toHaveLength(2);
  });

  it('comes before the queue, which stays', () => {
    const queued = stateAfter(held, [waitOf('omar', 'src/api/**'), waitOf('noor', 'src/api/users.ts')]);
    const { state, events } = granted(queued, takeOverOf('noor', 'src/api/users.ts'));
    expect(state.claims).toMatchObject([{ agent: 'noor' }]);
    expect(state.waiters.map(({ agent }) => agent)).toEqual(['omar']);
    expect(events.map(({ type }) => type)).toContain('wait.ended');
  });

  it('still wants the work of whoever released before', () => {
    const commit = 'a'.repeat(40);
    const released: State = {
      ...held,
      releases: [releaseRecord('src/**', { kind: 'directory', agent: 'omar', commit })],
    };
    const refusal = refused(released, takeOverOf('noor', 'src/api/**'));
    expect(refusal).toMatchObject({ code: 'behind', missing: [{ commit, agent: 'omar' }] });
    expect(granted(released, takeOverOf('noor', 'src/api/**', { contains: { [commit]: true } })).ok).toBe(true);
  });
});

describe('a takeover of free ground', () => {
  it('is a claim', () => {
    const { events, result } = granted(held, takeOverOf('noor', 'docs/**'));
    expect(events.map(({ type }) => type)).toEqual(['claim.granted']);
    expect(result).toMatchObject({ takenOver: [], claims: [{ target: 'docs/**', agent: 'noor' }] });
  });

  it('renews what the agent holds itself, with the token that it has', () => {
    const { result } = granted(held, takeOverOf('maya', 'src/api/**'), at(10));
    expect(result).toMatchObject({ takenOver: [], claims: [{ id: held.claims[0]?.id, token: held.claims[0]?.token }] });
  });
});

describe('a takeover from another session of the same agent', () => {
  const crashed = stateAfter(EMPTY_STATE, [claimOf('maya', 'src/api/**', { session: 'one' })]);

  it('takes a takeover while the claim lives', () => {
    const refusal = refused(crashed, claimOf('maya', 'src/api/**', { session: 'two' }));
    expect(refusal).toMatchObject({ code: 'held', reason: 'session' });
  });

  it('gives the new session a claim and token of its own, and the old one the loss', () => {
    const { state } = granted(crashed, takeOverOf('maya', 'src/api/**', { session: 'two' }));
    expect(state.claims).toMatchObject([{ agent: 'maya', session: 'two' }]);
    expect(state.claims[0]?.token).toBeGreaterThan(crashed.claims[0]?.token ?? Number.NaN);
    expect(lossesOf(state, 'maya')).toMatchObject([{ how: 'taken-over', by: 'maya', session: 'one' }]);
    const free = { ...state, claims: [] };
    const renewed = (session: string) => renewOf('maya', { session, targets: [directoryTarget('src/api')] });
    expect(refused(free, renewed('one'))).toMatchObject({ targets: [{ why: 'taken-over' }] });
    expect(refused(free, renewed('two'))).toMatchObject({ targets: [{ why: 'not-held' }] });
  });
});

it('says from whom ground was taken over, each once, and says nothing where it was free', () => {
  const many = stateAfter(held, [claimOf('noor', ['docs/a', 'docs/b'])]);
  expect(granted(many, takeOverOf('kim', ['src/api/**', 'docs/**'])).summary).toMatch(/, taken over from maya, noor$/);
  expect(granted(EMPTY_STATE, takeOverOf('kim', 'lib/**')).summary).not.toContain('taken over');
  const readers = stateAfter(EMPTY_STATE, [claimOf('maya', 'lib/**', { mode: 'shared' })]);
  expect(granted(readers, takeOverOf('kim', 'lib/x', { mode: 'shared' })).result.takenOver).toEqual([]);
  expect(granted(readers, takeOverOf('kim', 'lib/x')).result.takenOver).toHaveLength(1);
  expect(granted(held, takeOverOf('kim', 'src/api/x', { mode: 'shared' })).result.takenOver).toHaveLength(1);
  const policy = { ...POLICY, foldCase: true };
  expect(granted(held, takeOverOf('kim', 'SRC/API/x', { policy })).result.takenOver).toHaveLength(1);
  expect(granted(held, takeOverOf('kim', 'SRC/API/x')).result.takenOver).toEqual([]);
});
