import { findAgent, isWorker, orchestratorsOf, refusedAuthority } from '../agents/agents.js';
import { groundOf } from '../claims/conflicts.js';
import { coverageOf } from '../claims/land.js';
import type { EventDraft } from '../events.js';
import { contains } from '../ground/index.js';
import type { Target } from '../ground/targets.js';
import { newNoteId } from '../log/notes.js';
import type { Claim, Note, State, Submission, SubmissionClosing } from '../model.js';
import type { Refusal } from '../refusal.js';
import type { Granted, Outcome, Refused, RequestBase, Row } from '../request.js';
import { closedGates, finishTask } from '../tasks/finish.js';
import { reopen } from '../tasks/standing.js';
import { findTask, type Task, withTask } from '../tasks/task.js';
import { type Instant, secondsBetween } from '../time.js';
import { endSubmissions, submissionsIn, tasksOfSubmissions } from './landed.js';

/** For how long, and how many at most, those that have ended are kept, for who comes second. */
const KEPT_SECONDS = 86_400;
const MOST_KEPT = 50;

/** Records that what an agent has integrated is on the main branch, where it came otherwise than by `coord land`. */
export interface LandedRequest extends RequestBase {
  readonly kind: 'submissions-landed';
  readonly submissions: readonly string[];
  /** On the main branch. */
  readonly commit: string;
  /** Names of the gates that were found open for the commit, by the id of the task that they were asked about. */
  readonly open: Readonly<Record<string, readonly string[]>>;
}

/** Decides that a submission is applied, under the claims of the one who asks. */
export interface IntegrateRequest extends RequestBase {
  readonly kind: 'integrate';
  readonly submission: string;
  /** The paths that it would change, NFC. */
  readonly paths: readonly string[];
  /** The scratch paths of the one who submitted: what it holds there, it has handed over. */
  readonly scratch: readonly Target[];
  /** How many of the files get marks of conflict. */
  readonly conflicts: number;
  /** Whether a person sits at the terminal. */
  readonly person: boolean;
}

/** Ends a submission without applying it: its author withdraws it, another declines it. */
export interface DropSubmissionRequest extends RequestBase {
  readonly kind: 'drop-submission';
  readonly submission: string;
  readonly reason: string | null;
  readonly person: boolean;
}

export interface SubmissionEnd {
  readonly submission: Submission;
  /** This agent has ended it in this way before. */
  readonly again: boolean;
}

/**
 * Decides that a submission is applied: each path that it changes must be under a live exclusive claim of the one who
 * integrates it, or off the surface and nobody's. It is applied in one place at a time, and can be applied there again
 * until it has landed.
 */
function decideIntegrate(state: State, request: IntegrateRequest, now: Instant): Outcome<SubmissionEnd> {
  const found = findSubmission(state, request.submission);
  if ('ok' in found) return found;
  const summary = `integrate ${found.id} of ${found.agent} by ${request.agent}`;
  if (found.closed || isAnothers(state, request, found, now)) {
    return { ok: false, refusal: { code: 'lost', reason: 'submission-closed', submission: found } };
  }
  const ground = { ...state, claims: state.claims.filter((claim) => !isHandedOver(claim, found, request)) };
  const standings = request.paths.map((path) => coverageOf(ground, request, path, now));
  const unclaimed = standings.flatMap((standing) => standing.unclaimed ?? []);
  if (unclaimed.length > 0) return { ok: false, refusal: { code: 'lost', reason: 'unclaimed', paths: unclaimed } };
  const claims = [...new Set(standings.flatMap((standing) => standing.claims))];
  return applied(state, request, found, claims, now, summary);
}

/** For so long another may not apply what an agent has applied, though that agent holds none of it any more. */
const INTEGRATING_SECONDS = 1_800;

/** Whether another is about to land it: it is applied in one place at a time. */
function isAnothers(state: State, { agent, policy }: RequestBase, { integrated }: Submission, now: Instant): boolean {
  if (integrated === null || integrated.by === agent || findAgent(state, integrated.by)?.killed) return false;
  if (secondsBetween(integrated.at, now) < INTEGRATING_SECONDS) return true;
  const other = { agent: integrated.by, session: null, policy };
  return integrated.paths.some((path) => coverageOf(state, other, path, now).claims.length > 0);
}

