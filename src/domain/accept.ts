import { closedToRole } from './claim.js';
import { conflictsOf, groundOf, releasesOn, sameTarget } from './conflicts.js';
import type { EventDraft } from './events.js';
import { claimEvent, isLive, loseClaims } from './leases.js';
import type { Claim, State } from './model.js';
import { declineOffer, type OfferedClaim, offersTo } from './offers.js';
import type { MissingWork, Refusal } from './refusal.js';
import { recordReleases, releaseOf } from './release.js';
import { replaceClaims } from './renew.js';
import type { Decision } from './request.js';
import type { AcceptRequest, DeclineRequest } from './takeover-requests.js';
import { addSeconds, type Instant, later } from './time.js';

/**
 * Makes the offered claims those of this agent, all of them or none: same target, mode and time to live, a new life, and
 * larger tokens. HEAD must contain the work of the one who offers, as after a release; the release is recorded.
 */
export function decideAccept(state: State, request: AcceptRequest, now: Instant): Decision<'accept'> {
  const offered = offersTo(state, request, now);
  if ('refusal' in offered) return { ok: false, refusal: offered.refusal };
  const targets = offered.claims.map((claim) => ({ target: groundOf(claim) }));
  const { agent, policy } = request;
  const refusal =
    closedToRole(state, { agent, policy, targets }) ??
    heldBack(state, offered.claims, request, now) ??
    behind(state, offered.claims, request);
  return refusal ? { ok: false, refusal } : take(state, offered.claims, request, now);
}

/** The commits that HEAD must contain for these offers to be accepted. */
export function commitsOfOffers(state: State, request: AcceptRequest, now: Instant): string[] {
  const offered = offersTo(state, request, now);
  if ('refusal' in offered) return [];
  return missingWork(state, offered.claims, request).map(({ commit }) => commit);
}

function missingWork(state: State, offered: readonly OfferedClaim[], request: AcceptRequest): MissingWork[] {
  if (request.allowBehind) return [];
  const missing = new Map<string, MissingWork>();
  for (const claim of offered) {
    const { target, agent, offer } = claim;
    const own =
      claim.kind === 'resource' || offer.commit === null ? [] : [{ target, commit: offer.commit, agent, at: offer.at }];
    for (const { target: released, commit, agent: by, at } of [
      ...releasesOn(state, groundOf(claim), request.policy),
      ...own,
    ]) {
      if (commit !== request.head && request.contains[commit] !== true) {
        missing.set(commit, { target, released, commit, agent: by, at });
      }
    }
  }
  return [...missing.values()];
}

/** Another claim of the one who offers, inside the offered ground or around it, would make two holders. */
function heldBack(
  state: State,
  offered: readonly OfferedClaim[],
  request: AcceptRequest,
  now: Instant,
): Refusal | null {
  const { agent, policy } = request;
  const rest = { ...state, claims: state.claims.filter((claim) => !offered.some(({ id }) => id === claim.id)) };
  const conflicts = offered.flatMap((claim) =>
    conflictsOf(rest, { agent, target: groundOf(claim), mode: claim.mode, ahead: [] }, policy, now),
  );
  if (conflicts.length === 0) return null;
  const free = offered.map(({ target }) => target).filter((text) => !conflicts.some(({ target }) => target === text));
  const asked = offered.map(groundOf);
  return { code: 'held', reason: 'held', conflicts, free, queue: [], asked, mode: offered[0]?.mode ?? 'exclusive' };
}

function behind(state: State, offered: readonly OfferedClaim[], request: AcceptRequest): Refusal | null {
  const missing = missingWork(state, offered, request);
  if (missing.length === 0) return null;
  const lacking = new Set(missing.map(({ target }) => target));
  const free = offered.map(({ target }) => target).filter((text) => !lacking.has(text));
  const mode = offered[0]?.mode ?? 'exclusive';
  return { code: 'behind', reason: 'behind', missing, free, asked: offered.map(groundOf), mode };
}

function take(
  state: State,
  offered: readonly OfferedClaim[],
  request: AcceptRequest,
  now: Instant,
): Decision<'accept'> {
  const { agent, policy } = request;
  const claims = offered.map((claim, index) => newLife(claim, state.lastToken + 1 + index, request, now));
  const handed = loseClaims(state, offered, now, { how: 'handed-over', by: agent, reason: null });
  const own = (claim: Claim) =>
    claim.agent === agent &&
    isLive(claim, now) &&
    claims.some((one) => sameTarget(groundOf(one), groundOf(claim), policy.foldCase));
  const merged = handed.claims.filter(own);
  const releases = offered.flatMap((claim) => releaseOf(claim, claim.offer.commit, now));
  const texts = claims.map(({ target }) => target).join(', ');
  const next: State = {
    ...handed,
    lastToken: state.lastToken + claims.length,
    claims: [...handed.claims.filter((claim) => !merged.includes(claim)), ...claims],
    releases: recordReleases(handed.releases, releases, policy.foldCase),
  };
  return {
    ok: true,
    state: claims.length === 0 ? state : next,
    events: [
      ...merged.map((claim) => claimEvent('claim.released', claim, now, { commit: null })),
      ...claims.map((claim, index) => handedOff(claim, offered[index], now)),
    ],
    result: { claims, handedOver: offered },
    summary: `${agent} accepts ${texts} from ${[...new Set(offered.map((claim) => claim.agent))].join(', ')}`,
  };
}

function newLife(claim: OfferedClaim, token: number, request: AcceptRequest, now: Instant): Claim {
  const { agent, session, operation, head, reach, rules, allowBehind } = request;
  const start = later(now, claim.renewedAt);
  return {
    ...claim,
    ...{ id: `${operation}-${token}`, agent, session, token, reach, rules },
    acquiredAt: start,
    renewedAt: start,
    expiresAt: addSeconds(start, claim.ttlSeconds),
    base: head,
    expectSeconds: null,
    allowedBehind: allowBehind,
    offer: null,
  };
}

function handedOff(claim: Claim, before: OfferedClaim | undefined, now: Instant): EventDraft {
  return claimEvent('claim.handed-off', claim, now, {
    from: before?.agent,
    fromClaim: before?.id,
    fromToken: before?.token,
    commit: before?.offer.commit,
    expiresAt: claim.expiresAt,
    ttlSeconds: claim.ttlSeconds,
    base: claim.base,
    kind: claim.kind,
    rules: claim.rules,
    ...(claim.allowedBehind ? { allowedBehind: true } : {}),
  });
}

/** Turns offers down: the holders keep their claims, and are told. */
export function decideDecline(state: State, request: DeclineRequest, now: Instant): Decision<'decline'> {
  const { agent, reason } = request;
  const offered = offersTo(state, request, now);
  if ('refusal' in offered) return { ok: false, refusal: offered.refusal };
  const claims = offered.claims.map((claim) => declineOffer(claim, reason, now));
  return {
    ok: true,
    state: claims.length === 0 ? state : replaceClaims(state, claims),
    events: claims.map((claim) => claimEvent('claim.declined', claim, now, { by: agent, reason })),
    result: { claims },
    summary: `${agent} declines ${claims.map(({ target }) => target).join(', ')}`,
  };
}
