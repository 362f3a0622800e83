import { contains } from '../ground/index.js';
import type { Target } from '../ground/targets.js';
import type { Claim, State } from '../model.js';
import type { Instant } from '../time.js';
import { groundOf } from './conflicts.js';
import { isLive } from './leases.js';

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

const MOST_SUGGESTED = 3;

/** Whether a claim stops many others: the whole repository, or a whole top-level directory of the surface. */
export function isWide(claim: Pick<Claim, 'kind' | 'target'>, surface: readonly Target[]): boolean {
  const ground = groundOf(claim);
  if (ground.kind === 'resource' || ground.kind === 'path') return false;
  return (
    contains(ground, { kind: 'directory', text: '**' }) ||
    surface.some((part) => part.kind === 'directory' && !part.text.slice(0, -3).includes('/') && contains(ground, part))
  );
}

/** At most three files or directories that hold all of the changed paths; empty when nothing has changed. */
export function narrowerGround(changed: readonly string[]): string[] {
  if (changed.length <= MOST_SUGGESTED) return [...changed];
  const folders = [...new Set(changed.map((path) => path.split('/').slice(0, -1).join('/')))];
  return folders.length <= MOST_SUGGESTED && !folders.includes('') ? folders : [];
}
