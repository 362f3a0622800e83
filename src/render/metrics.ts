import type { Advice, Contention } from '../domain/contention.js';
import type { Counts, Metrics } from '../domain/metrics.js';
import type { Spread } from '../domain/percentiles.js';
import { oneLine, plural, shorten } from '../domain/text.js';
import { formatDuration, type Instant } from '../domain/time.js';
import { targetWord } from './command-words.js';
import { clock, table } from './format.js';
import type { Style } from './style.js';

const WIDEST_TARGET = 50;
const MOST_TARGETS = 10;

export function metricsLines(metrics: Metrics, now: Instant, style: Style): string[] {
  const { from, refusals, waits, holds, deadlocks, deploys, contention } = metrics;
  if (from === null) return ['nothing has happened in this time'];
  const rows: [string, string][] = [
    ['granted', `${metrics.grants} (${metrics.renewals} renewed, ${metrics.releases} released)`],
    ['refused', counted(refusals.count, refusals.byReason)],
    ['waits', `${counted(waits.started, waits.byOutcome)}${spread(waits.seconds)}`],
    ['holds', `${holds.count}${spread(holds)}`],
    ['expired', String(metrics.expiries)],
    ['taken over', String(metrics.steals)],
    ['handed over', String(metrics.handoffs)],
    ['deadlocks', `${deadlocks.prevented} prevented, ${deadlocks.suspected} suspected`],
    [
      'deploys',
      `${deploys.done} done, ${deploys.failed} failed, ${counted(deploys.blocked.count, deploys.blocked.byReason)} blocked`,
    ],
  ];
  return [
    style.dim(`since ${clock(from, now)}`),
    ...table(rows.map(([name, value]) => [name, value])),
    ...hottest(contention, style),
  ];
}

function hottest(contention: readonly Contention[], style: Style): string[] {
  if (contention.length === 0) return ['nobody stood in another’s way'];
  const shown = contention.slice(0, MOST_TARGETS);
  const rows = shown.map((one) => [
    shorten(oneLine(one.target), WIDEST_TARGET),
    String(one.refusals),
    String(one.waits),
    one.waitedSeconds === 0 ? '-' : formatDuration(one.waitedSeconds),
    one.holds.p95 === null ? '-' : formatDuration(one.holds.p95),
    adviceText(one.target, one.advice),
  ]);
  const [head, ...body] = table([['HOTTEST', 'REFUSED', 'WAITS', 'WAITED', 'HELD p95', 'WHAT TO DO'], ...rows]);
  const more = contention.length - shown.length;
  return [style.dim(head ?? ''), ...body, ...(more > 0 ? [`and ${plural(more, 'more target')} (--json has all)`] : [])];
}

/** What would cool a target down, in a sentence. */
export function adviceText(target: string, advice: Advice): string {
  switch (advice.kind) {
    case 'narrow':
      return `claim less of it: others wanted only ${advice.wanted.map((text) => shorten(oneLine(text), WIDEST_TARGET)).join(', ')}`;
    case 'release':
      return `release it when done: it was left to expire ${advice.expiries === 1 ? 'once' : `${advice.expiries} times`}`;
    case 'shorten':
      return `release it sooner: one hold in twenty takes ${formatDuration(advice.p95)} or longer`;
    case 'queue':
      return `queue instead of trying again: coord claim ${targetWord(target)} --wait`;
    case 'split':
      return 'many want it: split the work, or the file';
  }
}

function counted(count: number, by: Counts): string {
  const parts = Object.entries(by).map(([name, times]) => `${oneLine(name)} ${times}`);
  return parts.length === 0 ? String(count) : `${count} (${parts.join(', ')})`;
}

function spread({ p50, p95, max }: Spread): string {
  if (p50 === null || p95 === null || max === null) return '';
  return ` · half within ${formatDuration(p50)}, 95% within ${formatDuration(p95)}, longest ${formatDuration(max)}`;
}
