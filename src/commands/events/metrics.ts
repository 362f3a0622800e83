import type { CoordEvent } from '../../domain/events.js';
import {
  type Advice,
  type Contention,
  type Counts,
  type Metrics,
  metricsOf,
  type Spread,
} from '../../domain/metrics/metrics.js';
import { isTooFast, limitText, type Pace, paceOf } from '../../domain/metrics/pace.js';
import { claimLine } from '../../domain/suggestion.js';
import { oneLine, plural, shorten } from '../../domain/text.js';
import { addSeconds, formatDuration, type Instant } from '../../domain/time.js';
import { usage } from '../../errors.js';
import { addressesOf } from '../../git/remotes.js';
import { clock, table } from '../../render/format.js';
import type { Style } from '../../render/style.js';
import {
  type EventsRead,
  eventsSince,
  type HistoryCommit,
  historyFrom,
  malformedWarnings,
  type Since,
} from '../../store/format/history.js';
import type { Context } from '../../workspace/context.js';
import type { Verb } from '../verb.js';
import { readSince, unknownEvent } from './since.js';

/** A long history is not read as a whole, unless it is asked for. */
const DEFAULT_SINCE = '30d';
/** A claim that was held for longer than this before the period began counts from there. */
const BEFORE_SECONDS = 86_400;

export const metrics: Verb = {
  options: [
    [
      '--since <when>',
      `what came after: a duration such as 2h, an instant, or an id of the list; ${DEFAULT_SINCE} if not given`,
    ],
    ['--openmetrics', 'as OpenMetrics text, which Prometheus reads'],
    ['--no-fetch', 'do not fetch; use what this clone has'],
  ],
  examples: [
    ['coord metrics --since 7d', 'how the last week went, and which paths were claimed most'],
    ['coord metrics --openmetrics > coord.prom', 'for a collector of text files'],
  ],
  notes: [
    'Percentiles are nearest-rank: p95 is the smallest value that at least 95% of all values do not exceed.',
    '--openmetrics counts from the beginning of the history unless --since is given: what a collector sees only grows.',
    'A hold is the time from the grant of a claim to its end, a wait the time in the queue, whatever its outcome.',
  ],
  answers: {
    from: 'instant | null',
    to: 'instant | null',
    grants: 'number',
    renewals: 'number',
    releases: 'number',
    expiries: 'number',
    takeovers: 'number',
    handoffs: 'number',
    kills: 'number',
    deadlocks: 'object',
    refusals: 'object',
    waits: 'object',
    holds: 'object',
    contention: 'object[]',
    deploys: 'object',
    pushes: [
      'object',
      'count, perMinute, busiest (at, count), host, and how many a minute the host documents, or pushesPerMinute says (advised)',
    ],
  },
  async run(context, input) {
    const asOpenMetrics = input.flag('openmetrics');
    if (asOpenMetrics && context.flags.json) throw usage('--json and --openmetrics cannot be used together', 'use one');
    const typed = input.text('since') ?? (asOpenMetrics ? undefined : DEFAULT_SINCE);
    const since = typed === undefined ? null : readSince(typed, context.now());
    const store = await context.store();
    // Refusals that wait to be recorded have happened all the same.
    const waiting = store.deferred();
    const tip = (input.negated('fetch') ? await store.tip() : null) ?? (await store.latestTip());
    // What ended in the period may have begun before it.
    const from = since !== null && 'instant' in since ? { instant: addSeconds(since.instant, -BEFORE_SECONDS) } : null;
    const writes: HistoryCommit[] = [];
    const history = seen(historyFrom(context.gitStream, tip), writes);
    const { events: recorded, compacted, malformed } = await eventsSince(history, from);
    const known = new Set(recorded.map(({ id }) => id));
    const events = [...recorded, ...waiting.filter(({ id }) => !known.has(id))];
    const now = context.now();
    const counts = inPeriod(events, since, compacted);
    const times = writes.filter((commit) => isCounted(commit, since, counts)).map(({ at }) => at);
    const report = { ...metricsOf(events, counts, now), pushes: await paceNow(context, times) };
    if (asOpenMetrics) {
      context.host.stdout.write(openMetrics(report));
      return { data: report, text: () => [], streamed: true };
    }
    const contention = report.contention.map((one) => ({
      ...one,
      advice: { ...one.advice, text: adviceText(one.target, one.advice) },
    }));
    const warnings = [...malformedWarnings(malformed), ...paceWarnings(report.pushes)];
    return { data: { ...report, contention }, text: (style) => metricsLines(report, now, style), warnings };
  },
};

