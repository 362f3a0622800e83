import { sameSession } from '../domain/agents/ownership.js';
import { groundOf } from '../domain/claims/conflicts.js';
import { isOffered, type OfferedClaim } from '../domain/claims/handoff.js';
import { type ClockDispute, clockDispute, disputeText, isLive } from '../domain/claims/leases.js';
import { claimsToKeepAlive } from '../domain/claims/release.js';
import { newsFor } from '../domain/log/notes.js';
import type { Agent, Claim, Kill, Loss, Note, State } from '../domain/model.js';
import { coord, targetWord } from '../domain/suggestion.js';
import { oneLine, said } from '../domain/text.js';
import { formatDuration, type Instant, secondsBetween } from '../domain/time.js';
import { type SuspectedWait, suspectedWaitsOf } from '../domain/waiting/wait.js';
import { suspectedLine } from '../render/claims.js';
import { clock } from '../render/format.js';
import { newsLines } from '../render/notes.js';
import type { SeenNotices } from '../store/cache/observations.js';
import { transact } from '../store/swap/transact.js';
import { asideLines } from './asides.js';
import { tellCollisions } from './collisions.js';
import type { Context } from './context.js';
import type { Identity } from './identity.js';
import { CHANGED_RULES, newerRules, rulesMark } from './rules.js';

/**
 * What the agent must be told after any command: claims that it lost, claims about to expire, a clock that disagrees,
 * notes that wait for its answer, answers to its own.
 * On the way, claims past half of their life are renewed. Best effort: it never fails the command that it follows.
 */
export async function collectNotices(context: Context): Promise<readonly string[]> {
  if (context.isGuard || context.looksOn) return [];
  return [...(await asideLines(context).catch(() => [])), ...(await noticesOfState(context))];
}

async function noticesOfState(context: Context): Promise<readonly string[]> {
  try {
    const store = await context.store();
    if ((await store.tip()) === null) return [];
    // What was asked for offline goes with the next command that asks the remote by itself.
    const isOffline = context.stores.staysOffline || (await store.along()).some(({ asked }) => asked);
    if (!isOffline) await store.deliver();
    const identity = context.identityIfKnown();
    if (identity === null) return [];
    const policy = await context.policy(identity.agent);
    const before = await store.read();
    if (policy.watched !== null) context.effects.watch(before.state.claims);
    if (!context.stores.staysOffline && claimsToKeepAlive(before.state, identity, context.now()).length > 0) {
      const request = { kind: 'keep-alive' as const, operation: context.newId(), ...identity, policy };
      await transact(store, request, context.effects).catch(() => undefined);
    }
    const state = await context.stores.withRiders((await store.read(['log']).catch(() => store.read())).state);
    const now = context.now();
    const agent = state.agents.find(({ id }) => id === identity.agent);
    const told = context.seenNotices(identity.agent);
    const losses = untoldLosses(agent, identity, told);
    const mine = state.claims.filter((claim) => claim.agent === identity.agent);
    const offers = state.claims
      .filter((claim) => isOffered(claim, identity.agent, now))
      .filter((claim) => !told.has(offerId(claim)));
    const declined = mine.filter(({ offer }) => offer?.declined).filter((claim) => !told.has(offerId(claim)));
    const rules = (await newerRulesOf(context, agent, identity)).filter((mark) => !told.has(mark));
    const news = newsFor(state.notes, identity.agent, now);
    const answers = news.answers.filter((note) => !told.has(answerMark(note)));
    const overdue = news.overdue.filter((note) => !told.has(overdueMark(note)));
    const revived = agent?.revived && !told.has(revivalMark(agent.revived)) ? agent.revived : null;
    const waits = suspectedWaitsOf(state, identity.agent, policy, now).filter((wait) => !told.has(waitMark(wait)));
    told.add([
      ...(revived === null ? [] : [revivalMark(revived)]),
      ...waits.map(waitMark),
      ...losses.map((loss) => loss.claim),
      ...[...offers, ...declined].map(offerId),
      ...answers.map(answerMark),
      ...overdue.map(overdueMark),
      ...rules,
    ]);
    return [
      ...tellCollisions(context, identity.agent),
      ...rules.map(() => CHANGED_RULES),
      ...(await offlineNotices(context, mine)),
      ...noticesFor(
        {
          reader: identity.agent,
          losses,
          offers,
          declined,
          kill: agent?.killed ?? null,
          revived,
          waits,
          expired: mine.filter((claim) => !isLive(claim, now)),
          live: mine.filter((claim) => isLive(claim, now)),
          dispute: clockDispute(state, policy, now, identity.agent),
        },
        now,
      ),
      ...newsLines({ owed: news.owed, answers, overdue }, now),
    ];
  } catch {
    return [];
  }
}

