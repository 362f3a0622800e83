import { refusedAuthority } from '../agents/agents.js';
import { askedCommit } from '../claims/release.js';
import type { EventDraft } from '../events.js';
import type { Claim, State } from '../model.js';
import type { Refusal } from '../refusal.js';
import type { Outcome, RequestBase, Row } from '../request.js';
import { endSubmissions } from '../submissions/landed.js';
import type { Instant } from '../time.js';
import { releaseGround, revokeGround, type TaskWork } from './ground.js';
import { unknownTask } from './plan.js';
import { leaseOf, reopen, settleTasks, tasksOf } from './standing.js';
import { grantTask, type Taker } from './take.js';
import { type Evidence, findTask, type LateResult, type Task, withTask } from './task.js';

/** The late results of one task that are kept. */
const LATE_KEPT = 20;

export type TaskDoneRequest = Taker &
  TaskWork & {
    readonly kind: 'task-done';
    /** null: the one that the agent has. */
    readonly id: string | null;
    readonly text: string | null;
    /** Whether the commit is on the main branch, and holds work on the ground of the task. */
    readonly landed: boolean;
    /** Names of the gates that were found open for the commit. */
    readonly open: readonly string[];
    /** Whether a person sits at the terminal. */
    readonly person: boolean;
  };

export interface DoneResult {
  readonly task: Task;
  readonly released: readonly Claim[];
  /** Kept for review, and nothing else was done. */
  readonly late: boolean;
}

/** Gives a task back undone. */
export interface TaskReturnRequest extends RequestBase, TaskWork {
  readonly kind: 'task-return';
  readonly id: string | null;
  readonly reason: string | null;
  readonly person: boolean;
}

export interface ReturnResult {
  readonly task: Task;
  readonly released: readonly Claim[];
}

/**
 * Ends a task as done, with what shows it, and gives its ground back. Whose lease is over takes the task again in the same
 * swap, where nobody has it and nobody changed its ground; else the result is kept for review, and nothing is applied.
 */
function decideTaskDone(before: State, request: TaskDoneRequest, now: Instant): Outcome<DoneResult> {
  const settled = settleTasks(before, now);
  const { state } = settled;
  const chosen = chooseTask(state, request, now);
  if ('code' in chosen) return { ok: false, refusal: chosen };
  const summary = `${chosen.id} done by ${request.agent}`;
  const closed = closedGates(chosen, request.open);
  if (closed.length > 0)
    return { ok: false, refusal: { code: 'closed', reason: 'accept', task: chosen, gates: closed } };
  const again = againBy(chosen, request);
  if (again)
    return { ok: true, state: before, events: [], result: { task: chosen, released: [], late: false }, summary };
  const held = holding(state, chosen, request, now);
  if (held !== null && 'code' in held) return { ok: false, refusal: held };
  if (held === null) {
    const { agent, text, commit } = request;
    const late: LateResult = { agent, at: now, text, commit, submission: null };
    const kept = keepLate(state, chosen, late, request.session);
    return {
      ...{ ok: true, state: kept.state, events: [...settled.events, ...kept.events] },
      ...{ result: { task: kept.task, released: [], late: true }, summary: `late result of ${chosen.id} by ${agent}` },
    };
  }
  const evidence = request.landed ? 'landed' : chosen.accept.length > 0 ? 'gate' : 'word';
  const finished = finishTask(held.state, held.task, { ...request, evidence }, now);
  const submission = state.submissions.filter(({ id, closed }) => id === chosen.submission && closed === null);
  const ended = endSubmissions(finished.state, submission, request.agent, now);
  const events = [...settled.events, ...held.events, ...finished.events, ...ended.events];
  const { task, released } = finished;
  return {
    ok: true,
    state: ended.state,
    events,
    result: { task, released, late: false },
    summary: `${summary} (${evidence})`,
  };
}

/** The gates of a task that are not open. */
export function closedGates(task: Task, open: readonly string[]): string[] {
  return task.accept.filter((gate) => !open.includes(gate));
}

/** The very same end again has no second effect. */
function againBy(task: Task, { agent, commit, text }: TaskDoneRequest): boolean {
  return task.state === 'done' && task.agent === agent && task.commit === commit && task.result === text;
}

/** The task that is meant: by its id, or the only one that the agent has. */
function chooseTask(
  state: State,
  request: Pick<TaskDoneRequest, 'id' | 'agent' | 'session'>,
  now: Instant,
): Task | Refusal {
  if (request.id !== null) return findTask(state.tasks, request.id) ?? unknownTask(state.tasks, request.id);
  const mine = tasksOf(state, request, now);
  const [only] = mine;
  if (only && mine.length === 1) return only;
  return { code: 'usage', reason: 'which-task', tasks: mine };
}

type Held = { readonly state: State; readonly task: Task; readonly events: readonly EventDraft[] };

/** The task as this agent has it, or takes it again; null where its result comes too late. */
function holding(state: State, task: Task, request: TaskDoneRequest, now: Instant): Held | Refusal | null {
  if (tasksOf(state, request, now).includes(task)) return { state, task, events: [] };
  if (task.state === 'submitted' && mayClose(state, task, request)) return { state, task, events: [] };
  const { agent } = request;
  const lease = leaseOf(state, task.id);
  const once = lease?.agent === agent || task.agent === agent || task.tries.some((one) => one.agent === agent);
  if (!once) return { code: 'lost', reason: 'not-your-task', task };
  if (task.state !== 'open' && lease?.agent !== agent) return null;
  const granted = grantTask(state, task, request, now);
  if (!granted.ok || !('task' in granted.result)) return null;
  return { state: granted.state, task: granted.result.task, events: granted.events };
}

