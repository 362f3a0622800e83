import { groundOf, sameTarget } from '../claims/conflicts.js';
import { claimsBy, isLive } from '../claims/leases.js';
import { overlaps } from '../ground/index.js';
import { directoryPath, isOnceTarget, type Target } from '../ground/targets.js';
import type { Claim, State } from '../model.js';
import type { LostTarget, Refusal } from '../refusal.js';
import type { Policy } from '../request.js';
import type { Instant } from '../time.js';

interface Owner {
  readonly agent: string;
  readonly session: string | null;
  readonly policy: Policy;
}

/**
 * The live claims of this agent on exactly these targets (null: all but its runs of `coord once`), or the refusal that says which are lost
 * and how. A claim that expired is lost even while nobody else has taken it: its holder may not rely on it any more.
 */
export function ownClaims(
  state: State,
  owner: Owner,
  targets: readonly Target[] | null,
  now: Instant,
): { readonly claims: readonly Claim[] } | { readonly refusal: Refusal } {
  const mine = claimsBy(state, owner.agent).filter((claim) => isLive(claim, now));
  if (targets === null) {
    return { claims: mine.filter((claim) => sameSession(claim, owner) && !isOnceTarget(groundOf(claim))) };
  }
  const claims = new Map<string, Claim>();
  const lost: LostTarget[] = [];
  for (const target of targets) {
    const found = mine.filter((claim) => names(target, groundOf(claim), owner.policy.foldCase));
    const usable = found.filter((claim) => sameSession(claim, owner));
    for (const claim of usable) claims.set(claim.id, claim);
    if (usable.length === 0) lost.push(whyLost(state, owner, target, found[0] ?? null));
  }
  if (lost.length === 0) return { claims: [...claims.values()] };
  return { refusal: { code: 'lost', reason: 'lost', targets: lost, held: mine.map((claim) => claim.target) } };
}

/** Two sessions that are both known and differ are two holders, whatever their name. */
export function sameSession(claim: Pick<Claim, 'session'>, owner: Pick<Owner, 'session'>): boolean {
  return claim.session === null || owner.session === null || claim.session === owner.session;
}

/**
 * Whether a claim is of this agent, or of its session: all that runs in one session changes under its claims, whatever
 * agent was named in it.
 */
export function isOf(claim: Pick<Claim, 'agent' | 'session'>, who: Pick<Owner, 'agent' | 'session'>): boolean {
  return claim.agent === who.agent || (who.session !== null && claim.session === who.session);
}

/** A directory that was deleted, or a path that became a directory, still names the claim made on it. */
export function names(asked: Target, held: Target, foldCase: boolean): boolean {
  if (sameTarget(asked, held, foldCase)) return true;
  const [one, other] = [plainPath(asked), plainPath(held)];
  if (one === null || other === null) return false;
  return sameTarget({ kind: 'path', text: one }, { kind: 'path', text: other }, foldCase);
}

function plainPath(target: Target): string | null {
  if (target.kind === 'path') return target.text;
  return target.kind === 'directory' ? directoryPath(target) : null;
}

function whyLost(state: State, owner: Owner, target: Target, ofOtherSession: Claim | null): LostTarget {
  if (ofOtherSession) return { target: target.text, why: 'other-session', holder: ofOtherSession, loss: null };
  const losses = state.agents.find((agent) => agent.id === owner.agent)?.losses ?? [];
  const loss =
    losses.findLast((candidate) => candidate.target === target.text && sameSession(candidate, owner)) ?? null;
  const { foldCase } = owner.policy;
  const holder =
    state.claims.find((claim) => claim.agent !== owner.agent && overlaps(target, groundOf(claim), { foldCase })) ??
    null;
  const lapsed = claimsBy(state, owner.agent).some((claim) => names(target, groundOf(claim), foldCase));
  if (lapsed) return { target: target.text, why: 'expired', holder, loss };
  return { target: target.text, why: loss?.how ?? (holder ? 'held-by-other' : 'not-held'), holder, loss };
}
