import { describe, expect, it } from 'vitest';
import type { ClaimRequest } from '../../../src/domain/claims/claim.js';
import { EMPTY_STATE, type State } from '../../../src/domain/model.js';
import { isRequestId } from '../../../src/domain/request-ids.js';
import type { Request } from '../../../src/domain/request-table.js';
import { at, claimOf, granted, refused, releaseOf, renewOf, stateAfter } from '../../support/decisions.js';
import { waitOf } from '../../support/requests.js';

const DAY = 86_400;

function asked(changes: Partial<ClaimRequest> = {}, targets: string | readonly string[] = 'src/api/**'): ClaimRequest {
  return claimOf('maya', targets, { requestId: 'r1', ...changes });
}

/** The same id again, as the program asks it: another operation, session and HEAD. */
const again = () => asked({ session: 'later', head: 'b'.repeat(40), contains: { x: true }, rules: 'new' });

const first = granted(EMPTY_STATE, asked());

describe('a request id', () => {
  it('gives the same answer again, with no event and no new state', () => {
    const repeated = granted(first.state, again(), at(60));
    expect(repeated.result).toEqual(first.result);
    expect(repeated.events).toEqual([]);
    expect(repeated.state).toBe(first.state);
  });

  it('gives it even when the state has moved on', () => {
    const moved = stateAfter(first.state, [releaseOf('maya'), claimOf('noor', 'src/api/**')], at(60));
    const killed: State = {
      ...moved,
      agents: moved.agents.map((agent) => ({ ...agent, killed: { by: 'boss', at: at(61), reason: 'x' } })),
    };
    expect(granted(killed, again(), at(90)).result).toEqual(first.result);
    expect(refused(moved, claimOf('maya', 'src/api/**'), at(90))).toMatchObject({ reason: 'held' });
  });

  it('is remembered though the request changed nothing else', () => {
    const nothing = granted(EMPTY_STATE, renewOf('maya', { requestId: 'r2' }));
    expect(nothing.state).not.toBe(EMPTY_STATE);
    const holding = stateAfter(nothing.state, [claimOf('maya', 'docs/**')]);
    expect(granted(holding, renewOf('maya', { requestId: 'r2' }), at(5)).result).toEqual({ claims: [] });
  });

  it('without one, nothing is remembered', () => {
    expect(granted(EMPTY_STATE, claimOf('maya', 'a')).state.requests).toEqual([]);
    expect(granted(EMPTY_STATE, claimOf('maya', 'a', { requestId: null })).state.requests).toEqual([]);
  });

  it.each<[string, Request]>([
    ['another agent', claimOf('noor', 'src/api/**', { requestId: 'r1' })],
    ['another kind', renewOf('maya', { requestId: 'r1' })],
    ['other targets', asked({}, 'docs/**')],
    ['more targets', asked({}, ['src/api/**', 'docs/**'])],
    ['another mode', asked({ mode: 'shared' })],
    ['another reason', asked({ reason: 'else' })],
  ])('is refused for %s', (_, other) => {
    expect(refused(first.state, other, at(1))).toEqual({
      ...{ code: 'usage', reason: 'request-id', id: 'r1', agent: 'maya', kind: 'claim' },
      at: at(0),
    });
  });

  it('tells a named commit from another, and HEAD from none', () => {
    const held = stateAfter(EMPTY_STATE, [claimOf('maya', 'a')]);
    const release = (commit: string, commitNamed: boolean) =>
      releaseOf('maya', { requestId: 'r3', commit: commit.repeat(40), commitNamed });
    const named = granted(held, release('a', true)).state;
    expect(refused(named, release('b', true))).toMatchObject({ reason: 'request-id' });
    const head = granted(held, release('a', false));
    expect(granted(head.state, release('b', false)).result).toEqual(head.result);
  });

  it('is not used up by a refusal: that had no effect, and is decided again', () => {
    const held = stateAfter(EMPTY_STATE, [claimOf('noor', 'src/api/**')]);
    expect(refused(held, asked())).toMatchObject({ reason: 'held' });
    const free = stateAfter(held, [releaseOf('noor')], at(5));
    expect(granted(free, asked(), at(6)).result.claims).toMatchObject([{ agent: 'maya' }]);
  });

  it('is not used up by a place in the queue, only by what came of it', () => {
    const held = stateAfter(EMPTY_STATE, [claimOf('noor', 'src/api/**')]);
    const wait = () => waitOf('maya', 'src/api/**', { requestId: 'r1' });
    const request = () => ({ ...wait(), requestId: 'r1' });
    const queued = granted(held, request());
    expect(queued.result.status).toBe('waiting');
    expect(queued.state.requests).toEqual([]);
    const free = stateAfter(queued.state, [releaseOf('noor')], at(5));
    const turn = granted(free, request(), at(6));
    expect(turn.result.status).toBe('granted');
    const gone = stateAfter(turn.state, [releaseOf('maya')], at(7));
    expect(granted(gone, request(), at(8)).result).toEqual(turn.result);
  });
});

describe('what is kept', () => {
  it('is forgotten after a day', () => {
    expect(granted(first.state, again(), at(DAY - 1)).events).toEqual([]);
    const later = granted(stateAfter(first.state, [releaseOf('maya')], at(5)), asked(), at(DAY));
    expect(later.events.map(({ type }) => type)).toContain('claim.granted');
    expect(later.state.requests).toHaveLength(1);
  });

  it('is at most 500 answers, the oldest forgotten first', () => {
    const answer = { agent: 'maya', kind: 'renew', fingerprint: 'x', at: at(0), answer: {} };
    const requests = Array.from({ length: 500 }, (_, index) => ({ ...answer, id: `old${index}` }));
    const { state } = granted({ ...EMPTY_STATE, requests }, asked());
    expect(state.requests).toHaveLength(500);
    expect(state.requests.map(({ id }) => id)).not.toContain('old0');
    expect(state.requests.at(-1)?.id).toBe('r1');
  });

  it('is bounded in size, but always has the newest', () => {
    const large = { agent: 'maya', kind: 'note', fingerprint: 'x', at: at(0), answer: { text: 'x'.repeat(100_000) } };
    const requests = ['a', 'b', 'c'].map((id) => ({ ...large, id }));
    const bounded = granted({ ...EMPTY_STATE, requests }, asked()).state.requests;
    expect(bounded.map(({ id }) => id)).toEqual(['b', 'c', 'r1']);
    const targets = Array.from({ length: 900 }, (_, index) => `a${index}/${'b'.repeat(50)}`);
    const huge = granted({ ...EMPTY_STATE, requests }, asked({}, targets));
    expect(huge.state.requests.map(({ id }) => id)).toEqual(['r1']);
    expect(granted(huge.state, asked({}, targets), at(1)).result).toEqual(huge.result);
  });
});

it.each([
  ['r1', true],
  ['x'.repeat(128), true],
  ['🎉'.repeat(128), true],
  ['two words', true],
  ['', false],
  ['   ', false],
  ['x'.repeat(129), false],
  ['a\nb', false],
  ['a\u0000b', false],
  ['a\u202eb', false],
])('request id %j: %s', (text, valid) => {
  expect(isRequestId(text)).toBe(valid);
});
