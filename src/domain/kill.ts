import type { KillRequest, ReviveRequest } from './agent-requests.js';
import { findAgent, withAgent } from './agents.js';
import { refusedAuthority } from './authority.js';
import { claimEvent, loseClaims, strangerAgent } from './leases.js';
import type { Agent, State } from './model.js';
import { declineOffer, isOffered } from './offers.js';
import { waitEnded } from './queue.js';
import type { Refusal } from './refusal.js';
import { replaceClaims } from './renew.js';
import type { Decision } from './request.js';
import type { Instant } from './time.js';

/**
 * Stops an agent: its claims are revoked, its waits ended, offers to it declined, and from then on it may only read.
 * Only an orchestrator or a person may; stopping a stopped agent changes nothing.
 */
export function decideKill(state: State, request: KillRequest, now: Instant): Decision<'kill'> {
  const { victim, agent: by, reason } = request;
  const refusal = mayNot(state, request);
  if (refusal) return { ok: false, refusal };
  const before = findAgent(state, victim) ?? strangerAgent(victim, now);
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
export function decideRevive(state: State, request: ReviveRequest, now: Instant): Decision<'revive'> {
  const { victim, agent: by } = request;
  const refusal = mayNot(state, request);
  if (refusal) return { ok: false, refusal };
  const before = findAgent(state, victim) ?? strangerAgent(victim, now);
  const summary = `revive ${victim} by ${by}`;
  if (!before.killed) return { ok: true, state, events: [], result: { agent: before, changed: false }, summary };
  const after: Agent = { ...before, killed: null };
  return {
    ok: true,
    state: withAgent(state, victim, now, () => after),
    events: [{ type: 'agent.revived', at: now, agent: victim, session: before.session, by }],
    result: { agent: after, changed: true },
    summary,
  };
}

function mayNot(state: State, request: KillRequest | ReviveRequest): Refusal | null {
  const { agent: id, victim } = request;
  const refusal = refusedAuthority(state, request);
  if (refusal) return refusal;
  const known = state.agents.filter((other) => other.id !== id).map((other) => other.id);
  if (!findAgent(state, victim)) return { code: 'usage', reason: 'unknown-agent', agent: victim, known };
  return victim === id ? { code: 'usage', reason: 'oneself', agent: victim, known } : null;
}
