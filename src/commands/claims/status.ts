import type { Context } from '../../context.js';
import { groundOf } from '../../domain/claims/conflicts.js';
import { isOffered } from '../../domain/claims/handoff.js';
import { isLive, stampAhead } from '../../domain/claims/leases.js';
import { overlaps } from '../../domain/ground/index.js';
import type { Target } from '../../domain/ground/targets.js';
import type { Agent, Claim, Reach, Waiter } from '../../domain/model.js';
import { coord } from '../../domain/suggestion.js';
import { oneLine, shorten } from '../../domain/text.js';
import { formatDuration, type Instant, secondsBetween } from '../../domain/time.js';
import { CoordError, usage } from '../../errors.js';
import { offlineLine } from '../../render/claims.js';
import { clock, table, timeLeft } from '../../render/format.js';
import type { Style } from '../../render/style.js';
import { readWait } from '../durations.js';
import { readTargets, TARGET_OPTIONS } from '../target-input.js';
import type { Input, Verb } from '../verb.js';

export const status: Verb = {
  arguments: [['[target...]', 'only what overlaps these']],
  options: [
    ['--mine', 'only your own claims'],
    ['--wait [duration]', 'first wait until all of these targets are free; claims nothing'],
    ['--shared', 'with --wait: until they may be read'],
    ['--no-fetch', 'read what is here, and say from when'],
    ...TARGET_OPTIONS,
  ],
  examples: [
    ['coord status', 'all claims, waiters and agents'],
    ['coord status src/api', 'who holds any of it'],
    ['coord status src/api --wait=5m && make check', 'go on when nobody holds it'],
  ],
  async run(context, input) {
    const targets = readTargets(context, input, input.list(0));
    const refused = await waitUntilFree(context, input, targets);
    if (refused) return refused;
    const store = await context.store();
    const { state: known } = input.negated('fetch') ? await store.read() : await store.latest();
    const state = await context.stores.withOffline(known);
    const now = context.now();
    const mine = input.flag('mine') ? context.identity().agent : null;
    const options = { foldCase: context.repository.foldsCase };
    const touches = (claim: Claim) =>
      targets.length === 0 || targets.some((target) => overlaps(target, groundOf(claim), options));
    const waits = (waiter: Waiter) =>
      targets.length === 0 ||
      targets.some((target) => waiter.targets.some((wanted) => overlaps(target, wanted, options)));
    const claims = state.claims.filter((claim) => (mine === null || claim.agent === mine) && touches(claim));
    const waiters = state.waiters.filter((waiter) => (mine === null || waiter.agent === mine) && waits(waiter));
    const report = {
      claims,
      waiters,
      agents: state.agents,
      now,
      reach: store.reach,
      fetchedAt: store.reach === 'remote' ? store.askedAt : now,
      clock: clockOf(stampAhead(state, await context.policy(mine ?? 'anyone'), now), now),
    };
    const { remote } = await context.config();
    const isStale = store.reach === 'remote' && input.negated('fetch');
    return {
      // Made only for machines: with thousands of claims it takes longer than the table.
      get data() {
        return { ...report, claims: claims.map((claim) => ({ ...claim, expired: !isLive(claim, now) })) };
      },
      text: (style) => statusLines(report, style),
      warnings: isStale ? [staleWarning(remote, report.fetchedAt, now)] : [],
    };
  },
};

/** With `--wait`, returns once the targets are free, and nothing; else the refusal, or that the time is over. */
async function waitUntilFree(context: Context, input: Input, targets: readonly Target[]): Promise<CoordError | null> {
  const seconds = readWait(input, await context.config());
  if (seconds === null) {
    if (input.flag('shared')) throw usage('--shared is for --wait', coord('status TARGET --wait --shared'));
    return null;
  }
  if (targets.length === 0) throw usage('--wait needs targets', coord('status TARGET --wait'));
  if (input.negated('fetch')) throw usage('--wait and --no-fetch exclude each other', 'use one');
  const { claimRequest } = await import('./claim.js');
  const { waitForTurn } = await import('../waiting/queueing.js');
  const store = await context.store();
  const request = await claimRequest(context, input, store, targets);
  const result = await waitForTurn(context, store, request, { seconds, passive: true });
  return result instanceof CoordError ? result : null;
}

/** How this host's clock stands to the stamps in the state; one that runs ahead cannot be told. */
function clockOf(ahead: Instant | null, now: Instant): ClockReport {
  return { agrees: ahead === null, newestStamp: ahead, behindSeconds: ahead === null ? 0 : secondsBetween(now, ahead) };
}

export interface StatusReport {
  readonly claims: readonly Claim[];
  readonly waiters: readonly Waiter[];
  readonly agents: readonly Agent[];
  readonly now: Instant;
  readonly reach: Reach;
  readonly clock: ClockReport;
}

/** This host's clock beside the stamps of others. */
interface ClockReport {
  readonly agrees: boolean;
  /** A stamp that this clock should not have seen yet; null when there is none. */
  readonly newestStamp: Instant | null;
  readonly behindSeconds: number;
}

const WIDEST_TARGET = 60;
const WIDEST_REASON = 60;

/** The table of claims, then who waits, then who was stopped. */
function statusLines(report: StatusReport, style: Style): string[] {
  const { claims, waiters, agents, now, clock: hostClock } = report;
  const rows = claims.map((claim) => [
    shorten(oneLine(claim.target), WIDEST_TARGET),
    claim.agent,
    claim.mode,
    timeLeft(claim.expiresAt, now),
    clock(claim.acquiredAt, now),
    shorten(oneLine(claim.reason ?? ''), WIDEST_REASON),
  ]);
  const [head, ...body] = table([['TARGET', 'HOLDER', 'MODE', 'LEFT', 'SINCE', 'WHY'], ...rows]);
  const offered = claims.filter((claim) => isOffered(claim, null, now));
  const killed = agents.filter((agent) => agent.killed !== null);
  return [
    ...(claims.length === 0 ? ['no claims'] : [style.dim(head ?? ''), ...body]),
    ...waiters.map((waiter, index) => waiterLine(waiter, index, now)),
    ...offered.map(
      (claim) =>
        `offered: ${oneLine(claim.target)} → ${claim.offer?.to} (by ${claim.agent}): ${coord('handoff accept')}`,
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
      style.bad(`stopped: ${agent.id}, by ${agent.killed?.by}: ${oneLine(agent.killed?.reason ?? '')}`),
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
  return `this is as ${remote} last told it ${when}; ${coord('status')} asks it again`;
}
