import { groundOf } from './conflicts.js';
import { contains } from './ground/index.js';
import { isLive } from './leases.js';
import type { Claim, State } from './model.js';
import type { Target } from './targets.js';
import type { Instant } from './time.js';

export interface TokenVerdict {
  /** Whether the token is that of a live claim that covers the target. */
  readonly valid: boolean;
  /** That claim; or else the newest claim that covers the target, which may have expired; null: there is none. */
  readonly current: Claim | null;
}

/**
 * Whether a fencing token still holds. (Kleppmann, "How to do distributed locking", 2016: the resource refuses a token
 * when it has seen a larger one.)
 */
export function verifyToken(
  state: State,
  target: Target,
  token: number,
  { foldCase }: { readonly foldCase: boolean },
  now: Instant,
): TokenVerdict {
  const covers = (claim: Claim) => contains(groundOf(claim), target, { foldCase });
  const match = state.claims.find((claim) => claim.token === token && isLive(claim, now) && covers(claim));
  if (match) return { valid: true, current: match };
  const newest = state.claims
    .filter(covers)
    .reduce<Claim | null>((best, claim) => (best && best.token > claim.token ? best : claim), null);
  return { valid: false, current: newest };
}
