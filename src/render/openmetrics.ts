import type { Counts, Metrics } from '../domain/metrics.js';
import type { Spread } from '../domain/percentiles.js';

/** Each target is a time series of its own, so only the hottest are named. */
const MOST_TARGETS = 50;

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
export function openMetrics(metrics: Metrics): string {
  return `${[...familiesOf(metrics).flatMap(familyLines), '# EOF'].join('\n')}\n`;
}

function familiesOf(metrics: Metrics): Family[] {
  const { deadlocks, deploys, refusals, waits, holds } = metrics;
  const hottest = metrics.contention.slice(0, MOST_TARGETS);
  const perTarget = (value: (one: (typeof hottest)[number]) => number): Sample[] =>
    hottest.map((one) => ['_total', { target: one.target }, value(one)]);
  return [
    counter('coord_grants', 'Claims granted.', metrics.grants),
    counter('coord_renewals', 'Claims renewed.', metrics.renewals),
    counter('coord_releases', 'Claims released.', metrics.releases),
    counter('coord_expiries', 'Claims left to expire.', metrics.expiries),
    counter('coord_steals', 'Claims taken over.', metrics.steals),
    counter('coord_handoffs', 'Claims handed over.', metrics.handoffs),
    counter('coord_kills', 'Agents stopped.', metrics.kills),
    counters('coord_refusals', 'Claims refused.', 'reason', refusals.byReason),
    counters('coord_deadlocks', 'Deadlocks by what became of them.', 'kind', deadlocks),
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
    counter('coord_deploys_started', 'Deploys begun.', deploys.started),
    counters('coord_deploys', 'Deploys ended.', 'outcome', { done: deploys.done, failed: deploys.failed }),
    counters('coord_deploys_blocked', 'Deploys blocked.', 'reason', deploys.blocked.byReason),
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
