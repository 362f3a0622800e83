import { findAgent } from '../agents/agents.js';
import { sameSession } from '../agents/ownership.js';
import { type ClaimRequest, type ClaimTerms, decideClaim, workToCheck } from '../claims/claim.js';
import { isLive, sweep } from '../claims/leases.js';
import { hasWork, type NeededWork, neededCommit } from '../claims/work.js';
import type { EventDraft } from '../events.js';
import type { Claim, State } from '../model.js';
import { numberIn } from '../model.js';
import type { Conflict, MissingWork, Refusal } from '../refusal.js';
import type { Outcome, Refused, RequestBase, Row } from '../request.js';
import { formatDuration, type Instant } from '../time.js';
import { decideWait, type WaitResult } from '../waiting/wait.js';
import { unknownTask } from './plan.js';
import { leaseOf, settleTasks, standingOf, tasksOf } from './standing.js';
import { findTask, type TakenTask, type Task, taskTarget, withTask } from './task.js';

/** So many tasks whose work before HEAD lacks are looked past, in search of one that can be taken as things are. */
const MOST_PASSED_OVER = 10;

/** How the ground of a task is claimed, once it is known which. */
export type Taker = RequestBase &
  Omit<ClaimTerms, 'targets' | 'mode' | 'task' | 'byOwnVerb'> & {
    readonly ttl: {
      /** What was asked for, in seconds; null: what the configuration says. */
      readonly asked: number | null;
      readonly byDefault: number;
      /** By the name of the resource. */
      readonly resources: Readonly<Record<string, number>>;
    };
  };

/** Takes a task with all of its ground, or nothing. */
export type TaskTakeRequest = Taker & {
  readonly kind: 'task-take';
  /** null: the next one that is ready and free. */
  readonly id: string | null;
  /** Beside those that the agent has. */
  readonly another: boolean;
  /** For one task alone: how long a place in the queue lives; null does not wait. */
  readonly ticketSeconds: number | null;
};

export type TakeResult =
  | {
      readonly task: Task;
      readonly claims: readonly Claim[];
      /** Whether the agent had it already. */
      readonly again: boolean;
    }
  | Extract<WaitResult, { readonly status: 'waiting' }>;

/**
 * Takes a task: its ground is claimed by the very decision that every claim is made by, together with what stands for the
 * task itself, and it is marked taken, all in one swap or not at all. So readiness and ground are decided at one moment.
 * Without an id it is the first that is ready, free, and after work that HEAD has, by priority and age.
 */
function decideTaskTake(before: State, request: TaskTakeRequest, now: Instant): Outcome<TakeResult> {
  const settled = settleTasks(before, now);
  const decision = request.id === null ? takeNext(settled.state, request, now) : takeOne(settled.state, request, now);
  if (!decision.ok) return decision;
  return { ...decision, events: [...settled.events, ...decision.events] };
}

function takeNext(state: State, request: TaskTakeRequest, now: Instant): Outcome<TakeResult> {
  const mine = request.another ? undefined : tasksOf(state, request, now)[0];
  if (mine) return takeAgain(state, mine, request, now);
  const lapsed = request.another ? undefined : lapsedOf(state, request, now);
  const again = lapsed ? grantTask(state, lapsed, request, now) : null;
  if (again?.ok) return again;
  const open = openFor(state, request);
  const held: Refused[] = [];
  const behind: Refused[] = [];
  for (const task of open.ready) {
    const decision = grantTask(state, task, request, now);
    if (decision.ok) return decision;
    const { reason } = decision.refusal;
    if (reason === 'behind') behind.push(decision);
    else if (reason === 'held') held.push(decision);
    else return decision;
    if (behind.length === MOST_PASSED_OVER) break;
  }
  return { ok: false, refusal: noneFree(behind, held) ?? nothingToTake(state, open) };
}

/** A task whose lease this agent let expire, while nobody else can have taken it yet: it goes before any other. */
function lapsedOf(state: State, request: TaskTakeRequest, now: Instant): Task | undefined {
  return state.tasks.tasks.find((task) => {
    const lease = task.state === 'taken' ? leaseOf(state, task.id) : undefined;
    return lease?.agent === request.agent && sameSession(lease, request) && !isLive(lease, now);
  });
}

