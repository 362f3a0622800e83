import { unregisteredAgent } from '../agents/agents.js';
import type { EventDraft } from '../events.js';
import type { Claim, Loss, State } from '../model.js';
import type { Policy } from '../request.js';
import { addSeconds, epochMs, formatDuration, type Instant, later, secondsBetween } from '../time.js';

/** The local clock, but never earlier than the claim's own stamps: time does not run backwards for a claim. */
function timeFor(claim: Claim, now: Instant): Instant {
  return later(now, claim.renewedAt);
}

/** Whether the claim still holds for its holder. A claim's life is its time to live; a process id counts for nothing. */
export function isLive(claim: Claim, now: Instant): boolean {
  return claim.expiresAt > timeFor(claim, now);
}

/** What is asked of a list of claims again and again, found in one pass: there may be thousands. */
interface Overview {
  readonly byAgent: ReadonlyMap<string, readonly Claim[]>;
  /** Those that are offered to somebody, or were. */
  readonly offered: readonly Claim[];
  /** The newest renewal; empty: there is no claim. */
  readonly newest: Instant;
  /** The first to end. */
  readonly first: Instant | null;
}

const OVERVIEWS = new WeakMap<readonly Claim[], Overview>();

function overviewOf(claims: readonly Claim[]): Overview {
  const known = OVERVIEWS.get(claims);
  if (known !== undefined) return known;
  const byAgent = new Map<string, Claim[]>();
  const offered: Claim[] = [];
  let newest: Instant = '';
  let first: Instant | null = null;
  for (const claim of claims) {
    const own = byAgent.get(claim.agent);
    if (own === undefined) byAgent.set(claim.agent, [claim]);
    else own.push(claim);
    if (claim.offer !== null) offered.push(claim);
    if (claim.renewedAt > newest) newest = claim.renewedAt;
    if (first === null || claim.expiresAt < first) first = claim.expiresAt;
  }
  const overview = { byAgent, offered, newest, first };
  OVERVIEWS.set(claims, overview);
  return overview;
}

/** The claims of an agent, live or not, in their order. */
export function claimsBy({ claims }: Pick<State, 'claims'>, agent: string): readonly Claim[] {
  return overviewOf(claims).byAgent.get(agent) ?? [];
}

/** The claims with an offer, in their order. */
export function claimsWithOffer({ claims }: Pick<State, 'claims'>): readonly Claim[] {
  return overviewOf(claims).offered;
}

/** The newest stamp that this clock should not yet have seen; null when the clock agrees with the state. */
export function stampAhead(state: State, policy: Policy, now: Instant): Instant | null {
  const latest = addSeconds(now, policy.skewSeconds);
  const { newest } = overviewOf(state.claims);
  return newest > latest ? newest : null;
}

/** Clocks that disagree: that of whoever looks, and those of agents that have stamped what it should not have seen yet. */
export interface ClockDispute {
  /** The newest stamp that it should not have seen yet. */
  readonly stamp: Instant;
  /** Who stamped such, sorted. */
  readonly ahead: readonly string[];
  /** Other agents whose last stamp agrees with this clock, sorted. */
  readonly agree: readonly string[];
  /** Whose clock is wrong: `there` where more agree with this one than are ahead of it, `here` where several are and none agrees. */
  readonly wrong: 'here' | 'there' | 'either';
}

/** A stamp that is older says nothing of a clock. */
const AGREES_SECONDS = 3_600;

/** How this clock stands to the stamps of the agents; null when it agrees with all. @param self whose stamps are this clock's own */
export function clockDispute(state: State, policy: Policy, now: Instant, self: string | null): ClockDispute | null {
  const stamp = stampAhead(state, policy, now);
  if (stamp === null) return null;
  const latest = addSeconds(now, policy.skewSeconds);
  const ahead = [
    ...new Set(state.claims.filter(({ renewedAt }) => renewedAt > latest).map(({ agent }) => agent)),
  ].sort();
  const earliest = addSeconds(now, -AGREES_SECONDS);
  const agree = state.agents
    .filter(({ id, lastSeen }) => id !== self && !ahead.includes(id) && lastSeen >= earliest && lastSeen <= latest)
    .map(({ id }) => id)
    .sort();
  const wrong = agree.length > ahead.length ? 'there' : agree.length === 0 && ahead.length > 1 ? 'here' : 'either';
  return { stamp, ahead, agree, wrong };
}

/** What disagrees, and which clock to set, as a sentence. */
export function disputeText({ stamp, ahead, agree, wrong }: ClockDispute, now: Instant): string {
  const theirs = `the clock of ${ahead.join(', ')}`;
  const stamps = `by ${formatDuration(secondsBetween(now, stamp))}: it says ${now}, a claim was renewed at ${stamp}`;
  switch (wrong) {
    case 'there':
      return `${theirs} is ahead of this one, with which ${agree.join(', ')} agree (${stamps}): set it there`;
    case 'here':
      return `this clock is behind the fleet's (${stamps}): set it; until then nothing is taken over from here`;
    case 'either':
      return `this clock is behind the fleet's, or ${theirs} is ahead (${stamps}): set the one that is wrong; until then nothing is taken over from here`;
  }
}

/**
 * The claims that may be taken over: over by more than the tolerance, by the clock or by what this clone has watched
 * itself. None for a clock that disagrees with the state, unless more agree with it than are ahead of it.
 */
