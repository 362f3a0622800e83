import { findAgent } from './agents.js';
import { groundOf } from './conflicts.js';
import { matches } from './ground/index.js';
import { isLive } from './leases.js';
import type { Claim, State } from './model.js';
import { sameSession } from './ownership.js';
import { patternTarget } from './patterns.js';
import type { Policy } from './policy.js';
import type { UnclaimedPath } from './refusal.js';
import type { Instant } from './time.js';

/** Who has changed, or is about to change, a path. */
export interface Changer {
  readonly agent: string;
  /** null when no session is known. */
  readonly session: string | null;
  readonly policy: Pick<Policy, 'surface' | 'foldCase'>;
}

/** How a change of one path stands to the claims. */
export interface Coverage {
  /** This agent's live exclusive claims that allow the change. */
  readonly claims: readonly Claim[];
  /** Why the change is not allowed; absent when it is. */
  readonly unclaimed?: UnclaimedPath;
}

/**
 * Whether an agent may change a path now: it holds a live exclusive claim over it, or the path is off the surface and
 * nobody else holds it.
 * @param path relative to the root of the repository
 */
export function coverageOf(state: State, changer: Changer, path: string, now: Instant): Coverage {
  const { agent, policy } = changer;
  const options = { foldCase: policy.foldCase };
  const over = state.claims.filter((claim) => claim.kind !== 'resource' && matches(groundOf(claim), path, options));
  const live = over.filter((claim) => isLive(claim, now));
  const own = over.filter((claim) => claim.agent === agent);
  const claims = own.filter(
    (claim) => live.includes(claim) && claim.mode === 'exclusive' && sameSession(claim, changer),
  );
  if (claims.length > 0) return { claims };
  const holder = live.find((claim) => claim.agent !== agent && claim.mode === 'exclusive') ?? null;
  if (holder === null && !onSurface(policy, path)) return { claims };
  const liveOwn = own.find((claim) => live.includes(claim));
  const loss = lossOf(state, changer, path);
  const why = liveOwn
    ? sameSession(liveOwn, changer)
      ? 'shared'
      : 'other-session'
    : own.length > 0
      ? 'expired'
      : (loss?.how ?? (holder ? 'held-by-other' : 'not-held'));
  return { claims, unclaimed: { path, why, holder: holder ?? liveOwn ?? null, loss } };
}

/** Whether a change of this path needs a claim. */
export function onSurface(policy: Changer['policy'], path: string): boolean {
  return policy.surface.some((part) => matches(part, path, { foldCase: policy.foldCase }));
}

function lossOf(state: State, changer: Changer, path: string): UnclaimedPath['loss'] {
  const options = { foldCase: changer.policy.foldCase };
  const losses = findAgent(state, changer.agent)?.losses ?? [];
  return (
    losses.findLast((loss) => sameSession(loss, changer) && matches(patternTarget(loss.target), path, options)) ?? null
  );
}
