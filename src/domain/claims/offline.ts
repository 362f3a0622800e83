import { counted, newId } from '../ids.js';
import type { Claim, State } from '../model.js';
import type { Outcome, RequestBase, Row } from '../request.js';
import type { Instant } from '../time.js';
import { loseClaims } from './leases.js';

/** Leaves word of claims that were granted offline, and not confirmed by the remote. */
export interface LoseOfflineRequest extends RequestBase {
  readonly kind: 'lose-offline';
  readonly claims: readonly Claim[];
  /** The request id under which the remote was, or would have been, asked for them. */
  readonly askedAs: string;
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
  { claims, askedAs, by, why, agent }: LoseOfflineRequest,
  now: Instant,
): Outcome<{ readonly lost: readonly Claim[] }> {
  const cause = { how: 'unconfirmed', by, reason: why } as const;
  const confirmed = state.requests.some(({ id }) => id === askedAs);
  const lost = confirmed
    ? []
    : claims.map((claim, index) => ({ ...claim, id: newId(state, 'c', state.lastClaim, index + 1) }));
  return {
    ok: true,
    state:
      lost.length === 0
        ? state
        : loseClaims({ ...state, ...counted(state, 'lastClaim', lost.length) }, lost, now, cause),
    events: [],
    result: { lost },
    summary: `offline claim on ${lost.map(({ target }) => target).join(', ')} by ${agent} was not confirmed`,
  };
}

export const OFFLINE_ROWS = {
  'lose-offline': {
    decide: decideLoseOffline,
    fields: { claims: 'found', askedAs: 'found', by: 'found', why: 'found' },
    parts: () => ['requests'],
    // Written while another request is about to be decided: it cannot wait its turn behind that.
    combinable: false,
    ground: () => null,
  },
} as const satisfies { readonly 'lose-offline': Row<LoseOfflineRequest> };
