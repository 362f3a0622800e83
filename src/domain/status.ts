import { groundOf, placeInQueue } from './claims/conflicts.js';
import { isOffered } from './claims/handoff.js';
import { type ClockDispute, claimsWithOffer, clockDispute } from './claims/leases.js';
import { outcomeOf } from './deploy/decision.js';
import { overlaps } from './ground/index.js';
import { patternTarget } from './ground/patterns.js';
import type { Target } from './ground/targets.js';
import { intentsOn, type ReceivedNote } from './log/notes.js';
import type { Agent, Claim, Note, Reach, State, Waiter } from './model.js';
import type { Policy } from './request.js';
import { coord, targetWord } from './suggestion.js';
import { type TaskView, viewTasks } from './tasks/standing.js';
import { oneLine, shorten } from './text.js';
import { type Instant, secondsBetween } from './time.js';

/** What `coord status` says. */
export interface StatusReport {
  readonly claims: readonly Claim[];
  readonly waiters: readonly Placed[];
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

/** A waiter, with its place among those that it waits for: 1 is the first. */
export type Placed = Waiter & { readonly place: number };

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
    claims: asksAll && !mine ? state.claims : state.claims.filter((claim) => asked([groundOf(claim)], claim.agent)),
    waiters: state.waiters
      .filter((waiter) => asked(waiter.targets, waiter.agent))
      .map((waiter) => ({ ...waiter, place: placeInQueue(state.waiters, waiter, now, policy.foldCase) })),
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

/** Something that waits for somebody to act. */
export interface Need {
  readonly kind: 'offer' | 'ack' | 'submission' | 'stuck-task' | 'unknown-deploy';
  /** Why, in one line. */
  readonly what: string;
  readonly since: Instant;
  /** The one command to run, as a suggestion (see `suggestion.ts`). */
  readonly next: string;
}

const WIDEST = 80;

/**
 * What waits for this agent, oldest first: offers to it, answers that it owes, submissions that it may integrate; and what
 * waits for anybody: tasks that were tried too often without success, deploys of which nobody knows how they ended.
 *
 * @param state with its submissions and deployments, as far as they should be looked at
 * @param agent null where nobody is known to ask: only what waits for anybody
 * @param notes those to this agent
 */
export function needsOf(
  state: State,
  {
    agent,
    notes,
    tasks,
  }: { readonly agent: string | null; readonly notes: readonly ReceivedNote[]; readonly tasks: readonly TaskView[] },
  now: Instant,
): Need[] {
  const own =
    agent === null ? [] : [...offersTo(state, agent, now), ...answersOf(notes, agent), ...handedTo(state, agent)];
  return [...own, ...stuckTasks(tasks), ...unknownDeploys(state, now)].sort((a, b) => (a.since < b.since ? -1 : 1));
}

function offersTo(state: State, agent: string, now: Instant): Need[] {
  return claimsWithOffer(state)
    .filter((claim) => isOffered(claim, agent, now))
    .map(({ target, kind, agent: holder, offer }) => ({
      kind: 'offer',
      what: `${holder} offers you ${oneLine(target)}`,
      since: offer?.at ?? now,
      next: coord(`handoff accept ${targetWord({ kind, text: target })}`),
    }));
}

function answersOf(notes: readonly ReceivedNote[], agent: string): Need[] {
  return notes
    .filter(({ pending }) => pending.includes(agent))
    .map(({ id, agent: author, at, text }) => ({
      kind: 'ack',
      what: `${author} waits for your answer: ${shorten(oneLine(text), WIDEST)}`,
      since: at,
      next: coord(`ack ${id}`),
    }));
}

/** A submission to nobody waits for any orchestrator. */
function handedTo(state: State, agent: string): Need[] {
  const role = state.agents.find(({ id }) => id === agent)?.role;
  return state.submissions
    .filter(({ closed, to }) => closed === null && (to === agent || (to === null && role === 'orchestrator')))
    .map(({ id, agent: worker, at, text }) => ({
      kind: 'submission',
      what: `${worker} handed over: ${shorten(oneLine(text), WIDEST)}`,
      since: at,
      next: coord(`integrate ${id}`),
    }));
}

function stuckTasks(tasks: readonly TaskView[]): Need[] {
  return tasks
    .filter(({ stuck }) => stuck)
    .map(({ id, title, attempts, since }) => ({
      kind: 'stuck-task',
      what: `${id} was tried ${attempts} times without success: ${shorten(oneLine(title), WIDEST)}`,
      since,
      next: coord(`task show ${id}`),
    }));
}

/** Of each target, the newest attempt whose end nobody knows, and after which nothing was seen to run. */
function unknownDeploys({ deployments, claims }: State, now: Instant): Need[] {
  const newest = new Map(deployments.attempts.map((attempt) => [attempt.target, attempt]));
  return [...newest.values()]
    .filter((attempt) => outcomeOf(attempt, claims, now) === 'unknown')
    .map(({ id, target, startedAt, agent }) => ({
      kind: 'unknown-deploy',
      what: `the outcome of ${agent}'s deploy to ${target} is unknown`,
      since: startedAt,
      next: coord(`deploy show ${id}`),
    }));
}
