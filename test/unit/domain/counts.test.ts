import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { metricsLines, openMetrics } from '../../../src/commands/events/metrics.js';
import { orchestratorsOf } from '../../../src/domain/agents/agents.js';
import { conflictsOf } from '../../../src/domain/claims/conflicts.js';
import { decide, refusalEvent } from '../../../src/domain/decide.js';
import { stateFindings } from '../../../src/domain/doctor/checkup.js';
import type { CoordEvent } from '../../../src/domain/events.js';
import { type Contention, type Metrics, metricsOf } from '../../../src/domain/metrics/metrics.js';
import { EMPTY_STATE, type State } from '../../../src/domain/model.js';
import type { Decision, Request } from '../../../src/domain/request-table.js';
import { statusReport } from '../../../src/domain/status.js';
import { type Instant, secondsBetween } from '../../../src/domain/time.js';
import { statusAnswer } from '../../../src/render/status.js';
import { loadStyle } from '../../../src/render/style.js';
import { KINDS, requestOf } from '../../support/every-request.js';
import { PROPERTY_RUNS } from '../../support/properties.js';
import { agentRecord, stateOf, waiterRecord } from '../../support/records.js';
import { at, POLICY } from '../../support/requests.js';

/** A day of a fleet: its events as the history has them, the state that they led to, and what was counted beside them. */
interface Day {
  readonly events: readonly CoordEvent[];
  readonly state: State;
  readonly now: Instant;
  /** By what was asked: refusals of claims with their repetitions, deploys stopped and begun, claims taken from others. */
  readonly refused: number;
  readonly blocked: number;
  readonly begun: number;
  readonly takenOver: number;
}

type Granted = Extract<Decision, { ok: true }>;

interface Asked {
  readonly request: Request;
  readonly pause: number;
  /** How often a refusal is repeated before it is recorded. */
  readonly times: number;
}

/** Kinds that fill the counts come more often than the others. */
const OFTEN = [
  'claim',
  'claim',
  'claim',
  'wait',
  'wait',
  'take-over',
  'release',
  'deploy-begin',
  'deploy-block',
  'kill',
] as const;
const asked: fc.Arbitrary<Asked> = fc.oneof(fc.constantFrom(...OFTEN), fc.constantFrom(...KINDS)).chain((kind) =>
  fc.record({
    request: requestOf(kind),
    pause: fc.constantFrom(0, 1, 15, 600, 2_000),
    times: fc.constantFrom(1, 1, 3),
  }),
);
const days = fc.array(asked, { minLength: 1, maxLength: 30 }).map(lived);

function lived(day: readonly Asked[]): Day {
  let state = EMPTY_STATE;
  let seconds = 0;
  const events: CoordEvent[] = [];
  const beside = { refused: 0, blocked: 0, begun: 0, takenOver: 0 };
  for (const [index, { request, pause, times }] of day.entries()) {
    seconds += pause;
    const one = { ...request, operation: `o${index}` } as Request;
    const decision = decide(state, one, at(seconds));
    if (!decision.ok) {
      if (one.kind !== 'claim' || decision.refusal.code === 'usage') continue;
      events.push({ ...refusalEvent(one, decision.refusal, at(seconds)), count: times });
      beside.refused += times;
      continue;
    }
    if (one.kind === 'deploy-block') beside.blocked += 1;
    if (one.kind === 'deploy-begin') beside.begun += 1;
    if (one.kind === 'take-over') beside.takenOver += takenFrom(state, decision, one.agent);
    events.push(...decision.events.map((event, place) => ({ id: `o${index}.${place}`, ...event })));
    state = decision.state;
  }
  return { events, state, now: at(seconds), ...beside };
}

/** How many claims of others are gone by this decision that had not expired by then. */
function takenFrom({ claims }: State, decision: Granted, agent: string): number {
  const kept = new Set(decision.state.claims.map(({ id }) => id));
  for (const { type, claim } of decision.events) if (type === 'claim.expired') kept.add(String(claim));
  return claims.filter((claim) => !kept.has(claim.id) && claim.agent !== agent).length;
}

const total = (counts: Readonly<Record<string, number>>) =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

function holds(property: (day: Day) => void): void {
  fc.assert(fc.property(days, property), { numRuns: PROPERTY_RUNS });
}

const wholeOf = ({ events, now }: Day): Metrics => metricsOf(events, () => true, now);
const style = await loadStyle(false);

const STOPS: readonly string[] = ['claim.refused', 'deadlock.prevented', 'wait.started'];

