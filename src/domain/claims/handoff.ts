import { findAgent } from '../agents/agents.js';
import { names, ownClaims } from '../agents/ownership.js';
import type { EventDraft } from '../events.js';
import { overlaps } from '../ground/index.js';
import type { Target } from '../ground/targets.js';
import { decideNote } from '../log/notes.js';
import type { Claim, Note, Offer, Reach, State } from '../model.js';
import { counted, newId } from '../model.js';
import type { MissingWork, Refusal } from '../refusal.js';
import type { Outcome, Policy, RequestBase, Row } from '../request.js';
import { tasksOn } from '../tasks/standing.js';
import { addSeconds, type Instant, later } from '../time.js';
import { type ClaimResult, notForRole } from './claim.js';
import { conflictsOf, groundOf, releasesOn, sameTarget } from './conflicts.js';
import { claimEvent, isLive, loseClaims } from './leases.js';
import { askedCommit, bindingCommit, recordReleases, releaseOf, replaceClaims } from './release.js';
import { hasWork, type NeededWork, neededWork } from './work.js';

/** Offers claims to another agent, or withdraws the offer. */
export interface HandoffRequest extends RequestBase {
  readonly kind: 'handoff';
  readonly targets: readonly Target[];
  /** null: withdraws. */
  readonly to: string | null;
  /** The commit that holds the work so far, as in a release. */
  readonly commit: string | null;
  readonly commitNamed: boolean;
  /** Goes into the log, addressed to the other agent. */
  readonly note: string | null;
}

export interface HandoffResult {
  readonly claims: readonly Claim[];
  readonly note: Note | null;
  /** Claims that overlap the offered ones, and must go or be released before those can be accepted. */
  readonly heldBack: readonly Claim[];
}

/**
 * Offers claims to another agent, with the commit that it must have; until it accepts, the holder stays. The same offer
 * again changes nothing; without an agent, open offers are withdrawn.
 */
function decideHandoff(state: State, request: HandoffRequest, now: Instant): Outcome<HandoffResult> {
  const { to, agent } = request;
  const refusal = to === null ? null : unfitToHold(state, agent, to);
  if (refusal) return { ok: false, refusal };
  const owned = ownClaims(state, request, request.targets, now);
  if ('refusal' in owned) return { ok: false, refusal: owned.refusal };
  const own = withTheirTasks(state, owned.claims);
  const claims = own.map((claim) => offer(claim, request, now));
  const changed = claims.filter((claim, index) => claim !== own[index]);
  const logged = addNote(state, request, claims, now);
  const texts = claims.map(({ target }) => target).join(', ');
  return {
    ok: true,
    state: changed.length === 0 ? logged.state : replaceClaims(logged.state, changed),
    events: [
      ...changed.map((claim) => claimEvent('claim.offered', claim, now, { to, commit: claim.offer?.commit ?? null })),
      ...logged.events,
    ],
    result: { claims, note: logged.note, heldBack: heldBack(state, claims, request, now) },
    summary: to === null ? `${agent} withdraws the offer of ${texts}` : `${agent} offers ${texts} to ${to}`,
  };
}

/** A task is handed over whole: its ground, and what stands for it, go together. */
function withTheirTasks(state: State, claims: readonly Claim[]): readonly Claim[] {
  const tasks = new Set(claims.flatMap((claim) => tasksOn(state, claim)));
  if (tasks.size === 0) return claims;
  const holders = new Set(claims.map(({ agent }) => agent));
  const along = state.claims.filter((claim) => holders.has(claim.agent) && claim.tasks.some((id) => tasks.has(id)));
  return [...new Set([...claims, ...along])];
}

/** Why nothing can be handed to this agent; null when it can. */
export function unfitToHold(state: State, agent: string, to: string): Refusal | null {
  const known = state.agents.filter(({ id, killed }) => id !== agent && killed === null).map(({ id }) => id);
  const other = findAgent(state, to);
  if (to === agent) return { code: 'usage', reason: 'oneself', agent: to, known };
  if (!other) return { code: 'usage', reason: 'unknown-agent', agent: to, known };
  return other.killed ? { code: 'usage', reason: 'killed-agent', agent: to, known } : null;
}

/** Claims of this agent that overlap the offered ones, and stop them from being accepted unless they go as well. */
function heldBack(state: State, offered: readonly Claim[], request: HandoffRequest, now: Instant): Claim[] {
  const { agent, to, policy } = request;
  if (to === null) return [];
  const kept = state.claims.filter(
    (claim) =>
      claim.agent === agent &&
      isLive(claim, now) &&
      !isOffered(claim, to, now) &&
      !offered.some(({ id }) => id === claim.id),
  );
  return kept.filter((claim) =>
    offered.some(
      (one) =>
        (one.mode === 'exclusive' || claim.mode === 'exclusive') &&
        overlaps(groundOf(one), groundOf(claim), { foldCase: policy.foldCase }),
    ),
  );
}

