import { sameSession } from '../domain/agents/ownership.js';
import { groundOf } from '../domain/claims/conflicts.js';
import { isOffered, type OfferedClaim } from '../domain/claims/handoff.js';
import {
  type ClockDispute,
  claimsBy,
  claimsWithOffer,
  clockDispute,
  disputeText,
  isLive,
} from '../domain/claims/leases.js';
import { newsFor } from '../domain/log/notes.js';
import type { Agent, Claim, Kill, Loss, Note, State } from '../domain/model.js';
import type { Policy } from '../domain/request.js';
import { claimLine, coord, targetWord } from '../domain/suggestion.js';
import { taskTarget } from '../domain/tasks/task.js';
import { oneLine, said } from '../domain/text.js';
import { formatDuration, type Instant, secondsBetween } from '../domain/time.js';
import { type SuspectedWait, suspectedWaitsOf } from '../domain/waiting/wait.js';
import { suspectedLine } from './claims.js';
import { clock } from './format.js';
import { newsLines } from './notes.js';

/** Who is to be told, and what was told before. */
export interface Listener {
  readonly identity: { readonly agent: string; readonly session: string | null };
  readonly policy: Policy;
  readonly now: Instant;
  isTold(mark: string): boolean;
}

/** What a state has for an agent to be told after any command, a line each, and the marks of what is told once. */
export function newsOf(
  state: State,
  { identity, policy, now, isTold }: Listener,
): { readonly marks: readonly string[]; readonly lines: readonly string[] } {
  const agent = state.agents.find(({ id }) => id === identity.agent);
  const losses = untoldLosses(agent, identity, isTold);
  const mine = claimsBy(state, identity.agent);
  const offers = claimsWithOffer(state)
    .filter((claim) => isOffered(claim, identity.agent, now))
    .filter((claim) => !isTold(offerId(claim)));
  const declined = mine.filter(({ offer }) => offer?.declined).filter((claim) => !isTold(offerId(claim)));
  const news = newsFor(state.notes, identity.agent, now);
  const answers = news.answers.filter((note) => !isTold(answerMark(note)));
  const overdue = news.overdue.filter((note) => !isTold(overdueMark(note)));
  const revived = agent?.revived && !isTold(revivalMark(agent.revived)) ? agent.revived : null;
  const waits = suspectedWaitsOf(state, identity.agent, policy, now).filter((wait) => !isTold(waitMark(wait)));
  const facts = {
    ...{ reader: identity.agent, losses, offers, declined, revived, waits, kill: agent?.killed ?? null },
    expired: mine.filter((claim) => !isLive(claim, now)),
    live: mine.filter((claim) => isLive(claim, now)),
    dispute: clockDispute(state, policy, now, identity.agent),
  };
  return {
    marks: [
      ...(revived === null ? [] : [revivalMark(revived)]),
      ...waits.map(waitMark),
      ...losses.map((loss) => loss.claim),
      ...[...offers, ...declined].map(offerId),
      ...answers.map(answerMark),
      ...overdue.map(overdueMark),
    ],
    // Ground that was lost twice, released and claimed again while offline, is one thing to be told.
    lines: [...new Set([...noticesFor(facts, now), ...newsLines({ owed: news.owed, answers, overdue }, now)])],
  };
}

/** An answer to a note, and that its time is over, are told once each. */
const answerMark = ({ id }: Note) => `answer ${id}`;
const overdueMark = ({ id }: Note) => `overdue ${id}`;

/** That it may act again, and that a wait is suspected, are told once each. */
const revivalMark = ({ at }: NonNullable<Agent['revived']>) => `revived ${at}`;
const waitMark = ({ waiter }: SuspectedWait) => `suspected ${waiter.id}`;

/** An offer, and its refusal, are told once each. */
function offerId({ id, offer }: Claim): string {
  return `${id} ${offer?.declined ? 'declined' : 'offered'} ${offer?.declined?.at ?? offer?.at}`;
}

/** A claim with less than this left is about to expire. */
const SOON_SECONDS = 60;

