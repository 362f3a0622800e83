import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide } from '../../../src/domain/decide.js';
import { EVENT_TYPES } from '../../../src/domain/events.js';
import { patternTarget } from '../../../src/domain/ground/patterns.js';
import { type Claim, EMPTY_STATE, PART_FIELDS, type Part, type State } from '../../../src/domain/model.js';
import {
  askedOf,
  type Decision,
  type Kind,
  partsOf,
  questionOf,
  type Request,
  ROWS,
  rowOf,
  withAnswers,
  withWatched,
} from '../../../src/domain/request-table.js';
import { KINDS, requestOf, type Step, stepOf } from '../../support/every-request.js';
import { PROPERTY_RUNS } from '../../support/properties.js';
import { agentRecord } from '../../support/records.js';

/** Of each kind. */
const RUNS = Math.ceil(PROPERTY_RUNS / 10);
const PARTS = Object.keys(PART_FIELDS) as Part[];

function holds(kind: Kind, property: (step: Step) => void): void {
  fc.assert(fc.property(stepOf(kind), property), { numRuns: RUNS });
}

/** The state without what stands in these parts. */
function without(state: State, parts: readonly Part[]): State {
  const empty = parts.map((part) => [PART_FIELDS[part], EMPTY_STATE[PART_FIELDS[part]]]);
  return { ...state, ...Object.fromEntries(empty) };
}

/** The state where this agent is as it says. */
function withAgent(state: State, id: string, changes: Parameters<typeof agentRecord>[1]): State {
  return { ...state, agents: [...state.agents.filter((agent) => agent.id !== id), agentRecord(id, changes)] };
}

/** The claims that the agent has by this decision, and had not before. */
function gained(state: State, agent: string, decision: Decision): readonly Claim[] {
  const known = new Set(state.claims.map(({ agent: holder, token }) => `${holder} ${token}`));
  const claims = decision.ok ? decision.state.claims : [];
  return claims.filter((claim) => claim.agent === agent && !known.has(`${agent} ${claim.token}`));
}

it('has a row for every kind, under its name', () => {
  expect(Object.keys(ROWS).sort()).toEqual([...KINDS].sort());
});