function applied(
  state: State,
  request: IntegrateRequest,
  submission: Submission,
  claims: readonly Claim[],
  now: Instant,
  summary: string,
): Outcome<SubmissionEnd> {
  const { agent, session, conflicts } = request;
  const { id, agent: author, integrated: before } = submission;
  const again = before?.by === agent;
  // What HEAD has already is not changed any more, and was changed by this submission all the same.
  const paths = [...new Set([...(again ? before.paths : []), ...request.paths])].sort();
  const integrated = { by: agent, at: now, paths };
  const told = {
    id: newNoteId(state),
    at: now,
    agent,
    session,
    kind: 'note' as const,
    text: `integrated ${id}`,
    to: [author],
    ref: id,
  };
  const noted = again || author === agent ? { state, events: [] } : addNote(state, told);
  const open: Submission = { ...submission, integrated };
  const facts = { paths: request.paths.length, conflicts, claims: claims.map((claim) => claim.id) };
  return {
    ok: true,
    state: { ...noted.state, submissions: state.submissions.map((one) => (one === submission ? open : one)) },
    events: [
      { type: 'work.integrated', at: now, agent, session, submission: id, author, reason: null, ...facts },
      ...noted.events,
    ],
    result: { submission: open, again },
    summary,
  };
}

/** Ends what this agent has integrated, and the tasks whose result it is; not those whose gates are closed. */
function decideLanded(state: State, request: LandedRequest, now: Instant): Outcome<{ readonly done: readonly Task[] }> {
  const isProved = (task: Task) => closedGates(task, request.open[task.id] ?? []).length === 0;
  const named = submissionsIn(state, request.agent, () => true)
    .filter(({ id }) => request.submissions.includes(id))
    .filter((one) => tasksOfSubmissions(state, [one]).every(isProved));
  const tasks = tasksOfSubmissions(state, named);
  const ended = endTasksOf(state, named, request, now);
  const closed = endSubmissions(ended.state, named, request.agent, now);
  return {
    ok: true,
    state: closed.state,
    events: [...ended.events, ...closed.events],
    result: { done: tasks.map(({ id }) => findTask(closed.state.tasks, id)).filter((task) => task !== undefined) },
    summary: `${named.map(({ id }) => id).join(', ') || 'nothing'} landed, by ${request.agent}`,
  };
}

/** Ends a submission unapplied. Its author is told why by a note. */
function decideDrop(state: State, request: DropSubmissionRequest, now: Instant): Outcome<SubmissionEnd> {
  const found = findSubmission(state, request.submission);
  if ('ok' in found) return found;
  const how = found.agent === request.agent ? 'withdrawn' : 'declined';
  const summary = `${how === 'withdrawn' ? 'withdraw' : 'decline'} ${found.id} of ${found.agent} by ${request.agent}`;
  if (found.closed) return ended(state, request, found, how, summary);
  if (isAnothers(state, request, found, now)) {
    return { ok: false, refusal: { code: 'lost', reason: 'submission-closed', submission: found } };
  }
  return close(state, request, found, { how, reason: request.reason, summary }, now);
}

/** Whether this agent may decide what becomes of a submission. */
export function mayIntegrate(
  state: State,
  { agent, person }: { readonly agent: string; readonly person: boolean },
  submission: Submission,
): boolean {
  if (isWorker(state, agent)) return false;
  return submission.to === agent || refusedAuthority(state, { agent, person }) === null;
}

/** Ids of the orchestrators that can be given something. */
export function integrators(state: State, besides: string): string[] {
  return orchestratorsOf(state).filter((id) => id !== besides);
}

export function findSubmission(state: Pick<State, 'submissions'>, id: string): Submission | Refused {
  const found = state.submissions.find((one) => one.id === id);
  if (found) return found;
  const open = state.submissions.filter(({ closed }) => closed === null).map((one) => one.id);
  return { ok: false, refusal: { code: 'usage', reason: 'unknown-submission', submission: id, open } };
}

/** Why this agent may not decide what becomes of the submission, where there is one. */
function notIntegrator(state: State, request: IntegrateRequest | DropSubmissionRequest): Refusal | null {
  const submission = state.submissions.find(({ id }) => id === request.submission);
  if (!submission || mayIntegrate(state, request, submission)) return null;
  const role = findAgent(state, request.agent)?.role ?? 'peer';
  const orchestrators = integrators(state, request.agent);
  return { code: 'closed', reason: 'not-integrator', role, submission, orchestrators };
}

/** Who made it may withdraw it. */
function mayNotDrop(state: State, request: DropSubmissionRequest): Refusal | null {
  const own = state.submissions.some(({ id, agent }) => id === request.submission && agent === request.agent);
  return own ? null : notIntegrator(state, request);
}

/** What its author holds of its own scratch is no bar: it handed over what is there. */
function isHandedOver(claim: Claim, { agent }: Submission, { scratch, policy }: IntegrateRequest): boolean {
  const options = { foldCase: policy.foldCase };
  return claim.agent === agent && scratch.some((own) => contains(own, groundOf(claim), options));
}

function ended(
  state: State,
  { agent }: { readonly agent: string },
  submission: Submission,
  how: SubmissionClosing['how'],
  summary: string,
): Granted<SubmissionEnd> | Refused {
  const { closed } = submission;
  if (closed?.how !== how || closed.by !== agent) {
    return { ok: false, refusal: { code: 'lost', reason: 'submission-closed', submission } };
  }
  return { ok: true, state, events: [], result: { submission, again: true }, summary };
}

