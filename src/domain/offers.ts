import { groundOf } from './conflicts.js';
import { isLive } from './leases.js';
import type { Claim, Offer, State } from './model.js';
import { names } from './ownership.js';
import type { Policy } from './policy.js';
import type { Refusal } from './refusal.js';
import type { Target } from './targets.js';
import type { Instant } from './time.js';

/** A claim whose offer waits for its answer. */
export type OfferedClaim = Claim & { readonly offer: Offer };

/** Whether the claim is live, and offered to this agent (null: to anybody). */
export function isOffered(claim: Claim, to: string | null, now: Instant): claim is OfferedClaim {
  const { offer } = claim;
  return offer !== null && offer.declined === null && (to === null || offer.to === to) && isLive(claim, now);
}

/** The claims on these targets (null: all) that are offered to this agent, or the refusal that says which are not. */
export function offersTo(
  state: State,
  request: { readonly agent: string; readonly policy: Policy; readonly targets: readonly Target[] | null },
  now: Instant,
): { readonly claims: readonly OfferedClaim[] } | { readonly refusal: Refusal } {
  const { agent, targets, policy } = request;
  const offered = state.claims.filter((claim) => isOffered(claim, agent, now));
  if (targets === null) return { claims: offered };
  const named = (target: Target) => (claim: Claim) => names(target, groundOf(claim), policy.foldCase);
  const missing = targets.filter((target) => !offered.some(named(target)));
  if (missing.length === 0)
    return { claims: offered.filter((claim) => targets.some((target) => named(target)(claim))) };
  const held = state.claims.filter((claim) => isLive(claim, now) && missing.some((target) => named(target)(claim)));
  if (held.length === 0) {
    return { refusal: { code: 'lost', reason: 'no-offer', targets: missing.map(({ text }) => text) } };
  }
  const facts = { conflicts: [], free: [], queue: [], asked: targets, mode: 'exclusive' as const };
  return { refusal: { code: 'held', reason: 'not-offered', ...facts, claims: held } };
}

/** The claim with its offer turned down. */
export function declineOffer(claim: OfferedClaim, reason: string | null, now: Instant): OfferedClaim {
  return { ...claim, offer: { ...claim.offer, declined: { at: now, reason } } };
}
