import { expect, it } from 'vitest';
import { renewalKey } from '../../../src/domain/claims/leases.js';
import { decide } from '../../../src/domain/decide.js';
import { EMPTY_STATE } from '../../../src/domain/model.js';
import { withWatched } from '../../../src/domain/request-table.js';
import { at, claimOf, POLICY } from '../../support/requests.js';

const TTL = 1800;
const policy = { ...POLICY, watched: {} };

function claimedByMaya() {
  const decision = decide(EMPTY_STATE, claimOf('maya', 'src/**'), at(0));
  if (!decision.ok) throw new Error('refused');
  return decision.state;
}

function askedByNoor(seconds: number, watchedSeconds: number | null) {
  const state = claimedByMaya();
  const [claim] = state.claims;
  if (!claim) throw new Error('no claim');
  const watched = watchedSeconds === null ? {} : { [renewalKey(claim)]: watchedSeconds };
  return decide(state, withWatched(claimOf('noor', 'src/**', { policy }), watched), at(seconds));
}

it('no clock, however far ahead, takes a claim over that was not watched for its whole life and the tolerance', () => {
  expect(askedByNoor(10 * 86_400, null).ok).toBe(false);
  expect(askedByNoor(10 * 86_400, TTL + POLICY.skewSeconds - 1).ok).toBe(false);
});

it('a claim that was watched that long is taken over, even by a clock that is behind', () => {
  const decision = askedByNoor(-3600, TTL + POLICY.skewSeconds);
  expect(decision.ok && decision.state.claims).toMatchObject([{ agent: 'noor' }]);
});