interface OpenTasks {
  /** In the order in which they are given out. */
  readonly ready: readonly Task[];
  readonly blocked: readonly Task[];
  readonly stuck: readonly Task[];
  /** Open ones that are not for the role of this agent. */
  readonly others: readonly Task[];
}

function openFor(state: State, { agent, policy }: Pick<TaskTakeRequest, 'agent' | 'policy'>): OpenTasks {
  const role = findAgent(state, agent)?.role ?? 'peer';
  const open = state.tasks.tasks.filter((task) => task.state === 'open');
  const fits = (task: Task) => task.role === null || task.role === role;
  const standing = (task: Task) => standingOf(state.tasks, task, policy.tasks.attempts);
  const mine = open.filter(fits);
  return {
    ready: mine
      .filter((task) => standing(task).ready)
      .sort((a, b) => a.priority - b.priority || numberIn(a.id) - numberIn(b.id)),
    blocked: mine.filter((task) => standing(task).blockedBy.length > 0),
    stuck: open.filter((task) => standing(task).stuck),
    others: open.filter((task) => !fits(task)),
  };
}

/** The task that this agent would be given now, as far as its ground goes; null: none, or it has one. */
export function nextTask(before: State, asker: RequestBase, now: Instant): Task | null {
  const { state } = settleTasks(sweep(before, asker.policy, now).state, now);
  if (tasksOf(state, asker, now).length > 0) return null;
  const terms = { reason: null, expectSeconds: null, head: null, contains: {}, rules: null, ticket: null };
  const ttl = { asked: null, byDefault: 0, resources: {} };
  const taker: Taker = { ...asker, ...terms, allowBehind: true, reach: 'clone', ttl };
  return openFor(state, asker).ready.find((task) => grantTask(state, task, taker, now).ok) ?? null;
}

/** The refusal for ready tasks none of which can be taken now: their ground is held, or HEAD lacks what they build on. */
function noneFree(behind: readonly Refused[], held: readonly Refused[]): Refusal | null {
  const missing = behind.flatMap(({ refusal }) => (refusal.reason === 'behind' ? refusal.missing : []));
  const [late] = behind;
  if (late?.refusal.reason === 'behind') {
    const byCommit = new Map(missing.map((work) => [work.commit, work]));
    return { ...late.refusal, missing: [...byCommit.values()], free: [] };
  }
  const [first] = held;
  if (first?.refusal.reason !== 'held') return null;
  const all = held.flatMap(({ refusal }) => (refusal.reason === 'held' ? [refusal] : []));
  const conflicts = new Map(all.flatMap((one) => one.conflicts).map((one) => [`${one.target} ${one.claimId}`, one]));
  return {
    ...first.refusal,
    conflicts: [...conflicts.values()] as Conflict[],
    asked: all.flatMap(({ asked }) => asked),
    queue: [...new Set(all.flatMap(({ queue }) => queue))],
    free: [],
  };
}

function nothingToTake(state: State, { blocked, stuck, others }: OpenTasks): Refusal {
  const ids = (tasks: readonly Task[]) => tasks.map(({ id }) => id);
  const facts = { stuck: ids(stuck), forOthers: ids(others) };
  if (blocked.length > 0) {
    const waits = blocked.map((task) => ({
      task: task.id,
      title: task.title,
      blockedBy: standingOf(state.tasks, task, Number.POSITIVE_INFINITY).blockedBy,
    }));
    return { code: 'held', reason: 'blocked', blocked: waits, taken: takenBy(state), ...facts };
  }
  if (stuck.length > 0) return { code: 'held', reason: 'blocked', blocked: [], taken: takenBy(state), ...facts };
  return { code: 'held', reason: 'none', taken: takenBy(state), ...facts };
}

