import type { Claim, State } from '../model.js';
import type { Outcome, RequestBase, Row } from '../request.js';
import type { Instant } from '../time.js';
import { loseClaims } from './leases.js';

/** Leaves word of claims that were granted offline, and not confirmed by the remote. */
export interface LoseOfflineRequest extends RequestBase {
  readonly kind: 'lose-offline';
  readonly claims: readonly Claim[];
  /** Who holds the ground; null: nobody, or not known. */
  readonly by: string | null;
  readonly why: string;
}

/**
 * Leaves the holder word of claims that the remote did not confirm. They were never on the record; one that is was
 * confirmed by a command that could not note it down any more, and ends as every claim does.
 */
export function decideLoseOffline(
  state: State,
  { claims, by, why, agent }: LoseOfflineRequest,
  now: Instant,
): Outcome<{ readonly lost: readonly Claim[] }> {
  const lost = claims.filter(({ id }) => !state.claims.some((claim) => claim.id === id));
  return {
    ok: true,
    state: loseClaims(state, lost, now, { how: 'unconfirmed', by, reason: why }),
    events: [],
    result: { lost },
    summary: `offline claim on ${lost.map(({ target }) => target).join(', ')} by ${agent} was not confirmed`,
  };
}

export const OFFLINE_ROWS = {
  'lose-offline': {
    decide: decideLoseOffline,
    fields: { claims: 'found', by: 'found', why: 'found' },
    parts: () => [],
    // Written while another request is about to be decided: it cannot wait its turn behind that.
    combinable: false,
    ground: () => null,
  },
} as const satisfies { readonly 'lose-offline': Row<LoseOfflineRequest> };