/** What was submitted is closed by the one who integrated it, or by who may act for all. */
function mayClose(state: State, task: Task, request: { readonly agent: string; readonly person: boolean }): boolean {
  const submission = state.submissions.find(({ id }) => id === task.submission);
  return submission?.integrated?.by === request.agent || refusedAuthority(state, request) === null;
}

export interface Finish {
  readonly agent: string;
  readonly session: string | null;
  readonly policy: TaskDoneRequest['policy'];
  readonly evidence: Evidence;
  readonly text: string | null;
  readonly commit: string | null;
  readonly commitNamed: boolean;
  readonly changes: TaskDoneRequest['changes'];
  readonly uncommitted: boolean;
}

/** The task done, and its ground given back. A submitted one stays its author's. */
export function finishTask(state: State, task: Task, finish: Finish, now: Instant) {
  const { session, evidence, text, commit } = finish;
  const freed = releaseGround(state, task.id, finish, finish, now);
  const done: Task = {
    ...task,
    ...{ state: 'done', since: now, evidence, commit: commit ?? task.commit },
    agent: task.state === 'submitted' ? task.agent : finish.agent,
    result: text ?? task.result,
  };
  const event: EventDraft = {
    ...{ type: 'task.done', at: now, agent: finish.agent, session, task: task.id, author: done.agent },
    ...{ evidence, commit: done.commit, gates: task.accept },
  };
  return {
    state: { ...freed.state, tasks: withTask(freed.state.tasks, done) },
    events: [...freed.events, event],
    task: done,
    released: freed.released,
  };
}

/** Keeps a result that came too late, for whoever reviews it. */
export function keepLate(state: State, task: Task, late: LateResult, session: string | null) {
  const kept: Task = { ...task, late: [...task.late, late].slice(-LATE_KEPT) };
  const { agent, at, commit, submission } = late;
  const event: EventDraft = { type: 'task.late', at, agent, session, task: task.id, commit, submission };
  return { state: { ...state, tasks: withTask(state.tasks, kept) }, events: [event], task: kept };
}

/** Gives a task back undone: it is open again, and the next agent is told why. It counts as no attempt. */
function decideTaskReturn(before: State, request: TaskReturnRequest, now: Instant): Outcome<ReturnResult> {
  const settled = settleTasks(before, now);
  const { state } = settled;
  const chosen = chooseTask(state, request, now);
  if ('code' in chosen) return { ok: false, refusal: chosen };
  const { agent, session, reason } = request;
  const lease = leaseOf(state, chosen.id);
  const mine = tasksOf(state, request, now).includes(chosen);
  if (!mine) {
    const theirs = lease !== undefined && lease.agent !== agent;
    const refusal = theirs
      ? refusedAuthority(state, request)
      : ({ code: 'lost', reason: 'not-your-task', task: chosen } as const);
    if (refusal) return { ok: false, refusal };
  }
  const holder = lease?.agent ?? agent;
  const freed = mine
    ? releaseGround(state, chosen.id, request, request, now)
    : revokeGround(state, chosen.id, holder, { by: agent, reason: reason ?? `${chosen.id} was given back` }, now);
  const commit = mine ? request.commit : chosen.commit;
  const open = reopen(chosen, { agent: holder, at: now, how: 'returned', reason, commit }, now);
  const why = reason === null ? '' : `: ${reason}`;
  return {
    ok: true,
    state: { ...freed.state, tasks: withTask(freed.state.tasks, open) },
    events: [
      ...settled.events,
      ...freed.events,
      { type: 'task.returned', at: now, agent, session, task: chosen.id, of: holder, reason, commit },
    ],
    result: { task: open, released: freed.released },
    summary: `${chosen.id} returned by ${agent}${why}`,
  };
}

export const FINISH_ROWS = {
  'task-done': {
    decide: decideTaskDone,
    fields: {
      id: 'asked',
      text: 'asked',
      commit: askedCommit,
      commitNamed: 'asked',
      uncommitted: 'asked',
      changes: 'found',
      landed: 'found',
      open: 'found',
      person: 'found',
      reason: 'found',
      expectSeconds: 'found',
      allowBehind: 'found',
      ttl: 'found',
      head: 'found',
      contains: 'found',
      reach: 'found',
      rules: 'found',
      ticket: 'found',
    },
    parts: () => ['tasks', 'submissions'],
    combinable: true,
    ground: () => null,
  },
  'task-return': {
    decide: decideTaskReturn,
    fields: {
      id: 'asked',
      reason: 'asked',
      commit: askedCommit,
      commitNamed: 'asked',
      uncommitted: 'asked',
      changes: 'found',
      person: 'found',
    },
    parts: () => ['tasks'],
    combinable: true,
    ground: () => null,
  },
} as const satisfies { readonly 'task-done': Row<TaskDoneRequest>; readonly 'task-return': Row<TaskReturnRequest> };