function takenBy(state: State): TakenTask[] {
  return state.tasks.tasks
    .filter((task) => task.state === 'taken' || task.state === 'submitted')
    .map((task) => ({
      ...{ task: task.id, title: task.title, state: task.state, agent: task.agent },
      expiresAt: leaseOf(state, task.id)?.expiresAt ?? null,
    }));
}

function takeOne(state: State, request: TaskTakeRequest, now: Instant): Outcome<TakeResult> {
  const id = request.id ?? '';
  const task = findTask(state.tasks, id);
  if (!task) return { ok: false, refusal: unknownTask(state.tasks, id) };
  const mine = tasksOf(state, request, now);
  if (mine.includes(task)) return takeAgain(state, task, request, now);
  const refusal = mayNotTake(state, task, request, mine);
  if (refusal) return { ok: false, refusal };
  const decision = grantTask(state, task, request, now);
  if (decision.ok || decision.refusal.reason !== 'held' || request.ticketSeconds === null) return decision;
  return queueFor(state, task, request, request.ticketSeconds, now);
}

function mayNotTake(
  state: State,
  task: Task,
  { agent, another, policy }: TaskTakeRequest,
  mine: readonly Task[],
): Refusal | null {
  const has = mine[0];
  if (has && !another) return { code: 'usage', reason: 'has-task', task: has, wanted: task.id };
  if (task.state === 'submitted' || task.state === 'done' || task.state === 'dropped') {
    return { code: 'usage', reason: 'task-over', task };
  }
  const role = findAgent(state, agent)?.role ?? 'peer';
  if (task.role !== null && task.role !== role) return { code: 'closed', reason: 'task-role', task, role };
  const { blockedBy, stuck } = standingOf(state.tasks, task, policy.tasks.attempts);
  const facts = { stuck: stuck ? [task.id] : [], forOthers: [], taken: takenBy(state) };
  if (blockedBy.length === 0 && !stuck) return null;
  const blocked = blockedBy.length === 0 ? [] : [{ task: task.id, title: task.title, blockedBy }];
  return { code: 'held', reason: 'blocked', blocked, ...facts };
}

/** The claim on the ground of a task, and on what stands for the task itself: one life, kept and lost together. */
function claimFor(task: Task, taker: Taker): ClaimRequest {
  const { operation, agent, session, policy, requestId = null, ttl } = taker;
  const { expectSeconds, head, contains, allowBehind, reach, rules, ticket } = taker;
  const targets = [...task.scope, taskTarget(task.id)];
  const lives = targets.map(({ text }) => ttl.resources[text] ?? ttl.byDefault);
  const ttlSeconds = ttl.asked ?? Math.min(...lives);
  return {
    ...{ kind: 'claim', operation, agent, session, policy, requestId },
    ...{ expectSeconds, head, contains, allowBehind, reach, rules, ticket },
    ...{ targets: targets.map((target) => ({ target, ttlSeconds })), mode: 'exclusive', task: task.id },
    reason: taker.reason ?? `${task.id}: ${task.title}`,
  };
}

/** The work of tasks done before, and that on its ground, which HEAD must have for a task to be taken. */
function workForTake(before: State, request: TaskTakeRequest, now: Instant): NeededWork[] {
  const { state } = settleTasks(sweep(before, request.policy, now).state, now);
  const one = request.id === null ? null : findTask(state.tasks, request.id);
  const candidates = request.id === null ? openFor(state, request).ready : one ? [one] : [];
  let passedOver = 0;
  for (const task of candidates) {
    const claim = claimFor(task, request);
    // Whose ground is held cannot be taken, whatever HEAD has.
    if (!decideClaim(state, { ...claim, allowBehind: true }, now).ok) continue;
    const before = workBefore(state, task, request).map(({ commit }) => neededCommit(commit));
    const needed = [...before, ...workToCheck(state, { ...claim, contains: {} })];
    const lacking = needed.filter((work) => !hasWork(claim, work));
    const unknown = lacking.filter(({ key }) => claim.contains[key] === undefined);
    if (unknown.length > 0) return unknown;
    if (lacking.length === 0) return [];
    passedOver += 1;
    if (passedOver === MOST_PASSED_OVER) return [];
  }
  return [];
}

