import type { KeepAliveRequest, RenewRequest } from './claim-requests.js';
import { groundOf } from './conflicts.js';
import type { EventDraft } from './events.js';
import { claimEvent, extend, isLive, isPastHalf } from './leases.js';
import type { Claim, State } from './model.js';
import { ownClaims, sameSession } from './ownership.js';
import type { Decision } from './request.js';
import { isDeployTarget, isOnceTarget } from './targets.js';
import type { Instant } from './time.js';

/** Extends the agent's claims by their own time to live; refused as lost when one of them is gone. */
export function decideRenew(state: State, request: RenewRequest, now: Instant): Decision<'renew'> {
  const owned = ownClaims(state, request, request.targets, now);
  if ('refusal' in owned) return { ok: false, refusal: owned.refusal };
  const renewed = owned.claims.map((claim) => extend(claim, now, request.ttlSeconds ?? claim.ttlSeconds));
  return {
    ok: true,
    state: replaceClaims(state, renewed),
    events: renewed.map((claim) => renewal(claim, now)),
    result: { claims: renewed },
    summary: `renew ${renewed.map((claim) => claim.target).join(', ')} by ${request.agent}`,
  };
}

/** Renews nothing by itself: {@link keepAlive} runs with every request. */
export function decideKeepAlive(state: State, request: KeepAliveRequest): Decision<'keep-alive'> {
  const claims = state.claims.filter((claim) => claim.agent === request.agent);
  return { ok: true, state, events: [], result: { claims }, summary: `keep the claims of ${request.agent} alive` };
}

/** Renews the agent's live claims that are past half of their life: whoever works need not think of renewing. */
export function keepAlive(
  state: State,
  actor: { readonly agent: string; readonly session: string | null },
  now: Instant,
): { state: State; events: EventDraft[] } {
  const due = claimsToKeepAlive(state, actor, now).map((claim) => extend(claim, now));
  return { state: replaceClaims(state, due), events: due.map((claim) => renewal(claim, now)) };
}

/**
 * The live claims of this agent that are past half of their life. The run of a `coord once` is left out, and so is a
 * deploy: only its own process may keep it alive, or a killed one would never be seen to have ended.
 */
export function claimsToKeepAlive(
  state: State,
  actor: { readonly agent: string; readonly session: string | null },
  now: Instant,
): Claim[] {
  return state.claims.filter(
    (claim) =>
      claim.agent === actor.agent &&
      !isOnceTarget(groundOf(claim)) &&
      !isDeployTarget(groundOf(claim)) &&
      sameSession(claim, actor) &&
      isLive(claim, now) &&
      isPastHalf(claim, now),
  );
}

function renewal(claim: Claim, now: Instant): EventDraft {
  return claimEvent('claim.renewed', claim, now, { expiresAt: claim.expiresAt });
}

/** The state with each of these claims in the place of the one with its id. */
export function replaceClaims(state: State, changed: readonly Claim[]): State {
  if (changed.length === 0) return state;
  const byId = new Map(changed.map((claim) => [claim.id, claim]));
  return { ...state, claims: state.claims.map((claim) => byId.get(claim.id) ?? claim) };
}