function untoldLosses(agent: Agent | undefined, identity: Identity, told: SeenNotices): Loss[] {
  return (agent?.losses ?? []).filter((loss) => sameSession(loss, identity) && !told.has(loss.claim));
}

/** What the agent lost and was not told of yet, in words; it counts as told from then on. */
export function tellLosses(context: Context, identity: Identity, state: State): readonly string[] {
  const told = context.seenNotices(identity.agent);
  const agent = state.agents.find(({ id }) => id === identity.agent);
  const losses = untoldLosses(agent, identity, told);
  told.add(losses.map(({ claim }) => claim));
  return losses.map((loss) => lossNotice(loss, context.now()));
}

/** The mark of the rules in force, to be told once, where the session of this agent is older than they are. */
async function newerRulesOf(context: Context, agent: Agent | undefined, identity: Identity): Promise<string[]> {
  if (!agent || agent.session === null || !sameSession(agent, identity)) return [];
  const digest = await newerRules(context, agent.rules);
  return digest === null ? [] : [rulesMark(digest)];
}

/** What is not confirmed yet, and what this very command had confirmed. */
async function offlineNotices(context: Context, mine: readonly Claim[]): Promise<string[]> {
  const { share, remote } = await context.config();
  if (!share) return [];
  const { confirmedNotice, namedNotice, offlineNotice } = await import('../render/claims.js');
  const pending = mine.filter(({ reach }) => reach === 'clone');
  const me = context.identityIfKnown()?.agent;
  const own = context.stores.confirmed.filter(({ agent }) => agent === me);
  const named = context.stores.named.filter(({ agent }) => agent === me);
  const refused = context.stores.refused.filter(({ agent }) => agent === me);
  const { refusalError } = refused.length === 0 ? { refusalError: null } : await import('../render/refusals.js');
  return [
    ...own.map((claim) => confirmedNotice(remote, claim)),
    ...named.map((one) => namedNotice(remote, one)),
    ...refused.map(({ what, was, refusal }) => {
      const why = refusalError?.(refusal, context.now()).message.split('\n')[0];
      return `your offline ${what} ${was} was not accepted: ${why}`;
    }),
    ...(pending.length === 0 || context.stores.staysOffline ? [] : [offlineNotice(remote, pending)]),
  ];
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

export interface NoticeFacts {
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
    ...facts.expired.map(
      (claim) =>
        `your claim on ${oneLine(claim.target)} expired ${formatDuration(secondsBetween(claim.expiresAt, now))} ago; claim it again before you go on: ${coord(`claim ${targetWord(groundOf(claim))}`)}`,
    ),
    ...facts.live
      .filter((claim) => secondsBetween(now, claim.expiresAt) < Math.min(SOON_SECONDS, claim.ttlSeconds / 2))
      .map(
        (claim) =>
          `your claim on ${oneLine(claim.target)} expires in ${formatDuration(secondsBetween(now, claim.expiresAt))}: ${coord(`renew ${targetWord(groundOf(claim))}`)}`,
      ),
    ...(facts.dispute === null ? [] : [disputeText(facts.dispute, now)]),
  ];
}

function lossNotice(loss: Loss, now: Instant): string {
  const target = oneLine(loss.target);
  const when = `at ${clock(loss.at, now)}`;
  const because = loss.reason === null ? '' : `: ${said(loss.reason)}`;
  switch (loss.how) {
    case 'expired':
      return `you lost ${target}: it expired ${when}; stop changing it, or claim it again`;
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
