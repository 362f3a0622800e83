import { findAgent, isWorker, orchestratorsOf, refusedAuthority } from '../agents/agents.js';
import { groundOf } from '../claims/conflicts.js';
import { coverageOf } from '../claims/land.js';
import type { EventDraft } from '../events.js';
import { contains } from '../ground/index.js';
import type { Target } from '../ground/targets.js';
import type { Claim, Note, State, Submission, SubmissionClosing, SubmittedFile } from '../model.js';
import type { Refusal } from '../refusal.js';
import type { Granted, Outcome, Refused, RequestBase, Row } from '../request.js';
import { plural } from '../text.js';
import { type Instant, secondsBetween } from '../time.js';

/** How many submissions of one agent may be open. */
export const MOST_OPEN = 20;
/** For how long, and how many at most, those that have ended are kept, for who comes second. */
const KEPT_SECONDS = 86_400;
const MOST_KEPT = 50;

/** Hands changes over to another agent, who integrates them under its own claims. */
export interface SubmitRequest extends RequestBase {
  readonly kind: 'submit';
  /** null: any orchestrator. */
  readonly to: string | null;
  readonly text: string;
  /** HEAD of the worktree. */
  readonly commit: string | null;
  readonly files: readonly SubmittedFile[];
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

export interface SubmitResult {
  readonly submission: Submission;
  /** False for the very same submission again. */
  readonly added: boolean;
}

export interface SubmissionEnd {
  readonly submission: Submission;
  /** This agent has ended it in this way before. */
  readonly again: boolean;
}

/**
 * Hands results over. A note in the log tells who shall integrate them, and refers by id; nothing is decided by the note.
 * The very same submission again, while it is open, adds nothing.
 */
export function decideSubmit(state: State, request: SubmitRequest, now: Instant): Outcome<SubmitResult> {
  const { operation, agent, session, to, text, commit, files } = request;
  const summary = `submit ${plural(files.length, 'file')} by ${agent} to ${to ?? 'any orchestrator'}`;
  const mine = state.submissions.filter((one) => one.closed === null && one.agent === agent);
  const same = mine.find((one) => one.to === to && one.text === text && sameFiles(one, request));
  if (same) return { ok: true, state, events: [], result: { submission: same, added: false }, summary };
  const refusal = noReceiver(state, agent, to) ?? tooMany(mine);
  if (refusal) return { ok: false, refusal };
  const id = `${operation}-n`;
  const submission: Submission = { id, agent, session, at: now, to, text, commit, files, closed: null };
  const receivers = to === null ? integrators(state, agent) : [to];
  const told = `${text} · ${plural(files.length, 'file')}: coord integrate ${id}`;
  const noted = addNote(state, { id, at: now, agent, session, kind: 'handoff', text: told, to: receivers });
  const submitted = { type: 'work.submitted', at: now, agent, session, submission: id, to, commit } as const;
  return {
    ok: true,
    state: { ...noted.state, submissions: kept([...state.submissions, submission], now) },
    events: [{ ...submitted, paths: files.length }, ...noted.events],
    result: { submission, added: true },
    summary,
  };
}

/**
 * Decides that a submission is applied: each path that it changes must be under a live exclusive claim of the one who
 * integrates it, or off the surface and nobody's. It is the one point of decision: a second integrator is told of the
 * first.
 */
export function decideIntegrate(state: State, request: IntegrateRequest, now: Instant): Outcome<SubmissionEnd> {
  const found = findSubmission(state, request.submission);
  if ('ok' in found) return found;
  const summary = `integrate ${found.id} of ${found.agent} by ${request.agent}`;
  if (found.closed) return ended(state, request, found, 'integrated', summary);
  const ground = { ...state, claims: state.claims.filter((claim) => !isHandedOver(claim, found, request)) };
  const standings = request.paths.map((path) => coverageOf(ground, request, path, now));
  const unclaimed = standings.flatMap((standing) => standing.unclaimed ?? []);
  if (unclaimed.length > 0) return { ok: false, refusal: { code: 'lost', reason: 'unclaimed', paths: unclaimed } };
  const claims = [...new Set(standings.flatMap((standing) => standing.claims))];
  const facts = { paths: request.paths.length, conflicts: request.conflicts, claims: claims.map(({ id }) => id) };
  return close(state, request, found, { how: 'integrated', facts, reason: null, summary }, now);
}

/** Ends a submission unapplied. Its author is told why by a note. */
export function decideDrop(state: State, request: DropSubmissionRequest, now: Instant): Outcome<SubmissionEnd> {
  const found = findSubmission(state, request.submission);
  if ('ok' in found) return found;
  const how = found.agent === request.agent ? 'withdrawn' : 'declined';
  const summary = `${how === 'withdrawn' ? 'withdraw' : 'decline'} ${found.id} of ${found.agent} by ${request.agent}`;
  if (found.closed) return ended(state, request, found, how, summary);
  return close(state, request, found, { how, facts: {}, reason: request.reason, summary }, now);
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

function noReceiver(state: State, agent: string, to: string | null): Refusal | null {
  const known = state.agents.filter(({ id, role, killed }) => id !== agent && role !== 'worker' && !killed);
  const ids = known.map(({ id }) => id);
  if (to === null) {
    return integrators(state, agent).length > 0
      ? null
      : { code: 'usage', reason: 'no-integrator', to: null, candidates: ids };
  }
  if (to === agent) return { code: 'usage', reason: 'oneself', agent: to, known: ids };
  const receiver = findAgent(state, to);
  if (!receiver) return { code: 'usage', reason: 'unknown-agent', agent: to, known: ids };
  if (receiver.killed) return { code: 'usage', reason: 'killed-agent', agent: to, known: ids };
  return receiver.role === 'worker' ? { code: 'usage', reason: 'no-integrator', to, candidates: ids } : null;
}

function tooMany(mine: readonly Submission[]): Refusal | null {
  if (mine.length < MOST_OPEN) return null;
  return { code: 'usage', reason: 'many-submissions', open: mine.map(({ id }) => id) };
}

function sameFiles(one: Submission, { commit, files }: SubmitRequest): boolean {
  return one.commit === commit && JSON.stringify(one.files) === JSON.stringify(files);
}

function findSubmission(state: State, id: string): Submission | Refused {
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
  readonly how: SubmissionClosing['how'];
  readonly reason: string | null;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly summary: string;
}

function close(
  state: State,
  { operation, agent, session }: IntegrateRequest | DropSubmissionRequest,
  submission: Submission,
  { how, reason, facts, summary }: Ending,
  now: Instant,
): Granted<SubmissionEnd> {
  const closed: Submission = { ...submission, closed: { how, by: agent, at: now, reason } };
  const { id, agent: author } = submission;
  const told = `${how} ${id}${reason === null ? '' : `: ${reason}`}`;
  const noted =
    how === 'withdrawn' || author === agent
      ? { state, events: [] }
      : addNote(state, { id: `${operation}-n`, at: now, agent, session, kind: 'note', text: told, to: [author] });
  const submissions = state.submissions.map((one) => (one === submission ? closed : one));
  return {
    ok: true,
    state: { ...noted.state, submissions: kept(submissions, now) },
    events: [
      { type: `work.${how}`, at: now, agent, session, submission: id, author, reason, ...facts },
      ...noted.events,
    ],
    result: { submission: closed, again: false },
    summary,
  };
}

function addNote(
  state: State,
  said: Pick<Note, 'id' | 'at' | 'agent' | 'session' | 'kind' | 'text' | 'to'>,
): { readonly state: State; readonly events: readonly EventDraft[] } {
  const note: Note = { ...said, target: null, needsAck: [], ref: null };
  const { id, at, agent, session, kind, ref } = note;
  return {
    state: { ...state, notes: [...state.notes, note] },
    events: [{ type: 'note.added', at, agent, session, note: id, kind, ref }],
  };
}

/** All open ones, and the newest of those that have ended not long ago. */
function kept(submissions: readonly Submission[], now: Instant): Submission[] {
  const ended = submissions.filter(({ closed }) => closed !== null && secondsBetween(closed.at, now) < KEPT_SECONDS);
  const remembered = new Set(ended.slice(-MOST_KEPT));
  return submissions.filter((one) => one.closed === null || remembered.has(one));
}

export const SUBMISSION_ROWS = {
  submit: {
    decide: decideSubmit,
    fields: {
      to: 'asked',
      text: 'asked',
      commit: 'found',
      files: (files) => files.map(({ path, blob }) => ({ path, blob })),
    },
    parts: () => ['log', 'submissions'],
    // The contents of its files travel with it.
    combinable: false,
    ground: () => null,
  },
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
    parts: () => ['log', 'submissions'],
    combinable: false,
    ground: () => null,
    authority: mayNotDrop,
  },
} as const satisfies {
  readonly submit: Row<SubmitRequest>;
  readonly integrate: Row<IntegrateRequest>;
  readonly 'drop-submission': Row<DropSubmissionRequest>;
};
