import { claimEvent, loseClaims } from '../claims/leases.js';
import { type Change, releaseClaims, replaceClaims } from '../claims/release.js';
import type { EventDraft } from '../events.js';
import type { Claim, State } from '../model.js';
import type { Policy } from '../request.js';
import type { Instant } from '../time.js';
import { claimsOf } from './standing.js';

/** How the work of a task stands that ends, as git knows it. */
export interface TaskWork {
  /** HEAD, or the commit that was named; null on an unborn branch. */
  readonly commit: string | null;
  readonly commitNamed: boolean;
  /** As in a release. */
  readonly changes: readonly Change[] | null;
  /** Ended although its paths have uncommitted changes. */
  readonly uncommitted: boolean;
}

/** What becomes of the claims of a task when it ends: those made for it alone go, and on the others it stands no longer. */
function partGround(state: State, task: string, agent: string): { readonly gone: Claim[]; readonly kept: Claim[] } {
  const gone: Claim[] = [];
  const kept: Claim[] = [];
  for (const claim of claimsOf(state, task)) {
    if (claim.agent !== agent) continue;
    const tasks = claim.tasks.filter((id) => id !== task);
    if (tasks.length === 0 && !claim.byHand) gone.push(claim);
    else kept.push({ ...claim, tasks });
  }
  return { gone, kept };
}

export interface Freed {
  readonly state: State;
  readonly events: readonly EventDraft[];
  /** The claims that are gone. */
  readonly released: readonly Claim[];
}

/** Gives the ground of a task back; as after any release, the next holder must have the commit. */
export function releaseGround(
  state: State,
  task: string,
  { agent, policy }: { readonly agent: string; readonly policy: Policy },
  work: TaskWork,
  now: Instant,
): Freed {
  const { gone, kept } = partGround(state, task, agent);
  return { ...releaseClaims(replaceClaims(state, kept), gone, { ...work, policy }, now), released: gone };
}

/** Takes the ground of a task from the agent that has it, which is left word of it. */
export function revokeGround(
  state: State,
  task: string,
  holder: string,
  cause: { readonly by: string; readonly reason: string | null },
  now: Instant,
): Freed {
  const { gone, kept } = partGround(state, task, holder);
  const how = { how: 'revoked' as const, ...cause };
  return {
    state: loseClaims(replaceClaims(state, kept), gone, now, how),
    events: gone.map((claim) => claimEvent('claim.lost', claim, now, { ...how, expiresAt: claim.expiresAt })),
    released: gone,
  };
}
