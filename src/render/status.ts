import { isOffered } from '../domain/claims/handoff.js';
import { claimsWithOffer, isLive } from '../domain/claims/leases.js';
import type { State } from '../domain/model.js';
import { type Placed, type StatusQuestion, type StatusReport, statusReport } from '../domain/status.js';
import { coord } from '../domain/suggestion.js';
import type { TaskView } from '../domain/tasks/standing.js';
import { oneLine, shorten } from '../domain/text.js';
import { formatDuration, type Instant, secondsBetween } from '../domain/time.js';
import { offlineLine } from './claims.js';
import { clock, shortCommit, table, timeLeft } from './format.js';
import { intentLines } from './notes.js';
import type { Style } from './style.js';

/**
 * The answer of `status` for a state; the same however that was read.
 * @param staleOf the remote that was not asked; null: it was, or there is none
 * @param most so many claims are listed in words; as data, all are
 */
export function statusAnswer(
  state: State,
  { staleOf, most, ...question }: StatusQuestion & { readonly staleOf: string | null; readonly most: number },
): { readonly data: object; readonly warnings: readonly string[]; text(style: Style): string[] } {
  const report = statusReport(state, question);
  const { claims, now, fetchedAt } = report;
  return {
    // Made only for machines: with thousands of claims it takes longer than the table.
    get data() {
      return { ...report, claims: claims.map((claim) => ({ ...claim, expired: !isLive(claim, now) })) };
    },
    text: (style) => statusLines(report, most, style),
    warnings: staleOf === null ? [] : [staleWarning(staleOf, fetchedAt, now)],
  };
}

/** So many claims a reader looks through, and a harness keeps of an output. */
export const MOST_CLAIMS = 200;

const WIDEST_TARGET = 48;
const WIDEST_REASON = 40;
const MOST_TASKS = 10;

/** What needs the reader, the table of claims, who waits, tasks, deploys, and who was stopped. */
function statusLines(report: StatusReport, most: number, style: Style): string[] {
  const { claims, waiters, agents, tasks, deployments, needs, now, clock: hostClock } = report;
  const rows = claims
    .slice(0, most)
    .map((claim) => [
      shorten(oneLine(claim.target), WIDEST_TARGET),
      claim.agent,
      claim.mode,
      timeLeft(claim.expiresAt, now),
      clock(claim.acquiredAt, now),
      shorten(oneLine(claim.reason ?? ''), WIDEST_REASON),
    ]);
  const [head, ...body] = table([['TARGET', 'HOLDER', 'MODE', 'LEFT', 'SINCE', 'WHY'], ...rows]);
  const offered = claimsWithOffer(report).filter(
    (claim) => isOffered(claim, null, now) && claim.offer?.to !== report.agent,
  );
  const killed = agents.filter((agent) => agent.killed !== null);
  return [
    ...needs.map((need) => `${style.warn('needs you:')} ${need.what} (${ago(need.since, now)}): ${need.next}`),
    ...(claims.length === 0 ? ['no claims'] : [style.dim(head ?? ''), ...body]),
    ...(claims.length > most ? [`and ${claims.length - most} more claims: ${coord('status --all')}`] : []),
    ...waiters.map((waiter) => waiterLine(waiter, now)),
    ...intentLines(report.intents, now),
    ...taskSection(tasks),
    ...deployments.map(
      ({ target, commit, agent, at }) =>
        `deployed: ${target} runs ${shortCommit(commit)} (by ${agent}, ${ago(at, now)} ago)`,
    ),
    ...offered.map(
      (claim) =>
        `offered: ${oneLine(claim.target)} → ${claim.offer?.to} (by ${claim.agent}): ${coord('handoff accept')}`,
    ),
    ...(hostClock.agrees
      ? []
      : [
          style.bad(
            hostClock.wrong === 'there'
              ? `clock: that of ${hostClock.ahead.join(', ')} is ahead by ${formatDuration(hostClock.behindSeconds)}; set it there`
              : `clock: this host's is behind the fleet's by ${formatDuration(hostClock.behindSeconds)}${hostClock.wrong === 'either' ? `, or that of ${hostClock.ahead.join(', ')} is ahead` : ''}; nothing is taken over from here`,
          ),
        ]),
    ...(report.reach === 'remote' ? claims.filter(({ reach }) => reach === 'clone') : []).map(offlineLine),
    ...killed.map((agent) =>
      style.bad(`stopped: ${agent.id}, by ${agent.killed?.by}: ${oneLine(agent.killed?.reason ?? '')}`),
    ),
  ];
}

function taskSection(tasks: readonly TaskView[]): string[] {
  const more = tasks.length - MOST_TASKS;
  return [
    ...tasks.slice(0, MOST_TASKS).map((task) => {
      const who = task.agent === null ? '' : ` ${task.agent}`;
      const how = task.stuck
        ? 'stuck'
        : task.blockedBy.length > 0
          ? `after ${task.blockedBy.join(', ')}`
          : task.ready
            ? 'ready'
            : task.state;
      return `task: ${task.id} ${shorten(oneLine(task.title), WIDEST_TARGET)} (${how}${who})`;
    }),
    ...(more > 0 ? [`and ${more} more: ${coord('task list')}`] : []),
  ];
}

function ago(since: Instant, now: Instant): string {
  return formatDuration(Math.max(0, Math.floor(secondsBetween(since, now))));
}

function waiterLine(waiter: Placed, now: Instant): string {
  const standing = waiter.place === 1 ? 'first' : `place ${waiter.place}`;
  const place = waiter.expiresAt <= now ? 'gone: its process asks no more' : standing;
  const targets = waiter.targets.map(({ text }) => oneLine(text)).join(' ');
  return `waiting: ${targets} ← ${waiter.agent} (${place}, ${formatDuration(secondsBetween(waiter.since, now))})`;
}

/** Said when status was not to ask the remote. */
export function staleWarning(remote: string, fetchedAt: Instant | null, now: Instant): string {
  const when = fetchedAt === null ? 'at an unknown time' : `${formatDuration(secondsBetween(fetchedAt, now))} ago`;
  return `this is as ${remote} last told it ${when}; ${coord('status')} asks it again`;
}
