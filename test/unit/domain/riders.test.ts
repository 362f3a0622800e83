import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide } from '../../../src/domain/decide.js';
import { EMPTY_STATE, type State } from '../../../src/domain/model.js';
import { type OfflineRequest, ROWS, rowOf } from '../../../src/domain/request-table.js';
import {
  anyDue,
  decideCarrying,
  dueAt,
  granterOf,
  type Rider,
  refuseAll,
  withRiders,
} from '../../../src/domain/riders.js';

import { at, baseOf, START } from '../../support/decisions.js';
import { KINDS, requestOf, stepOf } from '../../support/every-request.js';
import { PROPERTY_RUNS } from '../../support/properties.js';
import { claimOf } from '../../support/requests.js';

const OFFLINE = KINDS.filter((kind) => 'offline' in ROWS[kind]);

/** The request as this clone granted it on a state; null where it did not. */
function granted(state: State, request: OfflineRequest, now = START): Rider | null {
  const here = request.kind === 'claim' ? { ...request, reach: 'clone' as const } : request;
  const decision = decide({ ...state, provisional: 0 }, here, now);
  if (!decision.ok) return null;
  const before = new Set(state.claims.map(({ id }) => id));
  const claims = decision.state.claims.filter(({ id, reach }) => reach === 'clone' && !before.has(id));
  return { at: now, dueAt: dueAt(request, now), asked: false, provisional: 0, request: here, claims };
}

describe('when what this clone granted is due at the remote', () => {
  it('is after five minutes for what nobody waits for, and at once for all else', () => {
    const kinds = OFFLINE.map((kind) => [kind, dueAt({ kind } as OfflineRequest, START)]);
    const later = ['session-start', 'session-end', 'set-state'];
    expect(kinds).toEqual(OFFLINE.map((kind) => [kind, later.includes(kind) ? at(300) : START]));
  });

  it('is at its time, and when the clock was set back', () => {
    const rider = { at: START, dueAt: at(60) } as Rider;
    expect([-1, 0, 59, 60, 600].map((seconds) => anyDue([rider], at(seconds)))).toEqual([
      true,
      false,
      false,
      true,
      true,
    ]);
    expect(anyDue([], START)).toBe(false);
  });

  it('the first automatic claim in ten seconds asks the remote, the next ones do not', () => {
    const asked = [0, 9.999, 10, -1].map((seconds) => granterOf(START, at(seconds)));
    expect([...asked, granterOf(null, START)]).toEqual(['clone', 'clone', 'remote', 'remote', 'remote']);
  });
});

describe('what goes along with a request', () => {
  const steps = fc.constantFrom(...OFFLINE).chain((kind) => fc.tuple(stepOf(kind), requestOf('note')));

  it('is decided before it, as if each had come by itself', () => {
    fc.assert(
      fc.property(steps, ([{ state, request, now }, note]) => {
        const rider = granted(state, request as OfflineRequest, now);
        if (rider === null || rider.claims.length > 0) return;
        const last = { ...note, operation: `${request.operation}, then this` };
        const first = decide(
          state,
          { ...rider.request, ...('reach' in rider.request ? { reach: 'remote' } : {}) } as never,
          now,
        );
        // Due, so that it is written with a request that writes nothing, too.
        const both = decideCarrying(state, { ...last, along: [{ ...rider, dueAt: now }] }, now);
        if (!first.ok) return;
        const second = decide(first.state, last, now);
        if (!second.ok) {
          expect(both).toEqual(second);
          return;
        }
        expect(both).toMatchObject({ ok: true, state: second.state, result: second.result });
        const carried = first.events.map((event) => ({ ...event, along: rider.request.operation }));
        expect(both.ok && both.events).toEqual([...carried, ...second.events]);
      }),
      { numRuns: PROPERTY_RUNS },
    );
  });

  it('has no second effect where the process was killed before it could take that down', () => {
    fc.assert(
      fc.property(steps, ([{ state, request, now }]) => {
        // What cannot be decided twice has an id in the list, as the command line gives it.
        const requestId = rowOf(request).repeatable ? null : `rides ${request.operation}`;
        const rider = granted(state, { ...request, requestId } as OfflineRequest, now);
        if (rider === null) return;
        const carrier = { ...baseOf('zoe'), kind: 'keep-alive' as const, along: [{ ...rider, dueAt: now }] };
        const once = decideCarrying(state, carrier, now);
        if (!once.ok || (once.rode?.lost.length ?? 0) > 0) return;
        const twice = decideCarrying(once.state, carrier, now);
        expect(twice.ok && plain(twice.state)).toEqual(plain(once.state));
      }),
      { numRuns: PROPERTY_RUNS },
    );
  });

  const state = { ...baseOf('maya'), kind: 'set-state' as const, text: 'busy' };
  const rider = granted(EMPTY_STATE, state) as Rider;
  const idle = { ...baseOf('maya'), kind: 'keep-alive' as const };

  it('is written with a request that writes nothing only when it is due', () => {
    expect(decideCarrying(EMPTY_STATE, { ...idle, along: [rider] }, at(299))).toMatchObject({
      ok: true,
      state: EMPTY_STATE,
    });
    const due = decideCarrying(EMPTY_STATE, { ...idle, along: [rider] }, at(300));
    expect(due).toMatchObject({
      rode: { operations: [state.operation] },
      state: { agents: [{ id: 'maya', state: 'busy' }] },
    });
  });

  it('is not written with a request that is refused', () => {
    const held = decide(EMPTY_STATE, claimOf('noor', ['a']), START);
    const before = held.ok ? held.state : EMPTY_STATE;
    const refused = decideCarrying(before, { ...claimOf('maya', ['a']), along: [rider] }, at(301));
    expect(refused).toMatchObject({ ok: false, refusal: { code: 'held' } });
  });

  it('is lost where the ground is held by now: its holder is left word, in the same write', () => {
    const claim = granted(EMPTY_STATE, claimOf('maya', ['a'])) as Rider;
    const held = decide(EMPTY_STATE, claimOf('noor', ['a']), START);
    const before = held.ok ? held.state : EMPTY_STATE;
    const decision = decideCarrying(before, { ...state, along: [claim] }, at(1));
    expect(decision).toMatchObject({
      ok: true,
      rode: { lost: [{ target: 'a' }], confirmed: [] },
      state: {
        agents: [
          { id: 'noor' },
          { id: 'maya', state: 'busy', losses: [{ how: 'unconfirmed', reason: 'held by noor' }] },
        ],
      },
    });
  });

  it('stands in the view of this clone meanwhile', () => {
    expect(withRiders(EMPTY_STATE, [rider]).agents).toMatchObject([{ id: 'maya', state: 'busy' }]);
  });

  it('of an agent that was stopped is given up, and that of others is not', () => {
    const other = { ...rider, request: { ...rider.request, agent: 'noor', operation: 'other' } };
    const refusal = { code: 'usage', reason: 'unknown-note', note: 'n1' } as const;
    expect(refuseAll([rider, other], 'maya', refusal).operations).toEqual([state.operation]);
  });
});

/** Without the instants of a renewal, and the answers to request ids. */
function plain({ claims, agents, requests: _, ...state }: State) {
  return { ...state, claims: claims.map(({ id, target, agent, token }) => ({ id, target, agent, token })), agents };
}