/** What of an advice is not so. */
function adviceProblem(one: Contention, stops: readonly CoordEvent[]): string | null {
  const { target, agents, refusals, waits, advice } = one;
  if (agents < 1 || agents > new Set(stops.map(({ agent }) => agent)).size) return 'agents';
  switch (advice.kind) {
    case 'narrow': {
      const asked = new Set(stops.flatMap(({ targets }) => targets as string[]));
      const below = [...asked].filter((text) => text !== target && text.startsWith(target.replace(/\*\*$/, '')));
      const known = advice.wanted.every((part) => below.includes(part));
      return known && advice.wanted.length + advice.more <= below.length ? null : 'wanted';
    }
    case 'release':
      return advice.expiries === one.expiries && one.expiries <= one.holds.count ? null : 'expiries';
    case 'queue':
      return refusals > Math.max(agents, waits) ? null : 'nobody tried again';
    case 'split':
      return advice.agents === agents && agents > 1 ? null : 'not wanted by several';
    default:
      return null;
  }
}

describe('metrics', () => {
  it('count what is in the history, so that what began and did not end stands in the state', () => {
    holds((day) => {
      const { state } = day;
      const all = wholeOf(day);
      const lost = day.events.filter(({ type }) => type === 'claim.lost').length;
      // A handover ends one claim and begins another.
      expect(all.grants - all.releases - all.expiries - lost).toBe(state.claims.length);
      expect(all.holds.count).toBe(all.releases + all.expiries + lost + all.handoffs);
      expect(all.takeovers).toBe(day.takenOver);
      expect(all.waits.started - all.waits.ended).toBe(state.waiters.length);
      const revived = day.events.filter(({ type }) => type === 'agent.revived').length;
      expect(all.kills - revived).toBe(state.agents.filter(({ killed }) => killed !== null).length);
      const open = state.deployments.attempts.filter(({ status }) => status === 'running').length;
      expect(all.deploys.done + all.deploys.failed + open).toBe(day.begun);
      expect(all.deploys.started).toBeLessThanOrEqual(day.begun);
      expect(all.deploys.blocked.count).toBe(day.blocked);
      expect(all.refusals.count).toBe(day.refused);
    });
  });

  it('divide each number into parts that make it up, and know the name of each', () => {
    holds((day) => {
      const { refusals, waits, deploys } = wholeOf(day);
      for (const [count, parts] of [
        [refusals.count, refusals.byReason],
        [waits.ended, waits.byOutcome],
        [deploys.blocked.count, deploys.blocked.byStep],
      ] as const) {
        expect(total(parts)).toBe(count);
        expect(Object.keys(parts)).not.toContain('unknown');
      }
    });
  });

  it('say in words and as OpenMetrics what they say as data', () => {
    holds((day) => {
      const all = wholeOf(day);
      const words = metricsLines(all, day.now, style);
      if (day.events.length === 0) {
        expect(words).toEqual(['nothing has happened in this time']);
        return;
      }
      const said = (name: string) =>
        words
          .find((line) => line.startsWith(name))
          ?.slice(name.length)
          .trim() ?? '';
      const numbers = (name: string) => (said(name).split(' · ')[0] ?? '').match(/\d+/g)?.map(Number);
      const parts = (counts: Readonly<Record<string, number>>) => Object.values(counts);
      expect(numbers('granted')).toEqual([all.grants, all.renewals, all.releases]);
      expect(numbers('refused')).toEqual([all.refusals.count, ...parts(all.refusals.byReason)]);
      expect(numbers('waits')).toEqual([all.waits.started, all.waits.ended, ...parts(all.waits.byOutcome)]);
      expect(numbers('taken over')).toEqual([all.takeovers]);
      expect(numbers('expired')).toEqual([all.expiries]);
      const { done, failed, blocked } = all.deploys;
      expect(numbers('deploys')).toEqual([done, failed, blocked.count, ...parts(blocked.byStep)]);
      const text = openMetrics(all);
      const sample = (name: string) =>
        [...text.matchAll(new RegExp(`^${name}_total(?:\\{.*\\})? ([\\d.]+)$`, 'gm'))].map((match) => Number(match[1]));
      const sums = [
        ['coord_grants', all.grants],
        ['coord_refusals', all.refusals.count],
        ['coord_waits', all.waits.started],
        ['coord_waits_ended', all.waits.ended],
        ['coord_deploys_blocked', all.deploys.blocked.count],
        ['coord_takeovers', all.takeovers],
      ] as const;
      for (const [name, count] of sums)
        expect([name, sample(name).reduce((sum, one) => sum + one, 0)]).toEqual([name, count]);
    });
  });

  it('advise by what happened there, and by nothing else', () => {
    holds((day) => {
      const stops = day.events.filter(({ type }) => STOPS.includes(type));
      for (const one of wholeOf(day).contention) expect([one, adviceProblem(one, stops)]).toEqual([one, null]);
    });
  });
});

