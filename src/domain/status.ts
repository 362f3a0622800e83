import { type Need, needsOf } from './agents/needs.js';
import { groundOf } from './claims/conflicts.js';
import { type ClockDispute, clockDispute } from './claims/leases.js';
import { overlaps } from './ground/index.js';
import { patternTarget } from './ground/patterns.js';
import type { Target } from './ground/targets.js';
import { intentsOn, type ReceivedNote } from './log/notes.js';
import type { Agent, Claim, Note, Reach, State, Waiter } from './model.js';
import type { Policy } from './request.js';
import { type TaskView, viewTasks } from './tasks/standing.js';
import { type Instant, secondsBetween } from './time.js';

/** What `coord status` says. */
export interface StatusReport {
  readonly claims: readonly Claim[];
  readonly waiters: readonly Waiter[];
  readonly agents: readonly Agent[];
  /** Those that are not over. */
  readonly tasks: readonly TaskView[];
  readonly deployments: readonly RunningDeploy[];
  /** Notes of others that say what they are about to do there. */
  readonly intents: readonly Note[];
  /** Who asks; null: not known. */
  readonly agent: string | null;
  /** What waits for whoever asks, oldest first. */
  readonly needs: readonly Need[];
  readonly now: Instant;
  readonly reach: Reach;
  readonly fetchedAt: Instant | null;
  readonly clock: ClockReport;
}

/** What was seen to run on a deploy target. */
export interface RunningDeploy {
  readonly target: string;
  readonly commit: string;
  readonly agent: string;
  readonly at: Instant;
}

/** This host's clock beside the stamps of others. */
export interface ClockReport {
  /** Agents whose stamps this clock should not have seen yet. */
  readonly ahead: readonly string[];
  /** Whose clock is wrong, as far as that can be told; null: none. */
  readonly wrong: 'here' | 'there' | 'either' | null;
  readonly agrees: boolean;
  /** A stamp that this clock should not have seen yet; null when there is none. */
  readonly newestStamp: Instant | null;
  readonly behindSeconds: number;
}

/** What is asked of a state. */
export interface StatusQuestion {
  /** Who asks; null: not known. */
  readonly agent: string | null;
  /** Whether only what belongs to whoever asks is wanted. */
  readonly mine: boolean;
  /** Only what overlaps these; none: all. */
  readonly targets: readonly Target[];
  readonly policy: Policy;
  /** How tasks are judged; null: there are none. */
  readonly tasks: Policy['tasks'] | null;
  /** The newest part of the log; empty where it is damaged: nothing depends on the log. */
  readonly log: readonly Note[];
  /** The open notes to whoever asks. */
  readonly notes: readonly ReceivedNote[];
  readonly now: Instant;
  readonly reach: Reach;
  /** When the remote's last answer came; null: not known. */
  readonly askedAt: Instant | null;
}

/** What `coord status` says of a state. */
export function statusReport(state: State, question: StatusQuestion): StatusReport {
  const { agent, mine, targets, policy, now, reach } = question;
  const asksAll = targets.length === 0;
  const options = { foldCase: policy.foldCase };
  const asked = (ground: readonly Target[], holder: string | null) =>
    (!mine || holder === agent) &&
    (asksAll || targets.some((target) => ground.some((one) => overlaps(target, one, options))));
  const tasks = question.tasks === null ? [] : viewTasks(state, { ...policy, tasks: question.tasks }, now);
  return {
    agent,
    claims: state.claims.filter((claim) => asked([groundOf(claim)], claim.agent)),
    waiters: state.waiters.filter((waiter) => asked(waiter.targets, waiter.agent)),
    agents: state.agents,
    tasks: tasks.filter(
      (task) => !['done', 'dropped'].includes(task.state) && asked(task.scope.map(patternTarget), task.agent),
    ),
    deployments: asksAll && !mine ? running(state) : [],
    intents: intentsOn(question.log, { agent, isThere: (target) => asked([patternTarget(target)], null) }, now),
    needs: asksAll ? needsOf(state, { agent, notes: question.notes, tasks }, now) : [],
    now,
    reach,
    fetchedAt: reach === 'remote' ? question.askedAt : now,
    clock: clockOf(clockDispute(state, policy, now, agent), now),
  };
}

/** What runs on each deploy target, as far as it was seen. */
function running({ deployments }: State): RunningDeploy[] {
  return deployments.targets.flatMap(({ target, live }) =>
    live === null ? [] : [{ target, commit: live.commit, agent: live.agent, at: live.at }],
  );
}

/** How this host's clock stands to the stamps in the state; one that runs ahead cannot be told. */
function clockOf(dispute: ClockDispute | null, now: Instant): ClockReport {
  if (dispute === null) return { agrees: true, newestStamp: null, behindSeconds: 0, ahead: [], wrong: null };
  const { stamp, ahead, wrong } = dispute;
  return { agrees: false, newestStamp: stamp, behindSeconds: secondsBetween(now, stamp), ahead, wrong };
}
