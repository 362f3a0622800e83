import { isOffered } from '../claims/handoff.js';
import { outcomeOf } from '../deploy/decision.js';
import type { ReceivedNote } from '../log/notes.js';
import type { State } from '../model.js';
import { coord, targetWord } from '../suggestion.js';
import type { TaskView } from '../tasks/standing.js';
import { oneLine, shorten } from '../text.js';
import type { Instant } from '../time.js';

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
  return state.claims
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
