import {
  askedOfClaim,
  type ClaimRequest,
  type ClaimResult,
  type ClaimTerms,
  claimFor,
  decideClaim,
  groundAsked,
  heldByOthers,
} from '../claims/claim.js';
import { conflictsOf } from '../claims/conflicts.js';
import type { EventDraft } from '../events.js';
import type { Claim, State, Waiter } from '../model.js';
import { counted, newId } from '../model.js';
import type { Conflict, WaitEdge } from '../refusal.js';
import type { Outcome, Policy, RequestBase, Row } from '../request.js';
import { addSeconds, type Instant, secondsBetween } from '../time.js';
import { ownPlace, waitEnded, waitEvent, withoutTicket } from './queue.js';

/** A wait this many times longer than the holder said it would need, or than claims live, is suspected to be a deadlock. */
const SUSPICION_FACTOR = 2;

/** How long an agent that must first bring in the last holder's work keeps its place. */
const PLACE_KEPT_SECONDS = 120;

/** Claims when the ground is free, and until then takes, keeps and refreshes a place in the queue. */
export interface WaitRequest extends RequestBase {
  readonly kind: 'wait';
  readonly claim: ClaimTerms;
  /** How long a ticket lives unless its process refreshes it. */
  readonly ticketSeconds: number;
  /** Waits for the ground to be free without wanting it: stops nobody, and claims nothing. */
  readonly passive: boolean;
}

/** Leaves the queue. */
export interface LeaveQueueRequest extends RequestBase {
  readonly kind: 'leave-queue';
  readonly ticket: string;
  /** `behind` keeps the place for a while: the agent must only bring in the last holder's work. */
  readonly outcome: 'timeout' | 'refused' | 'interrupted' | 'behind';
}

export type WaitResult =
  /** `claims` is empty for a passive wait. */
  | { readonly status: 'granted'; readonly claims: readonly Claim[] }
  | { readonly status: 'waiting'; readonly ticket: Waiter; readonly conflicts: readonly Conflict[] };

/**
 * Grants the claim when it is this request's turn; otherwise queues it, first come first served. The wait is state, so
 * that others see it and cycles can be found; a wait that would close one is refused.
 */
export function decideWait(state: State, request: WaitRequest, now: Instant): Outcome<WaitResult> {
  const claim = claimFor(request);
  const attempt = request.passive ? decideFree(state, claim, now) : decideClaim(state, claim, now);
  if (attempt.ok) {
    const { claims } = attempt.result;
    return { ...attempt, result: { status: 'granted', claims } };
  }
  const { refusal } = attempt;
  if (refusal.reason !== 'held') return attempt;
  const own = ownPlace(state, claim);
  const ticket = own ?? newTicket(request, newId(state, 'w', state.lastWaiter), now);
  const queued: State = own
    ? state
    : { ...state, ...counted(state, 'lastWaiter', 1), waiters: [...state.waiters, ticket] };
  const cycle = cycleThrough(queued, ticket, request.policy, now);
  if (cycle !== null) {
    return { ok: false, refusal: { ...refusal, reason: 'deadlock', cycle } };
  }
  return keepWaiting(queued, own, ticket, refusal.conflicts, request, now);
}

/** Whether nobody stands in the way; claims nothing, and ends the wait. */
function decideFree(state: State, request: ClaimRequest, now: Instant): Outcome<ClaimResult> {
  const refusal = heldByOthers(state, request, now);
  if (refusal) return { ok: false, refusal };
  const own = ownPlace(state, request);
  return {
    ok: true,
    state: own ? withoutTicket(state, own) : state,
    events: own ? [waitEnded(own, 'free', now)] : [],
    result: { claims: [] },
    summary: `${request.agent} waited for free paths`,
  };
}

/** Takes the ticket out of the queue, or keeps its place for a while; harmless when it is gone. */
function decideLeaveQueue(state: State, request: LeaveQueueRequest, now: Instant): Outcome<{ readonly left: boolean }> {
  const ticket = state.waiters.find((waiter) => waiter.id === request.ticket);
  const summary = `${request.agent} stops waiting (${request.outcome})`;
  if (!ticket) return { ok: true, state, events: [], result: { left: false }, summary };
  const keptUntil = addSeconds(now, PLACE_KEPT_SECONDS);
  const keeps = request.outcome === 'behind';
  return {
    ok: true,
    state: keeps ? replaceTicket(state, { ...ticket, expiresAt: keptUntil }) : withoutTicket(state, ticket),
    events: keeps ? [] : [waitEnded(ticket, request.outcome, now)],
    result: { left: !keeps },
    summary,
  };
}

