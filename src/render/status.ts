import type { Agent, Claim, Reach, Waiter } from '../domain/model.js';
import { isOffered } from '../domain/offers.js';
import { oneLine, shorten } from '../domain/text.js';
import { formatDuration, type Instant, secondsBetween } from '../domain/time.js';
import { asWritten } from './command-words.js';
import { clock, table, timeLeft } from './format.js';
import { offlineLine } from './offline.js';
import type { Style } from './style.js';

export interface StatusReport {
  readonly claims: readonly Claim[];
  readonly waiters: readonly Waiter[];
  readonly agents: readonly Agent[];
  readonly now: Instant;
  readonly reach: Reach;
  readonly clock: ClockReport;
}

/** This host's clock beside the stamps of others. */
export interface ClockReport {
  readonly agrees: boolean;
  /** A stamp that this clock should not have seen yet; null when there is none. */
  readonly newestStamp: Instant | null;
  readonly behindSeconds: number;
}

const WIDEST_TARGET = 60;
const WIDEST_REASON = 60;

/** The table of claims, then who waits, then who was stopped. */
export function statusLines(report: StatusReport, style: Style): string[] {
  const { claims, waiters, agents, now, clock: hostClock } = report;
  const rows = claims.map((claim) => [
    asWritten(shorten(oneLine(claim.target), WIDEST_TARGET)),
    claim.agent,
    claim.mode,
    timeLeft(claim.expiresAt, now),
    clock(claim.acquiredAt, now),
    asWritten(shorten(oneLine(claim.reason ?? ''), WIDEST_REASON)),
  ]);
  const [head, ...body] = table([['TARGET', 'HOLDER', 'MODE', 'LEFT', 'SINCE', 'WHY'], ...rows]);
  const offered = claims.filter((claim) => isOffered(claim, null, now));
  const killed = agents.filter((agent) => agent.killed !== null);
  return [
    ...(claims.length === 0 ? ['no claims'] : [style.dim(head ?? ''), ...body]),
    ...waiters.map((waiter, index) => waiterLine(waiter, index, now)),
    ...offered.map(
      (claim) => `offered: ${oneLine(claim.target)} → ${claim.offer?.to} (by ${claim.agent}): coord accept`,
    ),
    ...(hostClock.agrees
      ? []
      : [
          style.bad(
            `clock: this host's is behind the fleet's by ${formatDuration(hostClock.behindSeconds)}; nothing is taken over from here`,
          ),
        ]),
    ...(report.reach === 'remote' ? claims.filter(({ reach }) => reach === 'host') : []).map(offlineLine),
    ...killed.map((agent) =>
      style.bad(`stopped: ${agent.id}, by ${agent.killed?.by}: ${asWritten(oneLine(agent.killed?.reason ?? ''))}`),
    ),
  ];
}

function waiterLine(waiter: Waiter, index: number, now: Instant): string {
  const place = index === 0 ? 'first' : `place ${index + 1}`;
  const targets = waiter.targets.map(({ text }) => oneLine(text)).join(' ');
  return `waiting: ${targets} ← ${waiter.agent} (${place}, ${formatDuration(secondsBetween(waiter.since, now))})`;
}

/** Said when status was not to ask the remote. */
export function staleWarning(remote: string, fetchedAt: Instant | null, now: Instant): string {
  const when = fetchedAt === null ? 'at an unknown time' : `${formatDuration(secondsBetween(fetchedAt, now))} ago`;
  return `this is as ${remote} last told it ${when}; coord status asks it again`;
}