async function* seen(history: AsyncIterable<HistoryCommit>, into: HistoryCommit[]): AsyncGenerator<HistoryCommit> {
  for await (const commit of history) {
    into.push(commit);
    yield commit;
  }
}

/** Whether a push was in the period; a commit without events, such as the first, by its time. */
function isCounted(commit: HistoryCommit, since: Since, counts: (event: CoordEvent) => boolean): boolean {
  if (since === null) return true;
  return 'instant' in since ? commit.at >= since.instant : commit.events.some(counts);
}

/** How often the remote of this clone is pushed to; where none is, nothing is advised. */
export async function paceNow(context: Context, pushes: readonly Instant[]): Promise<Pace> {
  const { share, remote, store, pushesPerMinute } = await context.config();
  const isPushed = share && store === null;
  const [address = null] = isPushed ? await addressesOf(context.git, remote, 'push') : [];
  return paceOf(isPushed ? pushes : [], context.now(), address, isPushed ? pushesPerMinute : null);
}

export function paceWarnings(pace: Pace): string[] {
  return isTooFast(pace) ? [`${paceText(pace)}: ${SLOWER}`] : [];
}

/** What to do about too many pushes. */
export const SLOWER =
  'claim several paths in one command, or let the claims be decided by a remote or an etcd of your own';

export function paceText(pace: Pace): string {
  const { count, perMinute, busiest } = pace;
  if (busiest === null) return 'no pushes';
  const limit = limitText(pace);
  const pushed = `${count} ${count === 1 ? 'push' : 'pushes'}, ${perMinute} a minute, at most ${busiest.count} in one minute`;
  return limit === '' ? pushed : `${pushed}; ${limit}`;
}

/** @throws CoordError `usage` when the event to begin after is unknown. */
function inPeriod(
  events: readonly CoordEvent[],
  since: Since,
  compacted: EventsRead['compacted'],
): (event: CoordEvent) => boolean {
  if (since === null) return () => true;
  if ('instant' in since) return ({ at }) => at >= since.instant;
  const begin = events.findIndex(({ id }) => id === since.event);
  if (begin < 0) throw unknownEvent(since, [], compacted);
  const counted = new Set(events.slice(begin + 1));
  return (event) => counted.has(event);
}

const WIDEST_TARGET = 50;
const MOST_TARGETS = 10;

export function metricsLines(metrics: Metrics & { readonly pushes?: Pace }, now: Instant, style: Style): string[] {
  const { from, refusals, waits, holds, deadlocks, deploys, contention } = metrics;
  if (from === null) return ['nothing has happened in this time'];
  const rows: [string, string][] = [
    ['granted', `${metrics.grants} (${metrics.renewals} renewed, ${metrics.releases} released)`],
    ['refused', counted(refusals.count, refusals.byReason)],
    ['waits', `${waits.started} begun, ${counted(waits.ended, waits.byOutcome)} ended${spread(waits.seconds)}`],
    ['holds', `${holds.count}${spread(holds)}`],
    ['expired', String(metrics.expiries)],
    ['taken over', String(metrics.takeovers)],
    ['handed over', String(metrics.handoffs)],
    ['deadlocks', `${deadlocks.prevented} prevented, ${deadlocks.suspected} suspected`],
    [
      'deploys',
      `${deploys.done} done, ${deploys.failed} failed, ${counted(deploys.blocked.count, deploys.blocked.byStep)} blocked`,
    ],
  ];
  if (metrics.pushes?.busiest) rows.push(['pushes', paceText(metrics.pushes)]);
  return [
    style.dim(`since ${clock(from, now)}`),
    ...table(rows.map(([name, value]) => [name, value])),
    ...hottest(contention, style),
  ];
}

