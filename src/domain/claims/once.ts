import type { EventDraft } from '../events.js';
import { onceTarget } from '../ground/targets.js';
import type { Once, State } from '../model.js';
import type { OnceBeginRequest, OnceFinishRequest, OnceForgetRequest } from '../once-requests.js';
import type { Decision } from '../request.js';
import type { Instant } from '../time.js';
import { decideClaim } from './claim.js';
import { claimEvent, isLive } from './leases.js';
import { heldBy } from './takeover.js';

/**
 * Starts the program of a key unless it has succeeded before, or may have: a run whose claim ended without a word is
 * unknown, and is never repeated silently. The record of the run, not the claim alone, is what a second caller meets,
 * so that even the same agent cannot run it twice.
 */
export function decideOnceBegin(state: State, request: OnceBeginRequest, now: Instant): Decision<'once-begin'> {
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
  const attempt = decideClaim(state, request.claim, now);
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
export function decideOnceFinish(state: State, request: OnceFinishRequest, now: Instant): Decision<'once-finish'> {
  const record = findOnce(state, request.key);
  const claim = state.claims.find(({ id, agent }) => id === request.claim && agent === request.agent);
  if (record?.claim !== request.claim || !claim || !isLive(claim, now)) {
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
export function decideOnceForget(state: State, request: OnceForgetRequest, now: Instant): Decision<'once-forget'> {
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
