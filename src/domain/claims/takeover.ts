import { sameSession } from '../agents/ownership.js';
import type { EventDraft } from '../events.js';
import { overlaps } from '../ground/index.js';
import { type Claim, counted, newId, type State } from '../model.js';
import type { Conflict } from '../refusal.js';
import type { Outcome, RequestBase, Row } from '../request.js';
import { tasksOn } from '../tasks/standing.js';
import type { Instant } from '../time.js';
import { ownPlace, withoutTicket } from '../waiting/queue.js';
import {
  askedOfClaim,
  type ClaimRequest,
  type ClaimResult,
  type ClaimTerms,
  claimFor,
  decideClaim,
  groundAsked,
} from './claim.js';
import { groundOf } from './conflicts.js';
import { claimEvent, loseClaims, overdueClaims } from './leases.js';

/** Takes ground over from its holders, before their time is over. */
export interface TakeOverRequest extends RequestBase {
  readonly kind: 'take-over';
  /** Its reason is what the former holders are told. */
  readonly claim: ClaimTerms;
}

interface TakeOverResult extends ClaimResult {
  /** The claims of the former holders, as they were. */
  readonly takenOver: readonly Claim[];
}

/**
 * Takes over whatever is in the way of a claim, all of it or none: every holder loses its claim at once, and no waiter is
 * served before. Free ground is claimed as by a claim. A former holder's work is in no release, so nothing can check
 * that HEAD contains it.
 */
function decideTakeOver(state: State, request: TakeOverRequest, now: Instant): Outcome<TakeOverResult> {
  const claim = claimFor(request);
  const overdue = new Set(overdueClaims(state, request.policy, now));
  const takenOver = claimsInTheWay(state, claim);
  const cause = { how: 'taken-over', by: claim.agent, reason: claim.reason } as const;
  const freed = loseClaims(state, takenOver, now, cause);
  const decision = claimAheadOfQueue(freed, claim, now);
  if (!decision.ok) return decision;
  const { claims } = decision.result;
  const lost = takenOver.map((one): EventDraft => {
    const facts = { ...cause, expiresAt: one.expiresAt, forced: !overdue.has(one) };
    return claimEvent('claim.lost', one, now, facts);
  });
  const from = [...new Set(takenOver.map(({ agent }) => agent))];
  return {
    ...decision,
    events: [...lost, ...decision.events],
    result: { claims, takenOver },
    summary: from.length === 0 ? decision.summary : `${decision.summary}, taken over from ${from.join(', ')}`,
  };
}

/**
 * All claims that the asked ones cannot coexist with: of other agents, and of other sessions of the same agent; with the
 * rest of the tasks that they belong to.
 */
function claimsInTheWay(state: State, request: ClaimRequest): Claim[] {
  const { agent, mode, policy, targets } = request;
  const excludes = (claim: Claim) =>
    claim.agent === agent ? !sameSession(claim, request) : mode === 'exclusive' || claim.mode === 'exclusive';
  const isAsked = (claim: Claim) =>
    targets.some(({ target }) => overlaps(target, groundOf(claim), { foldCase: policy.foldCase }));
  return withTasks(
    state,
    state.claims.filter((claim) => excludes(claim) && isAsked(claim)),
  );
}

/** These claims with all else that the tasks live by whose ground they are: a task is lost whole. */
function withTasks(state: State, claims: readonly Claim[]): Claim[] {
  const tasks = new Set(claims.flatMap((claim) => tasksOn(state, claim)));
  const along = (claim: Claim) => !claim.byHand && claim.tasks.length > 0 && claim.tasks.every((id) => tasks.has(id));
  return state.claims.filter((claim) => claims.includes(claim) || along(claim));
}

/** Who waits keeps its place, and waits on. */
function claimAheadOfQueue(state: State, claim: ClaimRequest, now: Instant): Outcome<ClaimResult> {
  const own = ownPlace(state, claim);
  const decision = decideClaim({ ...state, waiters: own ? [own] : [] }, claim, now);
  if (!decision.ok) return decision;
  const { waiters } = own ? withoutTicket(state, own) : state;
  return { ...decision, state: { ...decision.state, waiters } };
}

export const TAKE_OVER_ROWS = {
  'take-over': {
    decide: decideTakeOver,
    fields: { claim: askedOfClaim },
    parts: () => [],
    combinable: true,
    ground: (_state, { claim }) => groundAsked(claim),
    takesOver: (state, request) => claimsInTheWay(state, claimFor(request)),
  },
} as const satisfies { readonly 'take-over': Row<TakeOverRequest> };

/** The refusal for what a program runs under, the same agent's included. */
export function heldBy(claim: Claim) {
  const { target, agent, session, id, acquiredAt, expiresAt, reason, mode } = claim;
  const conflict: Conflict = {
    target,
    heldTarget: target,
    overlap: target,
    agent,
    session,
    claimId: id,
    since: acquiredAt,
    expiresAt,
    reason,
    mode,
    waiting: false,
  };
  const facts = { conflicts: [conflict], free: [], queue: [], asked: [groundOf(claim)], mode };
  return { code: 'held' as const, reason: 'held' as const, ...facts };
}

/** Leaves word of claims that were granted offline, and not confirmed by the remote. */
interface LoseOfflineRequest extends RequestBase {
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
function decideLoseOffline(
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
    repeatable: true,
    fields: { claims: 'found', askedAs: 'found', by: 'found', why: 'found' },
    parts: () => ['requests'],
    // Written while another request is about to be decided: it cannot wait its turn behind that.
    combinable: false,
    ground: () => null,
  },
} as const satisfies { readonly 'lose-offline': Row<LoseOfflineRequest> };