function offer(claim: Claim, request: HandoffRequest, now: Instant): Claim {
  const { to } = request;
  if (to === null) return claim.offer === null ? claim : { ...claim, offer: null };
  const commit = bindingCommit(claim, request);
  const before = claim.offer;
  if (before?.to === to && before.commit === commit && before.declined === null) return claim;
  return { ...claim, offer: { to, at: now, commit, declined: null } };
}

/** What the holder says goes where all talk goes: into the log, which grants nothing. */
function addNote(state: State, request: HandoffRequest, claims: readonly Claim[], now: Instant) {
  const { to, note: text, operation, agent, session, policy } = request;
  if (text === null || to === null) return { state, events: [], note: null };
  const target = claims.length === 1 ? (claims[0]?.target ?? null) : null;
  const base = { operation, agent, session, policy };
  const noted = decideNote(
    state,
    {
      ...base,
      kind: 'note',
      noteKind: 'handoff',
      text,
      to: [to],
      target,
      needsAck: [],
      answerSeconds: null,
      ref: null,
      refused: false,
    },
    now,
  );
  const note: Note | null = noted.ok ? noted.result.note : null;
  return noted.ok ? { state: noted.state, events: noted.events, note } : { state, events: [], note };
}

export const HANDOFF_ROWS = {
  handoff: {
    decide: decideHandoff,
    fields: { targets: 'asked', to: 'asked', commit: askedCommit, commitNamed: 'asked', note: 'asked' },
    parts: ({ note }) => (note === null ? [] : ['log']),
    combinable: true,
    ground: () => null,
  },
} as const satisfies { readonly handoff: Row<HandoffRequest> };

export interface AcceptRequest extends RequestBase {
  readonly kind: 'accept';
  /** null: all that is offered to this agent. */
  readonly targets: readonly Target[] | null;
  readonly head: string | null;
  /** As in a claim. */
  readonly contains: Readonly<Record<string, boolean>>;
  readonly allowBehind: boolean;
  readonly reach: Reach;
  readonly rules: string | null;
}

export interface DeclineRequest extends RequestBase {
  readonly kind: 'decline';
  /** null: all that is offered to this agent. */
  readonly targets: readonly Target[] | null;
  readonly reason: string | null;
}

export interface AcceptResult extends ClaimResult {
  /** The claims of the former holders, as they were. */
  readonly handedOver: readonly Claim[];
}

/**
 * Makes the offered claims those of this agent, all of them or none: same target, mode and time to live, a new life, and
 * larger tokens. HEAD must contain the work of the one who offers, as after a release; the release is recorded.
 */
function decideAccept(state: State, request: AcceptRequest, now: Instant): Outcome<AcceptResult> {
  const offered = offersTo(state, request, now);
  if ('refusal' in offered) return { ok: false, refusal: offered.refusal };
  const refusal =
    notForRole(state, request.agent, offered.claims.map(groundOf)) ??
    offersHeldBack(state, offered.claims, request, now) ??
    behind(state, offered.claims, request);
  return refusal ? { ok: false, refusal } : take(state, offered.claims, request, now);
}

/** The work that HEAD must have for these offers to be accepted. */
export function workOfOffers(state: State, request: AcceptRequest, now: Instant): NeededWork[] {
  const offered = offersTo(state, request, now);
  return 'refusal' in offered ? [] : lackingWork(state, offered.claims, request).map(([work]) => work);
}

/** What HEAD is not known to have of what was released on the offered ground, and of what comes with it. */
function lackingWork(
  state: State,
  offered: readonly OfferedClaim[],
  request: AcceptRequest,
): (readonly [NeededWork, MissingWork])[] {
  if (request.allowBehind) return [];
  return offered.flatMap((claim) => {
    const { target, offer } = claim;
    const own = claim.kind === 'resource' ? [] : releaseOf(claim, offer.commit, offer.at);
    return [...releasesOn(state, groundOf(claim), request.policy), ...own].flatMap((release) => {
      const { target: released, commit, agent, at } = release;
      return neededWork([release], groundOf(claim))
        .filter((work) => !hasWork(request, work))
        .map((work) => [work, { target, released, commit, agent, at }] as const);
    });
  });
}

/** Another claim of the one who offers, inside the offered ground or around it, would make two holders. */
function offersHeldBack(
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
  const lacking = lackingWork(state, offered, request);
  if (lacking.length === 0) return null;
  const missing = [...new Map(lacking.map(([, work]) => [work.commit, work])).values()];
  const stopped = new Set(lacking.map(([, { target }]) => target));
  const free = offered.map(({ target }) => target).filter((text) => !stopped.has(text));
  const mode = offered[0]?.mode ?? 'exclusive';
  return { code: 'behind', reason: 'behind', missing, free, asked: offered.map(groundOf), mode };
}

