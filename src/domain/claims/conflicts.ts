import { commonGround, contains, overlaps } from '../ground/index.js';
import type { Target } from '../ground/targets.js';
import type { Claim, Mode, Release, State, Waiter } from '../model.js';
import type { Conflict } from '../refusal.js';
import type { Policy } from '../request.js';
import type { Instant } from '../time.js';
import { claimsBy, isLive } from './leases.js';

/** The ground of a claim. */
export function groundOf(claim: Pick<Claim, 'kind' | 'target'>): Target {
  return { kind: claim.kind, text: claim.target };
}

/** Same ground by name; the engine's overlap is wider. */
export function sameTarget(a: Target, b: Target, foldCase: boolean): boolean {
  if (a.kind !== b.kind) return false;
  return a.text === b.text || (foldCase && a.text.toLowerCase() === b.text.toLowerCase());
}

interface Asking {
  readonly agent: string;
  readonly target: Target;
  readonly mode: Mode;
  /** Tickets that stand behind this request in the queue, itself included, do not stop it. */
  readonly ahead: readonly Waiter[];
}

/**
 * Everything that stops this agent from holding the target: claims of others, also those that expired but may not yet
 * be taken over, and waiters that came before (first come, first served), unless the agent holds that ground already.
 */
export function conflictsOf(state: State, asking: Asking, policy: Policy, now: Instant): Conflict[] {
  const { target, mode, agent } = asking;
  const options = { foldCase: policy.foldCase };
  const found: Conflict[] = [];
  for (const claim of state.claims) {
    if (claim.agent === agent || (mode === 'shared' && claim.mode === 'shared')) continue;
    const common = commonGround(target, groundOf(claim), options);
    if (common) {
      found.push({
        target: target.text,
        heldTarget: claim.target,
        overlap: common.text,
        agent: claim.agent,
        session: claim.session,
        claimId: claim.id,
        since: claim.acquiredAt,
        expiresAt: claim.expiresAt,
        reason: claim.reason,
        mode: claim.mode,
        waiting: false,
      });
    }
  }
  if (asking.ahead.length === 0) return found;
  const covered = claimsBy(state, agent).some(
    (claim) =>
      isLive(claim, now) &&
      (claim.mode === 'exclusive' || mode === 'shared') &&
      contains(groundOf(claim), target, options),
  );
  return covered ? found : [...found, ...waitersInTheWay(asking, options)];
}

/** The place of a waiter among those that it has to wait for: 1 is the first; who wants other ground does not count. */
export function placeInQueue(waiters: readonly Waiter[], waiter: Waiter, now: Instant, foldCase: boolean): number {
  const before = waiters.slice(0, waiters.indexOf(waiter)).filter(({ expiresAt }) => expiresAt > now);
  const { mode, agent, targets } = waiter;
  const inTheWay = targets.flatMap((target) =>
    waitersInTheWay({ target, mode, agent, ahead: before }, { foldCase }).map(({ claimId }) => claimId),
  );
  return new Set(inTheWay).size + 1;
}

function waitersInTheWay({ target, mode, agent, ahead }: Asking, options: { foldCase: boolean }): Conflict[] {
  return ahead
    .filter((waiter) => !waiter.passive && waiter.agent !== agent && !(mode === 'shared' && waiter.mode === 'shared'))
    .flatMap((waiter) =>
      waiter.targets.flatMap((wanted): Conflict[] => {
        const common = commonGround(target, wanted, options);
        if (!common) return [];
        return [
          {
            target: target.text,
            heldTarget: wanted.text,
            overlap: common.text,
            agent: waiter.agent,
            session: waiter.session,
            claimId: waiter.id,
            since: waiter.since,
            expiresAt: waiter.expiresAt,
            reason: waiter.reason,
            mode: waiter.mode,
            waiting: true,
          },
        ];
      }),
    );
}

/**
 * The releases whose work a new holder of the target must have, each with the changes on that ground alone. Resources hold
 * no files, so no work is lost on them.
 */
export function releasesOn(state: State, target: Target, policy: Policy): Release[] {
  if (target.kind === 'resource') return [];
  const options = { foldCase: policy.foldCase };
  return state.releases.flatMap((release) => {
    if (release.changes === null) return overlaps(target, groundOf(release), options) ? [release] : [];
    const changes = release.changes.filter(({ path }) => overlaps(target, { kind: 'path', text: path }, options));
    return changes.length === 0 ? [] : [{ ...release, changes }];
  });
}

interface TokenVerdict {
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
