import { type Change, releaseClaims } from '../claims/release.js';
import type { EventDraft } from '../events.js';
import type { Claim, State } from '../model.js';
import type { Refusal } from '../refusal.js';
import type { RequestBase } from '../request.js';
import type { Instant } from '../time.js';
import { closedGates, finishTask } from './finish.js';
import { unknownTask } from './plan.js';
import { tasksOf, tasksOn } from './standing.js';
import { findTask, type Task } from './task.js';

/** Said in place of the id of a task. */
export const NO_TASK = 'none';

/** Work that has come to the main branch. */
interface Landing extends RequestBase {
  readonly commit: string;
  readonly changes: readonly Change[] | null;
  /** Names of the gates that were found open for the commit, by the id of the task that they were asked about. */
  readonly open: Readonly<Record<string, readonly string[]>>;
}

interface Ended {
  readonly state: State;
  readonly events: readonly EventDraft[];
  readonly released: readonly Claim[];
  readonly done: readonly Task[];
}

/** Ends tasks with what landed, and gives back the claims that it was done under; what stands for other tasks stays. */
export function endWork(
  before: State,
  request: Landing,
  claims: readonly Claim[],
  tasks: readonly Task[],
  now: Instant,
): Ended | { readonly refusal: Refusal } {
  const { open, commit, changes, policy, agent, session } = request;
  // Where nothing is known of what changed, all of the ground is bound.
  const work = { commit, commitNamed: changes === null, changes, uncommitted: false };
  let state = before;
  const events: EventDraft[] = [];
  const released: Claim[] = [];
  const done: Task[] = [];
  for (const task of tasks) {
    const gates = closedGates(task, open[task.id] ?? []);
    if (gates.length > 0) return { refusal: { code: 'closed', reason: 'accept', task, gates } };
    const finish = { ...work, policy, agent, session, text: null, evidence: 'landed' as const };
    const finished = finishTask(state, task, finish, now);
    state = finished.state;
    events.push(...finished.events);
    released.push(...finished.released);
    done.push(finished.task);
  }
  const rest = state.claims.filter(
    (claim) => claims.some(({ id }) => id === claim.id) && tasksOn(state, claim).length === 0,
  );
  const given = releaseClaims(state, rest, { ...work, policy }, now);
  return { state: given.state, events: [...events, ...given.events], released: [...released, ...rest], done };
}

/** The tasks that a landing does: those on whose ground it has work, where that is clear, or those that were named. */
export function landedTasks(
  state: State,
  request: Landing & { readonly tasks: readonly string[] | null },
  claims: readonly Claim[],
  now: Instant,
): readonly Task[] | Refusal {
  const mine = tasksOf(state, request, now);
  if (request.tasks !== null) return namedTasks(state, request.tasks, mine);
  const onto = claims.map((claim) => mine.filter(({ id }) => claim.tasks.includes(id))).filter((on) => on.length > 0);
  const clear = new Set(onto.filter((on) => on.length === 1).flat());
  const unclear = onto.filter((on) => on.length > 1 && !on.some((task) => clear.has(task))).flat();
  if (unclear.length > 0) return { code: 'usage', reason: 'which-task', tasks: [...new Set(unclear)] };
  if (clear.size > 0) return [...clear];
  const groundless = mine.filter(({ scope }) => scope.length === 0);
  return groundless.length > 1 ? { code: 'usage', reason: 'which-task', tasks: groundless } : groundless;
}

function namedTasks(state: State, ids: readonly string[], mine: readonly Task[]): readonly Task[] | Refusal {
  const named: Task[] = [];
  for (const id of ids.filter((one) => one !== NO_TASK)) {
    const task = findTask(state.tasks, id);
    if (!task) return unknownTask(state.tasks, id);
    if (!mine.includes(task)) return { code: 'lost', reason: 'not-your-task', task };
    named.push(task);
  }
  return named;
}
