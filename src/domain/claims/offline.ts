import type { LoseOfflineRequest } from '../claim-requests.js';
import type { Claim, State } from '../model.js';
import type { Decision, Request } from '../request.js';
import type { Instant } from '../time.js';
import { loseClaims } from './leases.js';

/** The requests that can be granted without the remote, on this host's word alone. */
export const OFFLINE_KINDS = ['claim', 'renew', 'release', 'note'] as const;

export type OfflineRequest = Extract<Request, { kind: (typeof OFFLINE_KINDS)[number] }>;

/** A request that this host has granted while its remote was not asked. */
export interface PendingRequest {
  readonly at: Instant;
  readonly request: OfflineRequest;
  /** The claims of reach `host` that it made. */
  readonly claims: readonly Claim[];
}

/**
 * Leaves the holder word of claims that the remote did not confirm. They were never on the record; one that is was
 * confirmed by a command that could not note it down any more, and ends as every claim does.
 */
export function decideLoseOffline(
  state: State,
  { claims, by, why, agent }: LoseOfflineRequest,
  now: Instant,
): Decision<'lose-offline'> {
  const lost = claims.filter(({ id }) => !state.claims.some((claim) => claim.id === id));
  return {
    ok: true,
    state: loseClaims(state, lost, now, { how: 'unconfirmed', by, reason: why }),
    events: [],
    result: { lost },
    summary: `offline claim on ${lost.map(({ target }) => target).join(', ')} by ${agent} was not confirmed`,
  };
}
