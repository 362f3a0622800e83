import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide } from '../../../src/domain/decide.js';
import { EMPTY_STATE, newId, numberIn, type State } from '../../../src/domain/model.js';
import type { Request } from '../../../src/domain/request-table.js';
import type { Instant } from '../../../src/domain/time.js';
import { decodeClaims, decodeLog, encodeClaims, encodeLog, inFileOrder } from '../../../src/store/format/documents.js';
import { KINDS, requestOf } from '../../support/every-request.js';
import { PROPERTY_RUNS } from '../../support/properties.js';
import { at } from '../../support/requests.js';

/** Of all kinds, those that make what has an id most of all. */
const MAKERS = [
  'claim',
  'wait',
  'note',
  'release',
  'session-start',
  'handoff',
  'accept',
  'submit',
  'deploy-begin',
  'task-add',
] as const;
const requests = fc.constantFrom(...MAKERS, ...MAKERS, ...KINDS).chain(requestOf);
/** What can be granted without the remote, under provisional ids. */
const OFFLINE: readonly string[] = ['claim', 'renew', 'release', 'note', 'task-add'];

/** A request after so many seconds, and whether another process reads the state before the next. */
const steps = fc.array(fc.tuple(requests, fc.constantFrom(1, 60, 4000), fc.boolean()), { maxLength: 40 });

function idsIn({ claims, waiters, notes, deployments, tasks }: State): string[] {
  return [...claims, ...waiters, ...notes, ...deployments.attempts, ...tasks.tasks].map(({ id }) => id);
}

/** As another process reads it: claims and the queue from their file, and of a long log its newest segment alone. */
function readBack(state: State): State {
  const { claims, waiters, releases, lastToken, lastClaim, lastWaiter } = decodeClaims(encodeClaims(state));
  const notes = decodeLog('log.jsonl', encodeLog(state.notes.slice(-1)));
  return { ...inFileOrder(state), claims, waiters, releases, lastToken, lastClaim, lastWaiter, notes };
}

function decidedOn(state: State, request: Request, now: Instant): State {
  const decision = decide(state, request, now);
  return decision.ok ? decision.state : state;
}

describe('short ids', () => {
  it.each([null, 0])('are given once each, whatever happens between (provisional: %s)', (provisional) => {
    fc.assert(
      fc.property(steps, (all) => {
        let state: State = { ...EMPTY_STATE, provisional };
        const given = new Set<string>();
        let seconds = 0;
        const asked = all.filter(([{ kind }]) => provisional === null || OFFLINE.includes(kind));
        for (const [index, [request, later, again]] of asked.entries()) {
          seconds += later;
          const before = new Set(idsIn(state));
          const next = decidedOn(state, { ...request, operation: `op${index}` }, at(seconds));
          const ids = idsIn(next);
          expect(new Set(ids).size).toBe(ids.length);
          for (const id of ids.filter((one) => !before.has(one))) {
            expect(id).toMatch(provisional === null ? /^[cwndt][1-9]\d*$/ : /^[cwndt]~[1-9]\d*$/);
            expect(given).not.toContain(id);
            given.add(id);
          }
          state = again && provisional === null ? readBack(next) : next;
        }
      }),
      { numRuns: PROPERTY_RUNS },
    );
  });

  it('begin with the letter of their kind, and number several of one decision', () => {
    expect([1, 2].map((nth) => newId(EMPTY_STATE, 'c', 11, nth))).toEqual(['c12', 'c13']);
    expect([1, 2].map((nth) => newId({ provisional: 2 }, 'n', 11, nth))).toEqual(['n~3', 'n~4']);
  });

  it.each(['', 'c', 'c0', 'c01', 'c~3', 'C3', 'c3 ', `c${'9'.repeat(16)}`])('have no number in %j', (id) => {
    expect(numberIn(id)).toBe(0);
  });
});