function take(
  state: State,
  offered: readonly OfferedClaim[],
  request: AcceptRequest,
  now: Instant,
): Outcome<AcceptResult> {
  const { agent, policy } = request;
  const claims = offered.map((claim, index) =>
    newLife(claim, newId(state, 'c', state.lastClaim, index + 1), state.lastToken + 1 + index, request, now),
  );
  const handed = loseClaims(state, offered, now, { how: 'handed-over', by: agent, reason: null });
  const own = (claim: Claim) =>
    claim.agent === agent &&
    isLive(claim, now) &&
    claims.some((one) => sameTarget(groundOf(one), groundOf(claim), policy.foldCase));
  const merged = handed.claims.filter(own);
  const releases = offered.flatMap((claim) => releaseOf(claim, claim.offer.commit, now));
  const texts = claims.map(({ target }) => target).join(', ');
  const from = [...new Set(offered.map((claim) => claim.agent))].join(', ');
  const next: State = {
    ...handed,
    ...counted(state, 'lastClaim', claims.length),
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
    summary: claims.length === 0 ? `${agent} accepts nothing` : `${agent} accepts ${texts} from ${from}`,
  };
}

function newLife(claim: OfferedClaim, id: string, token: number, request: AcceptRequest, now: Instant): Claim {
  const { agent, session, head, reach, rules, allowBehind } = request;
  const start = later(now, claim.renewedAt);
  return {
    ...claim,
    ...{ id, agent, session, token, reach, rules },
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
function decideDecline(state: State, request: DeclineRequest, now: Instant): Outcome<ClaimResult> {
  const { agent, reason } = request;
  const offered = offersTo(state, request, now);
  if ('refusal' in offered) return { ok: false, refusal: offered.refusal };
  const claims = offered.claims.map((claim) => declineOffer(claim, reason, now));
  return {
    ok: true,
    state: claims.length === 0 ? state : replaceClaims(state, claims),
    events: claims.map((claim) => claimEvent('claim.declined', claim, now, { by: agent, reason })),
    result: { claims },
    // What is written with it, such as a renewal, may be all that there is.
    summary: `${agent} declines ${claims.map(({ target }) => target).join(', ') || 'nothing'}`,
  };
}

function groundOffered(state: State, request: AcceptRequest, now: Instant): Target[] {
  const offered = offersTo(state, request, now);
  if ('refusal' in offered) return [];
  // The ground of a task is given out with it, whatever the role.
  return offered.claims.filter(({ tasks }) => tasks.length === 0).map(groundOf);
}

export const ACCEPT_ROWS = {
  accept: {
    decide: decideAccept,
    fields: {
      targets: 'asked',
      allowBehind: 'asked',
      head: 'found',
      contains: 'found',
      reach: 'found',
      rules: 'found',
    },
    parts: () => [],
    combinable: true,
    ground: groundOffered,
    work: workOfOffers,
  },
  decline: {
    decide: decideDecline,
    fields: { targets: 'asked', reason: 'asked' },
    parts: () => [],
    combinable: true,
    ground: () => null,
  },
} as const satisfies { readonly accept: Row<AcceptRequest>; readonly decline: Row<DeclineRequest> };

/** A claim whose offer waits for its answer. */
export type OfferedClaim = Claim & { readonly offer: Offer };

/** Whether the claim is live, and offered to this agent (null: to anybody). */
export function isOffered(claim: Claim, to: string | null, now: Instant): claim is OfferedClaim {
  const { offer } = claim;
  return offer !== null && offer.declined === null && (to === null || offer.to === to) && isLive(claim, now);
}

/** The claims on these targets (null: all) that are offered to this agent, or the refusal that says which are not. */
function offersTo(
  state: State,
  request: { readonly agent: string; readonly policy: Policy; readonly targets: readonly Target[] | null },
  now: Instant,
): { readonly claims: readonly OfferedClaim[] } | { readonly refusal: Refusal } {
  const { agent, targets, policy } = request;
  const offered = state.claims.filter((claim) => isOffered(claim, agent, now));
  if (targets === null) return { claims: offered };
  const named = (target: Target) => (claim: Claim) => names(target, groundOf(claim), policy.foldCase);
  const missing = targets.filter((target) => !offered.some(named(target)));
  if (missing.length === 0) {
    const asked = offered.filter((claim) => targets.some((target) => named(target)(claim)));
    return { claims: withTheirTasks(state, asked).filter((claim) => isOffered(claim, agent, now)) };
  }
  const held = state.claims.filter((claim) => isLive(claim, now) && missing.some((target) => named(target)(claim)));
  if (held.length === 0) {
    return { refusal: { code: 'lost', reason: 'no-offer', targets: missing.map(({ text }) => text) } };
  }
  const facts = { conflicts: [], free: [], queue: [], asked: targets, mode: 'exclusive' as const };
  return { refusal: { code: 'held', reason: 'not-offered', ...facts, claims: held } };
}

/** The claim with its offer turned down. */
export function declineOffer(claim: OfferedClaim, reason: string | null, now: Instant): OfferedClaim {
  return { ...claim, offer: { ...claim.offer, declined: { at: now, reason } } };
}