interface Ending {
  readonly how: 'declined' | 'withdrawn';
  readonly reason: string | null;
  readonly summary: string;
}

function close(
  state: State,
  { agent, session }: DropSubmissionRequest,
  submission: Submission,
  { how, reason, summary }: Ending,
  now: Instant,
): Granted<SubmissionEnd> {
  const closed: Submission = { ...submission, closed: { how, by: agent, at: now, reason } };
  const { id, agent: author } = submission;
  const told = `${how} ${id}${reason === null ? '' : `: ${reason}`}`;
  const noted =
    how === 'withdrawn' || author === agent
      ? { state, events: [] }
      : addNote(state, {
          ...{ id: newNoteId(state), at: now, agent, session, kind: 'note', text: told, to: [author], ref: id },
        });
  const submissions = state.submissions.map((one) => (one === submission ? closed : one));
  const reopened = reopenTaskOf(noted.state, submission, { how, reason }, now);
  return {
    ok: true,
    state: { ...reopened.state, submissions: kept(submissions, now) },
    events: [
      { type: `work.${how}`, at: now, agent, session, submission: id, author, reason },
      ...noted.events,
      ...reopened.events,
    ],
    result: { submission: closed, again: false },
    summary,
  };
}

/** Ends the tasks of what has landed without `coord land`, such as by a merge into the local main branch. */
function endTasksOf(
  before: State,
  submissions: readonly Submission[],
  { agent, session, policy, commit }: LandedRequest,
  now: Instant,
) {
  let state = before;
  const events: EventDraft[] = [];
  for (const task of tasksOfSubmissions(before, submissions)) {
    const work = { commit, commitNamed: true, changes: null, uncommitted: false, text: null };
    const finished = finishTask(state, task, { ...work, agent, session, policy, evidence: 'landed' }, now);
    state = finished.state;
    events.push(...finished.events);
  }
  return { state, events };
}

/** The task whose result was not taken is open again, and the next agent is told why. */
function reopenTaskOf(
  state: State,
  { id, agent, commit }: Submission,
  { how, reason }: Pick<Ending, 'how' | 'reason'>,
  now: Instant,
): { readonly state: State; readonly events: readonly EventDraft[] } {
  const task = state.tasks.tasks.find((one) => one.state === 'submitted' && one.submission === id);
  if (!task) return { state, events: [] };
  const open = reopen(task, { agent, at: now, how, reason, commit }, now);
  const facts = { task: task.id, how, reason, commit, attempts: open.attempts };
  return {
    state: { ...state, tasks: withTask(state.tasks, open) },
    events: [{ type: 'task.reopened', at: now, agent, session: null, ...facts }],
  };
}

export function addNote(
  state: State,
  said: Pick<Note, 'id' | 'at' | 'agent' | 'session' | 'kind' | 'text' | 'to' | 'ref'>,
): { readonly state: State; readonly events: readonly EventDraft[] } {
  const note: Note = { ...said, target: null, needsAck: [], answerBy: null, refused: false };
  const { id, at, agent, session, kind, ref } = note;
  return {
    state: { ...state, notes: [...state.notes, note] },
    events: [{ type: 'note.added', at, agent, session, note: id, kind, ref }],
  };
}

/** All open ones, and the newest of those that have ended not long ago. */
export function kept(submissions: readonly Submission[], now: Instant): Submission[] {
  const ended = submissions.filter(({ closed }) => closed !== null && secondsBetween(closed.at, now) < KEPT_SECONDS);
  const remembered = new Set(ended.slice(-MOST_KEPT));
  return submissions.filter((one) => one.closed === null || remembered.has(one));
}

export const SUBMISSION_ROWS = {
  integrate: {
    decide: decideIntegrate,
    fields: { submission: 'asked', paths: 'found', scratch: 'found', conflicts: 'found', person: 'found' },
    parts: () => ['log', 'submissions'],
    combinable: false,
    ground: (_state, { paths }) => paths.map((text) => ({ kind: 'path', text })),
    authority: notIntegrator,
  },
  'drop-submission': {
    decide: decideDrop,
    fields: { submission: 'asked', reason: 'asked', person: 'found' },
    parts: () => ['log', 'submissions', 'tasks'],
    combinable: false,
    ground: () => null,
    authority: mayNotDrop,
  },
  'submissions-landed': {
    decide: decideLanded,
    repeatable: true,
    fields: { submissions: 'asked', commit: 'found', open: 'found' },
    parts: () => ['submissions', 'tasks'],
    combinable: false,
    ground: () => null,
  },
} as const satisfies {
  readonly integrate: Row<IntegrateRequest>;
  readonly 'drop-submission': Row<DropSubmissionRequest>;
  readonly 'submissions-landed': Row<LandedRequest>;
};