function hottest(contention: readonly Contention[], style: Style): string[] {
  if (contention.length === 0) return ['no contention'];
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
    case 'narrow': {
      const wanted = advice.wanted.map((text) => shorten(oneLine(text), WIDEST_TARGET)).join(', ');
      return `claim less of it: others wanted only ${wanted}${advice.more > 0 ? ` and ${advice.more} more` : ''}`;
    }
    case 'release':
      return `release it when done: it was left to expire ${advice.expiries === 1 ? 'once' : `${advice.expiries} times`}`;
    case 'shorten':
      return `release it sooner: one claim in twenty is held ${formatDuration(advice.p95)} or longer`;
    case 'queue':
      return `queue instead of trying again: ${claimLine(target, ' --wait')}`;
    case 'split':
      return `${advice.agents} agents were stopped here: split the work, or the file`;
    case 'none':
      return 'nothing yet: only one agent was stopped here';
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

/** Each target is a time series of its own, so only the hottest are named. */
const MOST_EXPORTED_TARGETS = 50;

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [suffix: string, labels: Labels, value: number];

interface Family {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'summary';
  readonly help: string;
  readonly unit?: 'seconds';
  readonly samples: readonly Sample[];
}

/** The metrics as OpenMetrics text (version 1.0.0), which Prometheus reads too; ends in `# EOF`. */
export function openMetrics(metrics: Metrics & { readonly pushes?: Pace }): string {
  return `${[...familiesOf(metrics).flatMap(familyLines), '# EOF'].join('\n')}\n`;
}

function familiesOf(metrics: Metrics & { readonly pushes?: Pace }): Family[] {
  const { deadlocks, deploys, refusals, waits, holds } = metrics;
  const hottest = metrics.contention.slice(0, MOST_EXPORTED_TARGETS);
  const perTarget = (value: (one: (typeof hottest)[number]) => number): Sample[] =>
    hottest.map((one) => ['_total', { target: one.target }, value(one)]);
  return [
    counter('coord_grants', 'Claims granted.', metrics.grants),
    counter('coord_renewals', 'Claims renewed.', metrics.renewals),
    counter('coord_releases', 'Claims released.', metrics.releases),
    counter('coord_expiries', 'Claims left to expire.', metrics.expiries),
    counter('coord_takeovers', 'Claims taken over.', metrics.takeovers),
    counter('coord_handoffs', 'Claims handed over.', metrics.handoffs),
    counter('coord_kills', 'Agents stopped.', metrics.kills),
    counters('coord_refusals', 'Claims refused.', 'reason', refusals.byReason),
    counters('coord_deadlocks', 'Deadlocks, by outcome.', 'kind', deadlocks),
    counter('coord_waits', 'Waits begun.', waits.started),
    counters('coord_waits_ended', 'Waits ended.', 'outcome', waits.byOutcome),
    ...summary('coord_wait', 'Time in the queue.', waits.seconds),
    ...summary('coord_hold', 'Time from the grant of a claim to its end.', holds),
    family(
      'coord_target_refusals',
      'Refusals at a target, the hottest ones.',
      perTarget(({ refusals }) => refusals),
    ),
    family(
      'coord_target_waits',
      'Waits at a target, the hottest ones.',
      perTarget(({ waits }) => waits),
    ),
    {
      ...family(
        'coord_target_waited_seconds',
        'Time waited at a target.',
        perTarget((one) => one.waitedSeconds),
      ),
      unit: 'seconds',
    },
    ...(metrics.pushes ? [counter('coord_pushes', 'Pushes of the state.', metrics.pushes.count)] : []),
    counter('coord_deploys_started', 'Deploys begun.', deploys.started),
    counters('coord_deploys', 'Deploys ended.', 'outcome', { done: deploys.done, failed: deploys.failed }),
    counters('coord_deploys_blocked', 'Deploys blocked.', 'step', deploys.blocked.byStep),
  ];
}

function family(name: string, help: string, samples: readonly Sample[]): Family {
  return { name, type: 'counter', help, samples };
}

function counter(name: string, help: string, value: number): Family {
  return family(name, help, [['_total', {}, value]]);
}

function counters(name: string, help: string, label: string, values: Counts): Family {
  return family(
    name,
    help,
    Object.entries(values).map(([key, value]): Sample => ['_total', { [label]: key }, value]),
  );
}

/** A summary has no maximum, so that is a gauge of its own. */
function summary(name: string, help: string, { count, sum, p50, p95, max }: Spread): Family[] {
  const quantiles = [
    ['0.5', p50],
    ['0.95', p95],
  ] as const;
  const samples = quantiles.flatMap(([quantile, value]): Sample[] =>
    value === null ? [] : [['', { quantile }, value]],
  );
  const longest = max === null ? [] : [['', {}, max] as const];
  return [
    {
      ...{ name: `${name}_seconds`, type: 'summary', help, unit: 'seconds' },
      samples: [...samples, ['_count', {}, count], ['_sum', {}, sum]],
    },
    { name: `${name}_longest_seconds`, type: 'gauge', help: `${help} The longest.`, unit: 'seconds', samples: longest },
  ];
}

function familyLines({ name, type, help, unit, samples }: Family): string[] {
  return [
    `# TYPE ${name} ${type}`,
    ...(unit === undefined ? [] : [`# UNIT ${name} ${unit}`]),
    `# HELP ${name} ${escaped(help)}`,
    ...samples.map(([suffix, labels, value]) => `${name}${suffix}${labelText(labels)} ${value}`),
  ];
}

function labelText(labels: Labels): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return parts.length === 0 ? '' : `{${parts.join(',')}}`;
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
