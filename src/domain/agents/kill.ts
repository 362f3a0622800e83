import { declineOffer, isOffered } from '../claims/handoff.js';
import { claimEvent, loseClaims } from '../claims/leases.js';
import { replaceClaims } from '../claims/release.js';
import type { Agent, Claim, State, Waiter } from '../model.js';
import type { Refusal } from '../refusal.js';
import type { Outcome, RequestBase, Row } from '../request.js';
import type { Instant } from '../time.js';
import { waitEnded } from '../waiting/queue.js';
import { findAgent, refusedAuthority, unregisteredAgent, withAgent } from './agents.js';

/** Stops an agent: revokes its claims, and refuses it everything but reading until it is revived. */
export interface KillRequest extends RequestBase {
  readonly kind: 'kill';
  readonly victim: string;
  readonly reason: string;
  /** Whether a person sits at the terminal. */
  readonly person: boolean;
}

export interface ReviveRequest extends RequestBase {
  readonly kind: 'revive';
  readonly victim: string;
  readonly person: boolean;
}

export interface KillResult {
  readonly agent: Agent;
  readonly revoked: readonly Claim[];
  readonly waiters: readonly Waiter[];
  /** False when it was stopped already. */
  readonly changed: boolean;
}

export interface ReviveResult {
  readonly agent: Agent;
  readonly changed: boolean;
}

/**
 * Stops an agent: its claims are revoked, its waits ended, offers to it declined, and from then on it may only read.
 * Only an orchestrator or a person may; stopping a stopped agent changes nothing.
 */
function decideKill(state: State, request: KillRequest, now: Instant): Outcome<KillResult> {
  const { victim, agent: by, reason } = request;
  const refusal = unknownVictim(state, request);
  if (refusal) return { ok: false, refusal };
  const before = findAgent(state, victim) ?? unregisteredAgent(victim, now);
  const summary = `kill ${victim} by ${by}: ${reason}`;
  if (before.killed) {
    return {
      ok: true,
      state,
      events: [],
      result: { agent: before, revoked: [], waiters: [], changed: false },
      summary,
    };
  }
  const revoked = state.claims.filter((claim) => claim.agent === victim);
  const waiters = state.waiters.filter((waiter) => waiter.agent === victim);
  const cause = { how: 'revoked', by, reason } as const;
  const offers = state.claims.filter((claim) => isOffered(claim, victim, now));
  const declined = offers.map((claim) => declineOffer(claim, `${victim} was stopped: ${reason}`, now));
  const stopped = withAgent(loseClaims(state, revoked, now, cause), victim, now, (agent) => ({
    ...agent,
    killed: { by, at: now, reason },
    revived: null,
  }));
  const next = { ...stopped, waiters: stopped.waiters.filter((waiter) => waiter.agent !== victim) };
  return {
    ok: true,
    state: declined.length === 0 ? next : replaceClaims(next, declined),
    events: [
      { type: 'agent.killed', at: now, agent: victim, session: before.session, by, reason },
      ...revoked.map((claim) => claimEvent('claim.lost', claim, now, { ...cause, expiresAt: claim.expiresAt })),
      ...waiters.map((waiter) => waitEnded(waiter, 'revoked', now)),
      ...declined.map((claim) =>
        claimEvent('claim.declined', claim, now, { by: victim, reason: claim.offer.declined?.reason ?? null }),
      ),
    ],
    result: { agent: findAgent(next, victim) ?? before, revoked, waiters, changed: true },
    summary,
  };
}

/** Lets a stopped agent act again; what it held stays lost. */
function decideRevive(state: State, request: ReviveRequest, now: Instant): Outcome<ReviveResult> {
  const { victim, agent: by } = request;
  const refusal = unknownVictim(state, request);
  if (refusal) return { ok: false, refusal };
  const before = findAgent(state, victim) ?? unregisteredAgent(victim, now);
  const summary = `revive ${victim} by ${by}`;
  if (!before.killed) return { ok: true, state, events: [], result: { agent: before, changed: false }, summary };
  const after: Agent = { ...before, killed: null, revived: { by, at: now } };
  return {
    ok: true,
    state: withAgent(state, victim, now, () => after),
    events: [{ type: 'agent.revived', at: now, agent: victim, session: before.session, by }],
    result: { agent: after, changed: true },
    summary,
  };
}

function unknownVictim(state: State, { agent: id, victim }: KillRequest | ReviveRequest): Refusal | null {
  const known = state.agents.filter((other) => other.id !== id).map((other) => other.id);
  if (!findAgent(state, victim)) return { code: 'usage', reason: 'unknown-agent', agent: victim, known };
  return victim === id ? { code: 'usage', reason: 'oneself', agent: victim, known } : null;
}

export const KILL_ROWS = {
  kill: {
    decide: decideKill,
    repeatable: true,
    fields: { victim: 'asked', reason: 'asked', person: 'found' },
    parts: () => [],
    combinable: true,
    ground: () => null,
    authority: refusedAuthority,
  },
  revive: {
    decide: decideRevive,
    repeatable: true,
    fields: { victim: 'asked', person: 'found' },
    parts: () => [],
    combinable: true,
    ground: () => null,
    authority: refusedAuthority,
  },
} as const satisfies { readonly kill: Row<KillRequest>; readonly revive: Row<ReviveRequest> };