export function overdueClaims(state: State, policy: Policy, now: Instant): Claim[] {
  if (policy.watched !== null) return state.claims.filter((claim) => isWatchedOut(claim, policy));
  const dispute = clockDispute(state, policy, now, null);
  if (dispute !== null && dispute.wrong !== 'there') return [];
  const cutoff = addSeconds(now, -policy.skewSeconds);
  const { first } = overviewOf(state.claims);
  return first === null || first > cutoff ? [] : state.claims.filter((claim) => claim.expiresAt <= cutoff);
}

/**
 * Removes the claims and waiters whose time is over by more than the tolerance, and records each; all but the claims
 * `spared`, which the request in hand takes over itself.
 */
export function sweep(
  state: State,
  policy: Policy,
  now: Instant,
  spared: readonly Claim[] = [],
): { state: State; events: EventDraft[] } {
  const expired = overdueClaims(state, policy, now).filter((claim) => !spared.includes(claim));
  const over = state.waiters.filter((waiter) => waiter.expiresAt <= now);
  const lapsed = over.length === 0 || stampAhead(state, policy, now) === null ? over : [];
  if (expired.length === 0 && lapsed.length === 0) return { state, events: [] };
  const left = loseClaims(state, expired, now, { how: 'expired', by: null, reason: null });
  return {
    state: lapsed.length === 0 ? left : { ...left, waiters: left.waiters.filter((w) => w.expiresAt > now) },
    events: [
      ...expired.map((claim) => claimEvent('claim.expired', claim, now, { expiresAt: claim.expiresAt })),
      ...lapsed.map(
        (waiter): EventDraft => ({
          type: 'wait.ended',
          at: now,
          agent: waiter.agent,
          session: waiter.session,
          waiter: waiter.id,
          outcome: 'lapsed',
        }),
      ),
    ],
  };
}

/** Takes claims out of the state and leaves their holders word of it. */
export function loseClaims(
  state: State,
  lost: readonly Claim[],
  now: Instant,
  cause: Pick<Loss, 'how' | 'by' | 'reason'>,
): State {
  if (lost.length === 0) return state;
  const gone = new Set(lost.map((claim) => claim.id));
  const losers = new Set(lost.map((claim) => claim.agent));
  const known = new Set(state.agents.map((agent) => agent.id));
  const lossesOf = (agent: string): Loss[] =>
    lost
      .filter((claim) => claim.agent === agent)
      .map(({ id, target, token, session }) => ({ claim: id, target, token, at: now, session, ...cause }));
  return {
    ...state,
    claims: state.claims.filter((claim) => !gone.has(claim.id)),
    agents: [
      ...state.agents.map((agent) =>
        losers.has(agent.id) ? { ...agent, losses: keepRecent(agent.losses, lossesOf(agent.id)) } : agent,
      ),
      ...[...losers]
        .filter((id) => !known.has(id))
        .map((id) => ({ ...unregisteredAgent(id, now), losses: lossesOf(id) })),
    ],
  };
}

const LOSSES_KEPT = 100;

/** Those of one operation are never cut: nobody has told them yet. */
function keepRecent(before: readonly Loss[], added: readonly Loss[]): readonly Loss[] {
  return [...before, ...added].slice(-Math.max(LOSSES_KEPT, added.length));
}

/** The claim with its life started again; never shorter than it was. */
export function extend(claim: Claim, now: Instant, ttlSeconds: number = claim.ttlSeconds): Claim {
  const ttl = Math.max(ttlSeconds, claim.ttlSeconds);
  const start = timeFor(claim, now);
  return { ...claim, ttlSeconds: ttl, renewedAt: start, expiresAt: later(claim.expiresAt, addSeconds(start, ttl)) };
}

/** Whether less than half of its life is left. */
export function isPastHalf(claim: Claim, now: Instant): boolean {
  return secondsBetween(now, claim.expiresAt) < claim.ttlSeconds / 2;
}

export function claimEvent(
  type: EventDraft['type'],
  claim: Claim,
  now: Instant,
  facts: Readonly<Record<string, unknown>> = {},
): EventDraft {
  return {
    type,
    at: now,
    agent: claim.agent,
    session: claim.session,
    claim: claim.id,
    token: claim.token,
    target: claim.target,
    mode: claim.mode,
    ...facts,
  };
}

/** Names one life of a claim: the next renewal, or another holder, has another name. */
export function renewalKey(claim: Pick<Claim, 'id' | 'token' | 'renewedAt'>): string {
  return `${claim.id} ${claim.token} ${claim.renewedAt}`;
}

/**
 * Whether this clone has itself watched the very same claim for its whole time to live and the tolerance, by a clock that
 * nobody can set: then its holder's time is over, whatever any wall clock says.
 */
function isWatchedOut(claim: Claim, policy: Policy): boolean {
  const seconds = policy.watched?.[renewalKey(claim)] ?? 0;
  return seconds >= claim.ttlSeconds + policy.skewSeconds;
}

/** Tokens count milliseconds from here. */
const EPOCH_MS = Date.UTC(2026, 0, 1);
/** A clock that is ahead moves tokens on by no more than a year at once. */
const MOST_LEAP = 366 * 86_400_000;

/** The number that fencing tokens begin at, by the time. */
export function tokenBase(now: Instant): number {
  return Math.max(0, epochMs(now) - EPOCH_MS);
}

/**
 * The state in which the next token is `max(last + 1, time base)`: so that a clone that is behind, or a state that was taken back from a backup,
 * gives out no token again. (As long as fewer claims than milliseconds went by, no clock was set back meanwhile, and none was far ahead.)
 */
export function withTokenBase<S extends Pick<State, 'lastToken'>>(state: S, now: Instant): S {
  const base = Math.min(tokenBase(now) - 1, state.lastToken + MOST_LEAP);
  return base <= state.lastToken ? state : { ...state, lastToken: base };
}