interface NoticeFacts {
  readonly reader: string;
  readonly losses: readonly Loss[];
  /** Claims of this agent whose time is over, not yet swept. */
  readonly expired: readonly Claim[];
  readonly live: readonly Claim[];
  /** Claims of others that are offered to this agent, not yet told. */
  readonly offers: readonly OfferedClaim[];
  /** Claims of this agent whose offer was turned down, not yet told. */
  readonly declined: readonly Claim[];
  /** Whether this agent was stopped. */
  readonly kill: Kill | null;
  /** Whether that is over, and it was not told yet. */
  readonly revived: Agent['revived'];
  /** Waits of this agent, or for what it holds, that are suspected to be a deadlock, not yet told. */
  readonly waits: readonly SuspectedWait[];
  readonly dispute: ClockDispute | null;
}

/** One line each. */
function noticesFor(facts: NoticeFacts, now: Instant): string[] {
  return [
    ...(facts.kill ? [killNotice(facts.kill, now)] : []),
    ...(facts.revived ? [revivedNotice(facts.revived, now)] : []),
    ...facts.waits.map(({ waiter, edges }) => {
      const holders = edges.map(({ heldBy }) => heldBy);
      return suspectedLine(waiter, holders, facts.reader, now);
    }),
    ...facts.offers.map(offerNotice),
    ...facts.declined.map(declineNotice),
    ...facts.losses.map((loss) => lossNotice(loss, now)),
    ...withoutGroundOfTasks(facts.expired).map(
      (claim) =>
        `your claim on ${oneLine(claim.target)} expired ${formatDuration(secondsBetween(claim.expiresAt, now))} ago; claim it again before you go on: ${claimLine(groundOf(claim))}`,
    ),
    ...withoutGroundOfTasks(facts.live)
      .filter((claim) => secondsBetween(now, claim.expiresAt) < Math.min(SOON_SECONDS, claim.ttlSeconds / 2))
      .map(
        (claim) =>
          `your claim on ${oneLine(claim.target)} expires in ${formatDuration(secondsBetween(now, claim.expiresAt))}: ${coord(`renew ${targetWord(groundOf(claim))}`)}`,
      ),
    ...(facts.dispute === null ? [] : [disputeText(facts.dispute, now)]),
  ];
}

/** A task and its paths are one thing to be told of: what is said of the task holds for them. */
function withoutGroundOfTasks(claims: readonly Claim[]): Claim[] {
  const held = new Set(claims.map(({ target }) => target));
  return claims.filter(
    ({ target, tasks, byHand }) =>
      byHand || !tasks.some((id) => taskTarget(id).text !== target && held.has(taskTarget(id).text)),
  );
}

/** What the agent lost and was not told of yet. */
export function untoldLosses(
  agent: Agent | undefined,
  identity: Listener['identity'],
  isTold: Listener['isTold'],
): Loss[] {
  return (agent?.losses ?? []).filter((loss) => sameSession(loss, identity) && !isTold(loss.claim));
}

export function lossNotice(loss: Loss, now: Instant): string {
  const target = oneLine(loss.target);
  const when = `at ${clock(loss.at, now)}`;
  const because = loss.reason === null ? '' : `: ${said(loss.reason)}`;
  switch (loss.how) {
    case 'expired':
      return `you lost ${target}: its time was over ${when}; stop changing it, or claim it again`;
    case 'taken-over':
      return `you lost ${target}: taken over by ${loss.by} ${when}${because}; stop changing it`;
    case 'revoked':
      return `you lost ${target}: revoked by ${loss.by} ${when}${because}; stop changing it`;
    case 'handed-over':
      return `handed over: ${loss.by} accepted ${target} ${when}; it is no longer yours to change`;
    case 'unconfirmed':
      return `you lost ${target}: the remote did not confirm the claim that this clone granted${because}; stop changing it`;
  }
}

function killNotice(kill: Kill, now: Instant): string {
  return `you were stopped by ${kill.by} at ${clock(kill.at, now)}: ${said(kill.reason)}; you may only read`;
}

function revivedNotice({ by, at }: NonNullable<Agent['revived']>, now: Instant): string {
  return `${by} let you act again at ${clock(at, now)}; what you held is lost: claim it again before you go on: ${coord('status')}`;
}

function offerNotice(claim: OfferedClaim): string {
  const name = targetWord(groundOf(claim));
  return `${claim.agent} offers you ${oneLine(claim.target)}: ${coord(`handoff accept ${name}`)}, or ${coord(`handoff decline ${name}`)}`;
}

function declineNotice({ target, offer }: Claim): string {
  const why = offer?.declined?.reason ? ` (${said(offer.declined.reason)})` : '';
  return `${offer?.to} declined your offer of ${oneLine(target)}${why}; you still hold it`;
}