describe.each(KINDS)('%s', (kind) => {
  it('is granted at times, so that what follows says something', () => {
    const isGranted = ({ state, request, now }: Step) => decide(state, request, now).ok;
    const seeds = Array.from({ length: 40 }, (_, seed) => seed);
    expect(seeds.some((seed) => fc.sample(stepOf(kind), { numRuns: 10, seed }).some(isGranted))).toBe(true);
  });

  it('reads and changes no part of the state but its own', () => {
    holds(kind, ({ state, request, now }) => {
      const others = PARTS.filter((part) => !partsOf([request]).includes(part));
      const decision = decide(state, request, now);
      const blind = decide(without(state, others), request, now);
      const unread = pick(
        state,
        others.map((part) => PART_FIELDS[part]),
      );
      expect(blind.ok ? { ...blind, state: { ...blind.state, ...unread } } : blind).toEqual(decision);
      if (decision.ok) expect(decision.state).toMatchObject(unread);
    });
  });

  it('is plain data: another process decides it alike', () => {
    holds(kind, ({ state, request, now }) => {
      expect(decide(state, JSON.parse(JSON.stringify(request)) as Request, now)).toEqual(decide(state, request, now));
    });
  });

  it('takes nothing from a stopped agent, but the end of what was running', () => {
    holds(kind, ({ state, request, now }) => {
      const kill = { by: 'boss', at: now, reason: 'x' };
      const decision = decide(withAgent(state, request.agent, { killed: kill }), request, now);
      if (kind === 'deploy-finish') return;
      expect(decision).toEqual({ ok: false, refusal: { code: 'closed', reason: 'killed', kill } });
    });
  });

  it('gives no ground to a session that has not loaded the rules, where one must', () => {
    holds(kind, ({ state, request, now }) => {
      const policy = { ...request.policy, requiredRules: { digest: 'new' } };
      const strict = decide(state, { ...request, policy }, now);
      expect(gained(state, request.agent, strict)).toEqual([]);
      if (rowOf(request).ground(state, request, now) === null) expect(strict).toEqual(decide(state, request, now));
      else expect(strict).toMatchObject({ ok: false, refusal: { code: 'closed' } });
    });
  });

  it('is told in one sentence that names who did what, and every event of it has its instant and who did it', () => {
    holds(kind, ({ state, request, now }) => {
      const decision = decide(state, request, now);
      if (!decision.ok || decision.state === state) return;
      const { summary, events, result } = decision;
      expect(summary).toMatch(/\b(maya|noor|kim)\b/);
      expect(summary).not.toMatch(/undefined|null|\[object|\n| $|^ /);
      const claims = 'claims' in result && kind !== 'keep-alive' ? result.claims : [];
      for (const { target } of claims) expect(summary).toContain(target.replace(/^@(once|deploy|task)\/(one$)?/, ''));
      for (const event of events) {
        expect(EVENT_TYPES).toContain(event.type);
        expect(event.agent).toMatch(/^(maya|noor|kim)$/);
        expect(event.at <= now).toBe(true);
      }
    });
  });

  it('gives a worker no ground of the surface, and no resource', () => {
    // A task gives its own ground, to the role that it is for.
    if (kind === 'task-take') return;
    holds(kind, ({ state, request, now }) => {
      const worker = withAgent(state, request.agent, { role: 'worker' });
      const policy = { ...request.policy, surface: [patternTarget('**')] };
      const decision = decide(worker, { ...request, policy }, now);
      expect(gained(worker, request.agent, decision)).toEqual([]);
      if (kind === 'land' || kind === 'integrate') expect(decision.ok).toBe(false);
    });
  });

  it('is decided with all that its clone has watched and its git can tell', () => {
    holds(kind, ({ state, request, now }) => {
      const watched = { some: 7 };
      const all: unknown[] = [];
      JSON.stringify(withWatched(request, watched), (name, value: unknown) => {
        if (name === 'watched') all.push(value);
        return value;
      });
      expect(all).toEqual([watched]);
      const { work } = questionOf(state, request, now);
      const answers = Object.fromEntries(work.map(({ key }) => [key, true]));
      expect(questionOf(state, withAnswers(request, answers), now).work).toEqual([]);
    });
  });

  it('has another request id for each thing that was asked, and the same for what was found', () => {
    const pair = fc.tuple(stepOf(kind), requestOf(kind));
    fc.assert(
      fc.property(pair, ([{ state, request, now }, other]) => {
        const first = decide(state, { ...request, requestId: 'r1' }, now);
        if (!first.ok || first.state.requests.length === state.requests.length) return;
        const fields = Object.entries<unknown>(rowOf(request).fields);
        const found = fields.flatMap(([name, origin]) => (origin === 'found' ? [name] : []));
        const again = { ...request, requestId: 'r1', operation: 'again', ...pick(other, found) } as Request;
        expect(decide(first.state, again, now)).toMatchObject({ ok: true, result: first.result });
        for (const [name] of fields.filter(([, origin]) => origin === 'asked')) {
          const changed = { ...request, requestId: 'r1', ...pick(other, [name]) } as Request;
          if (askedOf(changed) === askedOf(request)) {
            expect(JSON.stringify(pick(changed, [name]))).toBe(JSON.stringify(pick(request, [name])));
          } else {
            expect(decide(first.state, changed, now)).toMatchObject({ ok: false, refusal: { reason: 'request-id' } });
          }
        }
      }),
      { numRuns: RUNS },
    );
  });
});

it.each(KINDS.filter((kind) => 'repeatable' in ROWS[kind]))(
  '%s, which may be repeated, is granted again on what it led to, and grants, notes and plans nothing more',
  (kind) => {
    holds(kind, ({ state, request, now }) => {
      const first = decide(state, request, now);
      if (!first.ok) return;
      const again = decide(first.state, { ...request, operation: 'again' }, now);
      expect(again.ok).toBe(true);
      expect(gained(first.state, request.agent, again)).toEqual([]);
      const left = ({ notes, tasks, submissions }: State) => [notes.length, tasks.tasks.length, submissions.length];
      if (!again.ok) return;
      expect(left(again.state)).toEqual(left(first.state));
      expect(again.events.filter(({ type }) => type.startsWith('task.'))).toEqual([]);
    });
  },
);

function pick(value: object, names: readonly string[]): object {
  const fields = value as Readonly<Record<string, unknown>>;
  return Object.fromEntries(names.map((name) => [name, fields[name]]));
}
