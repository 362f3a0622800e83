import { sameSession } from '../agents/ownership.js';
import { isLive, sweep } from '../claims/leases.js';
import type { EventDraft } from '../events.js';
import type { Claim, Loss, State } from '../model.js';
import type { Policy } from '../request.js';
import type { Instant } from '../time.js';
import { findTask, type Task, type Tasks, type TaskTry, taskTarget } from './task.js';

/** The tries of a task that are remembered, and so told to whoever takes it next. */
const TRIES_KEPT = 10;

/** The claim that a taken task lives by; absent once it ended, in whatever way. */
export function leaseOf({ claims }: Pick<State, 'claims'>, id: string): Claim | undefined {
  const { text } = taskTarget(id);
  return claims.find(({ kind, target }) => kind === 'resource' && target === text);
}

/**
 * Brings the tasks in line with the claims, which are what a taken task lives by: one whose claim is gone is open again, with
 * one attempt more, and one whose claim was handed over is its new holder's. So nothing that ends claims need know of tasks.
 */
export function settleTasks(state: State, now: Instant): { readonly state: State; readonly events: EventDraft[] } {
  const events: EventDraft[] = [];
  const settled = state.tasks.tasks.map((task): Task => {
    if (task.state !== 'taken') return task;
    const lease = leaseOf(state, task.id);
    if (lease) return lease.agent === task.agent ? task : { ...task, agent: lease.agent, since: lease.acquiredAt };
    const ended = endOf(state, task, now);
    const { agent, how, reason, commit } = ended;
    const reopened = reopen(task, ended, now);
    events.push({
      ...{ type: 'task.reopened', at: now, agent, session: null, task: task.id, how, reason, commit },
      attempts: reopened.attempts,
    });
    return reopened;
  });
  const changed = settled.some((task, index) => task !== state.tasks.tasks[index]);
  return { state: changed ? { ...state, tasks: { ...state.tasks, tasks: settled } } : state, events };
}

/** How the lease of a task ended: its agents have been left word of it. */
function endOf(state: State, task: Task, now: Instant): TaskTry {
  const { text } = taskTarget(task.id);
  let found: { readonly agent: string; readonly loss: Loss } | null = null;
  for (const { id, losses } of state.agents) {
    for (const loss of losses) {
      if (loss.target !== text || loss.how === 'handed-over' || loss.at < task.since) continue;
      if (found === null || loss.at >= found.loss.at) found = { agent: id, loss };
    }
  }
  const { commit } = task;
  if (found === null) return { agent: task.agent ?? task.by, at: now, how: 'expired', reason: null, commit };
  const { at, how, reason } = found.loss;
  const counted = how === 'revoked' || how === 'taken-over' ? how : 'expired';
  return { agent: found.agent, at, how: counted, reason, commit };
}

/** The task open again. Every end of a try counts as an attempt, but for giving it back of one's own accord. */
export function reopen(task: Task, ended: TaskTry, now: Instant): Task {
  const willing = ended.how === 'returned' || ended.how === 'withdrawn';
  return {
    ...task,
    ...{ state: 'open', agent: null, since: now, submission: null, commit: null, result: null },
    attempts: task.attempts + (willing ? 0 : 1),
    tries: [...task.tries, ended].slice(-TRIES_KEPT),
  };
}

/** What is derived of a task, and stored nowhere. */
export interface Standing {
  /** Open, with all that must be done before it done, and not stuck. */
  readonly ready: boolean;
  /** Open, and tried so often without success that somebody must look. */
  readonly stuck: boolean;
  /** The tasks that must be done before, and are not. One that was dropped will not be done, and blocks nobody. */
  readonly blockedBy: readonly string[];
}

export function standingOf(tasks: Tasks, task: Task, mostAttempts: number): Standing {
  const unfinished = ['open', 'taken', 'submitted'];
  const waits = task.state === 'open';
  const blockedBy = waits ? task.after.filter((id) => unfinished.includes(findTask(tasks, id)?.state ?? 'done')) : [];
  const stuck = waits && task.attempts >= mostAttempts;
  return { ready: waits && !stuck && blockedBy.length === 0, stuck, blockedBy };
}

/** The taken tasks that this agent has, in this session where one is known, by live claims. */
export function tasksOf(
  state: State,
  owner: { readonly agent: string; readonly session: string | null },
  now: Instant,
): Task[] {
  return state.tasks.tasks.filter((task) => {
    const lease = task.state === 'taken' ? leaseOf(state, task.id) : undefined;
    return lease?.agent === owner.agent && sameSession(lease, owner) && isLive(lease, now);
  });
}

/** The tasks that a claim stands for, of those that its holder has. */
export function tasksOn(state: Pick<State, 'claims'>, claim: Claim): string[] {
  return claim.tasks.filter((id) => leaseOf(state, id)?.agent === claim.agent);
}

/** The claims of a task: its ground, and what stands for itself; of the agent that has it. */
export function claimsOf({ claims }: Pick<State, 'claims'>, id: string): Claim[] {
  return claims.filter((claim) => claim.tasks.includes(id));
}

/** A task as it is told: what is stored of it, with what is derived. */
export interface TaskView extends Omit<Task, 'scope'> {
  /** The targets as texts. */
  readonly scope: readonly string[];
  /** It can be taken, if its ground is free. */
  readonly ready: boolean;
  /** Tried without success too often: somebody must look. */
  readonly stuck: boolean;
  readonly blockedBy: readonly string[];
  /** When its lease ends, of a taken one, unless it is renewed. */
  readonly expiresAt: Instant | null;
}

/** The tasks as they stand now, whether or not anybody has written since a lease ended. */
export function viewTasks(before: State, policy: Policy, now: Instant): readonly TaskView[] {
  const { state } = settleTasks(sweep(before, policy, now).state, now);
  return state.tasks.tasks.map((task) => viewOf(state, task, policy));
}

function viewOf(state: State, task: Task, policy: Policy): TaskView {
  const { id, title, text, scope, after, role, accept, priority, agent, attempts, evidence, commit, result } = task;
  const { ready, stuck, blockedBy } = standingOf(state.tasks, task, policy.tasks.attempts);
  return {
    ...{ id, title, text, scope: scope.map((target) => target.text), after, role, accept, priority },
    ...{ state: task.state, ready, blockedBy, stuck, agent, attempts, evidence, commit, result },
    ...{ submission: task.submission, since: task.since, by: task.by, addedAt: task.addedAt },
    expiresAt: task.state === 'taken' ? (leaseOf(state, id)?.expiresAt ?? null) : null,
    ...{ tries: task.tries, late: task.late },
  };
}
