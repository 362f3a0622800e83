import { KILL_ROWS } from './agents/kill.js';
import { SESSION_ROWS } from './agents/sessions.js';
import { CLAIM_ROWS, type ClaimRequest, claimFor } from './claims/claim.js';
import { ACCEPT_ROWS, HANDOFF_ROWS } from './claims/handoff.js';
import { LAND_ROWS } from './claims/land.js';
import { ONCE_ROWS } from './claims/once.js';
import { RELEASE_ROWS, RENEW_ROWS } from './claims/release.js';
import { OFFLINE_ROWS, TAKE_OVER_ROWS } from './claims/takeover.js';
import type { NeededWork } from './claims/work.js';
import { DEPLOY_ROWS } from './deploy/decision.js';
import { NOTE_ROWS } from './log/notes.js';
import type { Part, State } from './model.js';
import type { Granted, Outcome, Refused, Row } from './request.js';
import { SUBMISSION_ROWS } from './submissions/submissions.js';
import { SUBMIT_ROWS } from './submissions/submit.js';
import { FINISH_ROWS } from './tasks/finish.js';
import { PLAN_ROWS } from './tasks/plan.js';
import { TAKE_ROWS } from './tasks/take.js';
import type { Instant } from './time.js';
import { WAIT_ROWS } from './waiting/wait.js';

/** Every kind of request: the one list of them. What is to be known of a kind stands in its row ({@link Row}). */
export const ROWS = {
  ...ACCEPT_ROWS,
  ...CLAIM_ROWS,
  ...DEPLOY_ROWS,
  ...HANDOFF_ROWS,
  ...KILL_ROWS,
  ...LAND_ROWS,
  ...NOTE_ROWS,
  ...OFFLINE_ROWS,
  ...ONCE_ROWS,
  ...RELEASE_ROWS,
  ...RENEW_ROWS,
  ...SESSION_ROWS,
  ...TAKE_OVER_ROWS,
  ...SUBMISSION_ROWS,
  ...SUBMIT_ROWS,
  ...FINISH_ROWS,
  ...PLAN_ROWS,
  ...TAKE_ROWS,
  ...WAIT_ROWS,
} as const;

type Rows = typeof ROWS;
export type Kind = keyof Rows;

export type RequestOf<K extends Kind> = Extract<Parameters<Rows[K]['decide']>[1], { readonly kind: K }>;
export type Request = { [K in Kind]: RequestOf<K> }[Kind];

/** What each kind of request is answered with when it is granted. */
export type Results = { readonly [K in Kind]: Extract<ReturnType<Rows[K]['decide']>, { readonly ok: true }>['result'] };

export type Decision<K extends Kind = Kind> = Outcome<Results[K]>;

/** What a process is told of its request: a decision without the state that it leads to, which is the store's. */
export type Answer<K extends Kind = Kind> = Pick<Granted<Results[K]>, 'ok' | 'result' | 'summary' | 'rode'> | Refused;

/** The requests that can be granted without the remote. */
export type OfflineRequest = {
  [K in Kind]: Rows[K] extends { readonly offline: true } ? RequestOf<K> : never;
}[Kind];

/** The row of this request. */
export function rowOf<R extends Request>(request: R): Row<R> {
  return ROWS[request.kind] as unknown as Row<R>;
}

/** The parts of the state beside claims and agents that these requests are decided on, or write. */
export function partsOf(requests: readonly Request[]): readonly Part[] {
  const parts = requests.flatMap((request): readonly Part[] => {
    const own = rowOf(request).parts(request);
    return (request.requestId ?? null) === null ? own : [...own, 'requests'];
  });
  return [...new Set(parts)];
}

/** What the caller asked for, in one form: a repeat comes with a new operation, perhaps another session and another HEAD. */
export function askedOf(request: Request): string {
  const { fields } = rowOf(request);
  const { kind, agent } = request;
  const values = request as unknown as Readonly<Record<string, unknown>>;
  const asked = Object.entries<unknown>(fields).flatMap(([name, origin]) => {
    if (origin === 'found') return [];
    return [[name, typeof origin === 'function' ? origin(values[name], request) : values[name]]];
  });
  return JSON.stringify({ kind, agent, asked: Object.fromEntries(asked) }, inOrder);
}

/** For JSON: keys in their order. */
function inOrder(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The claim that a request asks for, at once or when it is its turn; null for all others. */
export function claimIn(request: Request): ClaimRequest | null {
  if (request.kind === 'claim') return request;
  return 'claim' in request ? claimFor(request) : null;
}

/** What only git can tell: which of this work HEAD has. */
export interface WorkQuestion {
  readonly head: string | null;
  readonly work: readonly NeededWork[];
}

/** What must be known before the request can be decided on this state. */
export function questionOf(state: State, request: Request, now: Instant): WorkQuestion {
  const asking = claimIn(request) ?? request;
  if (!('contains' in asking)) return { head: null, work: [] };
  return { head: asking.head, work: rowOf<Request>(asking).work?.(state, asking, now) ?? [] };
}

/** The request with the answers added to those that it has. */
export function withAnswers(request: Request, answers: Readonly<Record<string, boolean>>): Request {
  if ('contains' in request) return { ...request, contains: { ...request.contains, ...answers } };
  if (!('claim' in request)) return request;
  return { ...request, claim: { ...request.claim, contains: { ...request.claim.contains, ...answers } } };
}

/** The request with what this clone has watched, in seconds by renewal. */
export function withWatched(request: Request, watched: Readonly<Record<string, number>>): Request {
  return { ...request, policy: { ...request.policy, watched } };
}
