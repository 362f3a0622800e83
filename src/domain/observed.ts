import type { Claim } from './model.js';
import type { Policy } from './policy.js';
import type { Request } from './request.js';

/** Names one life of a claim: the next renewal, or another holder, has another name. */
export function renewalKey(claim: Pick<Claim, 'id' | 'token' | 'renewedAt'>): string {
  return `${claim.id} ${claim.token} ${claim.renewedAt}`;
}

/**
 * Whether this clone has itself watched the very same claim for its whole time to live and the tolerance, by a clock that
 * nobody can set: then its holder's time is over, whatever any wall clock says.
 */
export function isWatchedOut(claim: Claim, policy: Policy): boolean {
  const seconds = policy.watched?.[renewalKey(claim)] ?? 0;
  return seconds >= claim.ttlSeconds + policy.skewSeconds;
}

/** The request with what this clone has watched, in seconds by renewal. */
export function withWatched<R extends Request>(request: R, watched: Readonly<Record<string, number>>): R;
export function withWatched(request: Request, watched: Readonly<Record<string, number>>): Request {
  const policy = { ...request.policy, watched };
  switch (request.kind) {
    case 'wait':
    case 'steal':
    case 'once-begin':
      return { ...request, policy, claim: { ...request.claim, policy } };
    default:
      return { ...request, policy };
  }
}