/** The work that the tasks before this one brought. */
function workBefore(state: State, task: Task, { allowBehind }: Taker): MissingWork[] {
  if (allowBehind) return [];
  return task.after.flatMap((id) => {
    const done = findTask(state.tasks, id);
    if (done?.state !== 'done' || done.commit === null) return [];
    const { text: released } = taskTarget(id);
    const [agent, at] = [done.agent ?? done.by, done.since];
    return [{ target: taskTarget(task.id).text, released, commit: done.commit, agent, at }];
  });
}

/** Grants a task that is open, or whose lease was this agent's and is over; all of it, or nothing. */
export function grantTask(state: State, task: Task, taker: Taker, now: Instant): Outcome<TakeResult> {
  const claim = claimFor(task, taker);
  const missing = workBefore(state, task, taker).filter(({ commit }) => !hasWork(claim, neededCommit(commit)));
  const decision = decideClaim(state, claim, now);
  if (!decision.ok && decision.refusal.reason !== 'behind') return decision;
  if (missing.length > 0 || !decision.ok) {
    const asked = claim.targets.map(({ target }) => target);
    const more = decision.ok || decision.refusal.reason !== 'behind' ? [] : decision.refusal.missing;
    const facts = { free: [], asked, mode: claim.mode };
    return { ok: false, refusal: { code: 'behind', reason: 'behind', missing: [...missing, ...more], ...facts } };
  }
  const { agent, session } = claim;
  const taken: Task = { ...task, state: 'taken', agent, since: now, commit: claim.head };
  const { claims } = decision.result;
  const lease = claims.at(-1);
  const event: EventDraft = {
    ...{ type: 'task.taken', at: now, agent, session, task: task.id, token: lease?.token ?? null },
    ...{ claims: claims.map(({ id }) => id), attempt: task.attempts + 1 },
  };
  const ground = task.scope.length === 0 ? 'without paths' : task.scope.map(({ text }) => text).join(', ');
  return {
    ...decision,
    state: { ...decision.state, tasks: withTask(decision.state.tasks, taken) },
    events: [...decision.events, event],
    result: { task: taken, claims, again: false },
    summary: `take ${task.id} by ${agent}: ${ground} for ${formatDuration(lease?.ttlSeconds ?? 0)}`,
  };
}

/** The task that the agent has: its claims are extended, and what it lost of its ground is claimed again. */
function takeAgain(state: State, task: Task, request: TaskTakeRequest, now: Instant): Outcome<TakeResult> {
  const decision = decideClaim(state, claimFor(task, request), now);
  if (!decision.ok) return decision;
  return { ...decision, result: { task, claims: decision.result.claims, again: true } };
}

function queueFor(
  state: State,
  task: Task,
  request: TaskTakeRequest,
  ticketSeconds: number,
  now: Instant,
): Outcome<TakeResult> {
  const { operation, agent, session, policy } = request;
  const claim = claimFor(task, request);
  const asked = { kind: 'wait' as const, operation, agent, session, policy, claim, ticketSeconds, passive: false };
  const decision = decideWait(state, asked, now);
  if (!decision.ok || decision.result.status === 'granted') {
    // The very same claim was refused as held a moment ago.
    return decision.ok ? grantTask(state, task, request, now) : decision;
  }
  return { ...decision, result: decision.result };
}

export const TAKE_ROWS = {
  'task-take': {
    decide: decideTaskTake,
    fields: {
      id: 'asked',
      another: 'asked',
      reason: 'asked',
      expectSeconds: 'asked',
      allowBehind: 'asked',
      ttl: ({ asked }) => asked,
      head: 'found',
      contains: 'found',
      reach: 'found',
      rules: 'found',
      ticket: 'found',
      ticketSeconds: 'found',
    },
    parts: () => ['tasks'],
    combinable: true,
    // Its session must allow ground; an orchestrator gives it out to any role.
    ground: () => [],
    work: workForTake,
  },
} as const satisfies { readonly 'task-take': Row<TaskTakeRequest> };
