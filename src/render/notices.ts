import { groundOf } from '../domain/claims/conflicts.js';
import type { OfferedClaim } from '../domain/claims/handoff.js';
import type { Claim, Kill, Loss } from '../domain/model.js';
import { coord, targetWord } from '../domain/suggestion.js';
import { oneLine, said } from '../domain/text.js';
import { formatDuration, type Instant, secondsBetween } from '../domain/time.js';
import { clock } from './format.js';

/** A claim with less than this left is about to expire. */
const SOON_SECONDS = 60;

export interface NoticeFacts {
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
  /** A stamp in the state that this clock should not have seen yet. */
  readonly stampAhead: Instant | null;
}

/** One line each. */
export function noticesFor(facts: NoticeFacts, now: Instant): string[] {
  return [
    ...(facts.kill ? [killNotice(facts.kill, now)] : []),
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
    ...(facts.stampAhead === null
      ? []
      : [
          `this clock is behind the fleet's (it says ${now}, a claim was renewed at ${facts.stampAhead}): set it; until then nothing is taken over from here`,
        ]),
  ];
}

function lossNotice(loss: Loss, now: Instant): string {
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
      return `you lost ${target}: the remote did not confirm the offline claim${because}; stop changing it`;
  }
}

function killNotice(kill: Kill, now: Instant): string {
  return `you were stopped by ${kill.by} at ${clock(kill.at, now)}: ${said(kill.reason)}; you may only read`;
}

function offerNotice(claim: OfferedClaim): string {
  const name = targetWord(groundOf(claim));
  return `${claim.agent} offers you ${oneLine(claim.target)}: ${coord(`handoff accept ${name}`)}, or ${coord(`handoff decline ${name}`)}`;
}

function declineNotice({ target, offer }: Claim): string {
  const why = offer?.declined?.reason ? ` (${said(offer.declined.reason)})` : '';
  return `${offer?.to} declined your offer of ${oneLine(target)}${why}; you still hold it`;
}
