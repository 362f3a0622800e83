import { sweep } from '../claims/leases.js';
import type { State } from '../model.js';
import type { Policy } from '../request.js';
import type { Instant } from '../time.js';
import { leaseOf, settleTasks, standingOf } from './standing.js';
import type { Task } from './task.js';

/** A task as it is told: what is stored of it, with what is derived. */
export interface TaskView extends Omit<Task, 'scope'> {
  /** The targets as texts. */
  readonly scope: readonly string[];
  /** It can be taken, if its ground is free. */
  readonly ready: boolean;
  /** Tried in vain too often: somebody must look. */
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
