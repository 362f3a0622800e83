import type { EventDraft } from '../events.js';
import { onceTarget } from '../ground/targets.js';
import type { Claim, Once, State } from '../model.js';
import type { Outcome, RequestBase, Row } from '../request.js';
import type { Instant } from '../time.js';
import { askedOfClaim, type ClaimTerms, claimFor, decideClaim, groundAsked } from './claim.js';
import { claimEvent, isLive } from './leases.js';
import { heldBy } from './takeover.js';

/** Starts the program of a key, unless it has succeeded or may have. */
export interface OnceBeginRequest extends RequestBase {
  readonly kind: 'once-begin';
  readonly key: string;
  readonly claim: ClaimTerms;
  /** The command line, for people. */
  readonly command: string;
  /** Run it although an earlier run ended without a word. */
  readonly retry: boolean;
}

export interface OnceFinishRequest extends RequestBase {
  readonly kind: 'once-finish';
  readonly key: string;
  /** Id of the claim that the run holds. */
  readonly claimId: string;
  readonly exit: number;
  readonly output: string;
  readonly truncated: boolean;
}

export interface OnceForgetRequest extends RequestBase {
  readonly kind: 'once-forget';
  readonly key: string;
}

export type OnceBegun =
  | { readonly status: 'done'; readonly once: Once }
  | { readonly status: 'started'; readonly claims: readonly Claim[] };

/**
 * Starts the program of a key unless it has succeeded before, or may have: a run whose claim ended without a word is
 * unknown, and is never repeated silently. The record of the run, not the claim alone, is what a second caller meets,
 * so that even the same agent cannot run it twice.
 */
function decideOnceBegin(state: State, request: OnceBeginRequest, now: Instant): Outcome<OnceBegun> {
  const record = findOnce(state, request.key);
  const summary = `once ${request.key} by ${request.agent}`;
  if (record?.status === 'succeeded') {
    return { ok: true, state, events: [], result: { status: 'done', once: record }, summary };
  }
  if (record) {
    const running = state.claims.find((claim) => claim.id === record.claim);
    if (running && isLive(running, now)) return { ok: false, refusal: heldBy(running) };
    if (!request.retry) return { ok: false, refusal: { code: 'unavailable', reason: 'unknown-outcome', once: record } };
  }
  const attempt = decideClaim(state, claimFor(request), now);
  if (!attempt.ok) return attempt;
  const [claim] = attempt.result.claims;
  if (!claim) return { ok: true, state, events: [], result: { status: 'started', claims: [] }, summary };
  const started: Once = {
    key: request.key,
    status: 'running',
    agent: request.agent,
    session: request.session,
    claim: claim.id,
    command: request.command,
    startedAt: now,
    finishedAt: null,
    output: '',
    truncated: false,
  };
  return {
    ok: true,
    state: withOnce(attempt.state, started),
    events: attempt.events,
    result: { status: 'started', claims: attempt.result.claims },
    summary: `${summary} starts`,
  };
}

/** Records how the program ended, and gives its claim back: success for ever, failure so that it may be run again. */
function decideOnceFinish(
  state: State,
  request: OnceFinishRequest,
  now: Instant,
): Outcome<{ readonly once: Once | null }> {
  const record = findOnce(state, request.key);
  const claim = state.claims.find(({ id, agent }) => id === request.claimId && agent === request.agent);
  if (record?.claim !== request.claimId || !claim || !isLive(claim, now)) {
    const target = onceTarget(request.key).text;
    const lost = { target, why: 'expired' as const, holder: claim ?? null, loss: null };
    return { ok: false, refusal: { code: 'lost', reason: 'lost', targets: [lost], held: [] } };
  }
  const { exit, output, truncated } = request;
  const free = { ...state, claims: state.claims.filter(({ id }) => id !== claim.id) };
  const finished: Once = { ...record, status: 'succeeded', finishedAt: now, output, truncated };
  const events: EventDraft[] = [claimEvent('claim.released', claim, now, { commit: null, exit })];
  return {
    ok: true,
    state: exit === 0 ? withOnce(free, finished) : withoutOnce(free, request.key),
    events,
    result: { once: exit === 0 ? finished : null },
    summary: `once ${request.key} by ${request.agent} ${exit === 0 ? 'succeeded' : `failed with exit ${exit}`}`,
  };
}

/** Forgets a key, so that its program may run again; refused while it runs. */
function decideOnceForget(
  state: State,
  request: OnceForgetRequest,
  now: Instant,
): Outcome<{ readonly forgotten: Once | null }> {
  const record = findOnce(state, request.key);
  const running = state.claims.find((claim) => claim.id === record?.claim);
  if (running && isLive(running, now)) return { ok: false, refusal: heldBy(running) };
  const summary = `once ${request.key} forgotten by ${request.agent}`;
  if (!record) return { ok: true, state, events: [], result: { forgotten: null }, summary };
  const lapsed = state.claims.filter((claim) => claim.id === record.claim && claim.agent === request.agent);
  return {
    ok: true,
    state: withoutOnce({ ...state, claims: state.claims.filter((claim) => !lapsed.includes(claim)) }, request.key),
    events: lapsed.map((claim) => claimEvent('claim.expired', claim, now)),
    result: { forgotten: record },
    summary,
  };
}

function findOnce(state: State, key: string): Once | undefined {
  return state.onces.find((record) => record.key === key);
}

function withOnce(state: State, record: Once): State {
  return { ...state, onces: [...state.onces.filter(({ key }) => key !== record.key), record] };
}

function withoutOnce(state: State, key: string): State {
  return { ...state, onces: state.onces.filter((record) => record.key !== key) };
}

export const ONCE_ROWS = {
  'once-begin': {
    decide: decideOnceBegin,
    fields: { key: 'asked', claim: askedOfClaim, command: 'asked', retry: 'asked' },
    parts: () => ['onces'],
    combinable: false,
    // What is only to be told again needs no ground.
    ground: (state, { key, claim }) => (findOnce(state, key)?.status === 'succeeded' ? null : groundAsked(claim)),
  },
  'once-finish': {
    decide: decideOnceFinish,
    fields: { key: 'asked', claimId: 'found', exit: 'found', output: 'found', truncated: 'found' },
    parts: () => ['onces'],
    combinable: false,
    ground: () => null,
  },
  'once-forget': {
    decide: decideOnceForget,
    repeatable: true,
    fields: { key: 'asked' },
    parts: () => ['onces'],
    combinable: false,
    ground: () => null,
  },
} as const satisfies {
  readonly 'once-begin': Row<OnceBeginRequest>;
  readonly 'once-finish': Row<OnceFinishRequest>;
  readonly 'once-forget': Row<OnceForgetRequest>;
};