function keepWaiting(
  state: State,
  own: Waiter | undefined,
  ticket: Waiter,
  conflicts: readonly Conflict[],
  request: WaitRequest,
  now: Instant,
): Outcome<WaitResult> {
  const suspicious = !ticket.suspected && isSuspicious(state, ticket, conflicts, request.policy, now);
  const due = secondsBetween(now, ticket.expiresAt) < request.ticketSeconds / 2;
  const refreshed: Waiter = {
    ...ticket,
    suspected: ticket.suspected || suspicious,
    expiresAt: due ? addSeconds(now, request.ticketSeconds) : ticket.expiresAt,
  };
  const events: EventDraft[] = own
    ? []
    : [waitEvent('wait.started', ticket, now, { mode: ticket.mode, heldBy: holding(conflicts) })];
  if (suspicious) {
    const holders = [...new Set(conflicts.map(({ agent }) => agent))];
    const waitedSeconds = secondsBetween(ticket.since, now);
    events.push(waitEvent('deadlock.suspected', ticket, now, { holders, waitedSeconds }));
  }
  return {
    ok: true,
    state: due || suspicious ? replaceTicket(state, refreshed) : state,
    events,
    result: { status: 'waiting', ticket: refreshed, conflicts },
    summary: `${request.agent} waits for ${ticket.targets.map(({ text }) => text).join(', ')}`,
  };
}

function replaceTicket(state: State, ticket: Waiter): State {
  return { ...state, waiters: state.waiters.map((waiter) => (waiter.id === ticket.id ? ticket : waiter)) };
}

function isSuspicious(
  state: State,
  ticket: Waiter,
  conflicts: readonly Conflict[],
  { defaultTtlSeconds }: Policy,
  now: Instant,
): boolean {
  const waited = secondsBetween(ticket.since, now);
  const blocking = new Set(conflicts.map(({ claimId }) => claimId));
  return state.claims.some(
    ({ id, expectSeconds }) => blocking.has(id) && waited > SUSPICION_FACTOR * (expectSeconds ?? defaultTtlSeconds),
  );
}

function newTicket(request: WaitRequest, id: string, now: Instant): Waiter {
  const { claim, agent, session, ticketSeconds, passive } = request;
  return {
    id,
    agent,
    session,
    targets: claim.targets.map(({ target }) => target),
    mode: claim.mode,
    since: now,
    expiresAt: addSeconds(now, ticketSeconds),
    reason: claim.reason,
    passive,
    suspected: false,
  };
}

/** The claims, and the places in the queue, that are in the way. */
function holding(conflicts: readonly Conflict[]): string[] {
  return [...new Set(conflicts.map(({ claimId }) => claimId))];
}

export const WAIT_ROWS = {
  wait: {
    decide: decideWait,
    repeatable: true,
    fields: { claim: askedOfClaim, passive: 'asked', ticketSeconds: 'found' },
    parts: () => [],
    combinable: true,
    ground: (_state, { passive, claim }) => (passive ? null : groundAsked(claim)),
  },
  'leave-queue': {
    decide: decideLeaveQueue,
    repeatable: true,
    fields: { ticket: 'asked', outcome: 'asked' },
    parts: () => [],
    combinable: true,
    ground: () => null,
  },
} as const satisfies { readonly wait: Row<WaitRequest>; readonly 'leave-queue': Row<LeaveQueueRequest> };

/**
 * The cycle that this waiter closes in the wait-for graph, or null. Each waiter's agent waits for the agents that hold
 * its ground or stand before it in the queue (Coffman et al., "System Deadlocks", 1971: circular wait). The graph is
 * read from the state itself, so it cannot be out of date.
 */
function cycleThrough(state: State, waiter: Waiter, policy: Policy, now: Instant): readonly WaitEdge[] | null {
  const visited = new Set<string>();
  const search = (agent: string, path: readonly WaitEdge[]): readonly WaitEdge[] | null => {
    for (const edge of edgesFrom(agent)) {
      const longer = [...path, edge];
      if (edge.heldBy === waiter.agent) return longer;
      if (visited.has(edge.heldBy)) continue;
      visited.add(edge.heldBy);
      const cycle = search(edge.heldBy, longer);
      if (cycle) return cycle;
    }
    return null;
  };
  const edgesFrom = (agent: string): WaitEdge[] =>
    state.waiters.filter((other) => other.agent === agent).flatMap((other) => edgesOf(state, other, policy, now));
  return search(waiter.agent, []);
}

/** A wait that is suspected to be a deadlock, and who is in its way: what both sides are told. */
export interface SuspectedWait {
  readonly waiter: Waiter;
  readonly edges: readonly WaitEdge[];
}

/** The suspected waits of this agent, and those that it is in the way of. */
export function suspectedWaitsOf(state: State, agent: string, policy: Policy, now: Instant): SuspectedWait[] {
  return state.waiters
    .filter(({ suspected, expiresAt }) => suspected && expiresAt > now)
    .map((waiter) => ({ waiter, edges: edgesOf(state, waiter, policy, now) }))
    .filter(({ waiter, edges }) => waiter.agent === agent || edges.some(({ heldBy }) => heldBy === agent));
}

function edgesOf(state: State, waiter: Waiter, policy: Policy, now: Instant): WaitEdge[] {
  const ahead = state.waiters.slice(0, state.waiters.indexOf(waiter));
  return waiter.targets.flatMap((target) =>
    conflictsOf(state, { agent: waiter.agent, target, mode: waiter.mode, ahead }, policy, now).map((conflict) => ({
      agent: waiter.agent,
      waitsFor: conflict.heldTarget,
      heldBy: conflict.agent,
    })),
  );
}
