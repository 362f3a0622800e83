import { describe, expect, it } from 'vitest';
import { EMPTY_STATE } from '../../../src/domain/model.js';
import { baseOf, granted, START } from '../../support/decisions.js';
import { claimRecord } from '../../support/records.js';

describe('word of offline claims that the remote did not confirm', () => {
  const offline = claimRecord(1, { id: 'c~1' });
  const request = {
    ...baseOf('maya'),
    kind: 'lose-offline',
    claims: [offline],
    askedAs: 'r1',
    by: null,
    why: 'too late',
  } as const;

  it('is left to the holder', () => {
    const { state, result } = granted(EMPTY_STATE, request);
    expect(result.lost).toEqual([{ ...offline, id: 'c1' }]);
    expect(state.lastClaim).toBe(1);
    expect(state.agents.find(({ id }) => id === 'maya')?.losses).toMatchObject([{ how: 'unconfirmed', claim: 'c1' }]);
  });

  it('is not left where it was confirmed: then its end is as that of any claim', () => {
    // The command that had it confirmed was killed before it could note that down.
    const fingerprint = 'f'.repeat(64);
    const answered = { id: 'r1', agent: 'maya', kind: 'claim', fingerprint, at: START, answer: { claims: [] } };
    const claims = [{ ...offline, token: 7, reach: 'remote' as const }];
    const confirmed = { ...EMPTY_STATE, lastToken: 7, lastClaim: 1, claims, requests: [answered] };
    const { state, result, events } = granted(confirmed, request, START);
    expect({ state, events, lost: result.lost }).toEqual({ state: confirmed, events: [], lost: [] });
  });
});