it('doctor says ✓ of waiters and agents only where none is stuck or stopped, names each once, and counts them all', () => {
  holds((day) => {
    const { state, now } = day;
    const found = Object.fromEntries(stateFindings(state, POLICY, now).map((one) => [one.id, one]));
    const number = (id: string) => Number(/^\d+/.exec(found[id]?.message ?? '')?.[0]);
    const named = (id: string) =>
      (found[id]?.message ?? '').split(/^stuck: |^stopped: |\), /).filter((part) => part !== '');
    const stuck = state.waiters.filter(
      ({ expiresAt, since, suspected }) => suspected || expiresAt <= now || secondsBetween(since, now) > 3_600,
    );
    expect(found.waiters?.ok).toBe(stuck.length === 0);
    if (stuck.length === 0) expect(number('waiters')).toBe(state.waiters.length);
    else expect(named('waiters').map((part) => part.split(' ')[0])).toEqual(stuck.map(({ agent }) => agent));
    const stopped = state.agents.filter(({ killed }) => killed !== null);
    expect(found.agents?.ok).toBe(stopped.length === 0);
    if (stopped.length === 0) expect(number('agents')).toBe(state.agents.length);
    else expect(named('agents').map((part) => part.split(' ')[0])).toEqual(stopped.map(({ id }) => id));
  });
});

it('doctor names for the kill switch those whom it obeys', () => {
  holds(({ state: { agents, ...rest }, now }) => {
    const state = { ...rest, agents: [...agents, agentRecord('someone')] };
    for (const agent of agents) {
      const kill = { kind: 'kill', operation: 'k', agent: agent.id, session: null, policy: POLICY } as const;
      const answer = decide(state, { ...kill, victim: 'someone', reason: 'why', person: false }, now);
      expect([agent.id, answer.ok]).toEqual([agent.id, orchestratorsOf(state).includes(agent.id)]);
    }
  });
});

it('status calls who waits for other ground the first there', () => {
  const waiter = (number: number, text: string) =>
    waiterRecord(`w${number}`, { agent: `a${number}`, targets: [{ kind: 'path', text }] });
  const state = stateOf({ waiters: [waiter(1, 'src/a.ts'), waiter(2, 'docs/c.md'), waiter(3, 'src/a.ts')] });
  const question = { agent: null, mine: false, targets: [], policy: POLICY, tasks: null, log: [], notes: [] };
  const report = statusReport(state, { ...question, now: at(0), reach: 'clone', askedAt: null });
  expect(report.waiters.map(({ place }) => place)).toEqual([1, 1, 2]);
});

it('status lists each claim, each waiter and each stopped agent once, with the place that it waits at', () => {
  holds(({ state, now }) => {
    const answer = statusAnswer(state, {
      ...{ agent: null, mine: false, targets: [], policy: POLICY, tasks: null, log: [], notes: [] },
      ...{ now, reach: 'clone', askedAt: null, most: 200, staleOf: null },
    });
    const lines = answer.text(style);
    const table = lines.findIndex((line) => line.startsWith('TARGET'));
    const rows = table < 0 ? [] : lines.slice(table + 1, table + 1 + state.claims.length);
    const listed = rows.map((row) => row.split(/ {2,}/).slice(0, 2));
    expect(listed).toEqual(state.claims.map(({ target, agent }) => [target, agent]));
    const waiting = lines.filter((line) => line.startsWith('waiting: '));
    expect(waiting).toHaveLength(state.waiters.length);
    for (const [index, waiter] of state.waiters.entries()) {
      const ahead = state.waiters.slice(0, index).filter(({ expiresAt }) => expiresAt > now);
      const before = waiter.targets.flatMap((target) =>
        conflictsOf({ ...state, claims: [] }, { target, mode: waiter.mode, agent: waiter.agent, ahead }, POLICY, now),
      );
      const place = new Set(before.map(({ claimId }) => claimId)).size + 1;
      const words = waiter.expiresAt <= now ? 'gone' : place === 1 ? 'first' : `place ${place},`;
      expect(waiting[index]).toContain(`← ${waiter.agent} (${words}`);
    }
    const stopped = state.agents.filter(({ killed }) => killed !== null);
    expect(lines.filter((line) => line.startsWith('stopped: '))).toHaveLength(stopped.length);
  });
});
