import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isLive } from '../../../../src/domain/claims/leases.js';
import { decide } from '../../../../src/domain/decide.js';
import { overlaps } from '../../../../src/domain/ground/index.js';
import { patternTarget } from '../../../../src/domain/ground/patterns.js';
import type { State } from '../../../../src/domain/model.js';
import type { Request } from '../../../../src/domain/request-table.js';
import { settleTasks, viewTasks } from '../../../../src/domain/tasks/standing.js';
import { type Task, taskTarget } from '../../../../src/domain/tasks/task.js';
import type { Instant } from '../../../../src/domain/time.js';
import { at, claimOf, POLICY, releaseOf, stateAfter } from '../../../support/decisions.js';
import { agentRecord, stateOf } from '../../../support/records.js';
import { addOf, doneOf, draftOf, dropOf, editOf, returnOf, takeOf } from '../../../support/tasks.js';

const AGENTS = ['maya', 'noor', 'omar'];
const SCOPES = ['src/**', 'src/api/**', 'src/api/users.ts', 'docs/**', '@db/main'];

type Step = { readonly request: Request; readonly seconds: number };

const agent = fc.constantFrom(...AGENTS);
const id = fc.nat(7).map((number) => `t${number + 1}`);
const scope = fc.uniqueArray(fc.constantFrom(...SCOPES), { maxLength: 2 });
const boss = { agent: 'boss', session: null, policy: POLICY, person: false };
const request = fc.oneof<fc.Arbitrary<Request>[]>(
  fc
    .tuple(scope, fc.uniqueArray(id, { maxLength: 2 }), fc.nat(3))
    .map(([ground, after, priority]) => addOf('boss', draftOf('x', { scope: ground, after, priority }))),
  agent.map((one) => takeOf(one)),
  fc.tuple(agent, id, fc.boolean()).map(([one, task, another]) => takeOf(one, { id: task, another })),
  fc.tuple(agent, id).map(([one, task]) => doneOf(one, { id: task })),
  agent.map((one) => doneOf(one)),
  fc.tuple(agent, id).map(([one, task]) => returnOf(one, { id: task })),
  fc.tuple(agent, fc.constantFrom(...SCOPES)).map(([one, target]) => claimOf(one, target)),
  agent.map((one) => releaseOf(one)),
  fc.tuple(agent, fc.constantFrom(...SCOPES)).map(([one, text]) => releaseOf(one, { targets: [patternTarget(text)] })),
  id.map((task) => editOf('boss', task, { retry: true })),
  id.map((task) => dropOf('boss', task)),
  fc.tuple(agent, fc.nat()).map(([victim, number]) => {
    return { ...boss, operation: `kill${number}`, kind: 'kill' as const, victim, reason: 'x' };
  }),
  fc.tuple(agent, fc.nat()).map(([victim, number]) => {
    return { ...boss, operation: `revive${number}`, kind: 'revive' as const, victim };
  }),
);
const steps = fc.array(fc.record<Step>({ request, seconds: fc.constantFrom(0, 1, 400, 1_000, 1_840) }), {
  minLength: 5,
  maxLength: 40,
});

/** A crew with some tasks to begin with, so that something is taken in most runs. */
const FLEET = stateAfter(
  stateOf({ agents: [agentRecord('boss', { role: 'orchestrator' }), ...AGENTS.map((one) => agentRecord(one))] }),
  SCOPES.map((text) => addOf('boss', draftOf(text, { scope: [text] }))),
);

/** Every task that is taken, with who has it: the claim that stands for it says so, as long as its time lasts. */
function taken(state: State, now: Instant): { readonly task: Task; readonly holder: string }[] {
  return state.tasks.tasks.flatMap((task) => {
    const lease = state.claims.find(({ target }) => target === taskTarget(task.id).text);
    return task.state === 'taken' && lease && isLive(lease, now) ? [{ task, holder: lease.agent }] : [];
  });
}

/** Decides all of it, one after the other; each state is looked at. */
function play(
  all: readonly Step[],
  look: (state: State, now: Instant) => void = () => undefined,
): { state: State; now: Instant } {
  let state: State = FLEET;
  let seconds = 0;
  for (const [index, step] of all.entries()) {
    seconds += step.seconds;
    const decision = decide(state, { ...step.request, operation: `op${index}` }, at(seconds));
    if (!decision.ok) continue;
    state = decision.state;
    look(state, at(seconds));
  }
  return { state, now: at(seconds) };
}

describe('whatever agents do, in any order', () => {
  it('no two have tasks on overlapping ground, each taken task has its ground, and what comes before it is over', () => {
    const look = (state: State, now: Instant) => {
      const held = taken(state, now);
      for (const { task, holder } of held) {
        const own = state.claims.filter((claim) => claim.agent === holder && claim.tasks.includes(task.id));
        const texts = own.map(({ target }) => target);
        expect(task.scope.map(({ text }) => text).filter((text) => !texts.includes(text))).toEqual([]);
        const before = task.after.map((one) => state.tasks.tasks.find((other) => other.id === one)?.state);
        expect(before.filter((standing) => standing !== 'done' && standing !== 'dropped')).toEqual([]);
        for (const other of held.filter((one) => one.holder !== holder)) {
          const common = task.scope.some((one) => other.task.scope.some((two) => overlaps(one, two)));
          expect([task.id, other.task.id, common]).toEqual([task.id, other.task.id, false]);
        }
      }
    };
    fc.assert(
      fc.property(steps, (all) => void play(all, look)),
      { numRuns: 300 },
    );
  });

  it('who is refused a task is so with right, and who is not gets the first that is ready and free', () => {
    fc.assert(
      fc.property(steps, agent, (all, asker) => {
        const { state, now } = play(all);
        const decision = decide(state, takeOf(asker, { another: true }), now);
        if (!decision.ok && decision.refusal.reason === 'killed') return;
        const ready = viewTasks(state, POLICY, now).filter((task) => task.ready);
        const number = (task: { readonly id: string }) => Number(task.id.slice(1));
        const order = [...ready].sort((a, b) => a.priority - b.priority || number(a) - number(b));
        const isFree = ({ id: one }: { readonly id: string }) =>
          decide(state, takeOf(asker, { id: one, another: true }), now).ok;
        const given = decision.ok && 'task' in decision.result ? decision.result.task.id : undefined;
        expect(given).toBe(order.find(isFree)?.id);
      }),
      { numRuns: 300 },
    );
  });

  it('settling twice is settling once', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const { state, now } = play(all);
        const settled = settleTasks(state, now);
        expect(settleTasks(settled.state, now)).toEqual({ state: settled.state, events: [] });
      }),
      { numRuns: 100 },
    );
  });
});
