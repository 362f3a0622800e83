/** Somebody could not pass: refused, or queued. */
export interface Stop {
  /** The ground that was held. */
  readonly target: string;
  /** What was asked. */
  readonly asked: readonly string[];
  readonly agent: string;
  readonly how: 'refused' | 'waited';
  /** 0 for what only adds time to a wait that was counted. */
  readonly times: number;
  /** Time in the queue. */
  readonly seconds: number;
}

/** A claim from its grant to its end. */
export interface Hold {
  readonly target: string;
  readonly seconds: number;
  readonly expired: boolean;
}

/**
 * What would help: `narrow`: only parts of it were wanted; `release`: it is left to expire; `shorten`: it is held long;
 * `queue`: agents try again instead of queueing; `split`: it is simply wanted by many.
 */
export type Advice =
  | { readonly kind: 'narrow'; readonly wanted: readonly string[] }
  | { readonly kind: 'release'; readonly expiries: number }
  | { readonly kind: 'shorten'; readonly p95: number }
  | { readonly kind: 'queue'; readonly refusals: number }
  | { readonly kind: 'split' };

/** How hot one target is. */
export interface Contention {
  readonly target: string;
  readonly refusals: number;
  readonly waits: number;
  readonly waitedSeconds: number;
  /** How many agents were stopped there. */
  readonly agents: number;
  readonly holds: Spread;
  readonly expiries: number;
  readonly advice: Advice;
}

const MOST_WANTED = 3;
/** A target is held long when one hold in twenty takes longer than this. */
const LONG_HOLD_SECONDS = 1_800;
/** So many refusals for each wait are polling. */
const REFUSALS_PER_WAIT = 3;

/** The targets at which somebody was stopped: first those where it happened most often, then where it cost most time. */
export function rankContention(stops: readonly Stop[], holds: readonly Hold[]): Contention[] {
  const held = byTarget(holds);
  return [...byTarget(stops)]
    .map(([target, here]) => contentionOf(target, here, held.get(target) ?? []))
    .sort(
      (a, b) =>
        b.refusals + b.waits - (a.refusals + a.waits) ||
        b.waitedSeconds - a.waitedSeconds ||
        (a.target < b.target ? -1 : 1),
    );
}

function byTarget<T extends { readonly target: string }>(items: readonly T[]): ReadonlyMap<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(item.target);
    if (group) group.push(item);
    else groups.set(item.target, [item]);
  }
  return groups;
}

function contentionOf(target: string, stops: readonly Stop[], holds: readonly Hold[]): Contention {
  const timesOf = (how: Stop['how']) =>
    stops.filter((stop) => stop.how === how).reduce((total, { times }) => total + times, 0);
  const facts = {
    target,
    refusals: timesOf('refused'),
    waits: timesOf('waited'),
    waitedSeconds: Math.round(stops.reduce((total, { seconds }) => total + seconds, 0) * 1000) / 1000,
    agents: new Set(stops.map(({ agent }) => agent)).size,
    holds: spreadOf(holds.map(({ seconds }) => seconds)),
    expiries: holds.filter(({ expired }) => expired).length,
  };
  return { ...facts, advice: adviceFor(facts, partsWanted(target, stops)) };
}

/** What was asked inside a target by all who were stopped there, most asked first; none when one wanted it whole. */
function partsWanted(target: string, stops: readonly Stop[]): string[] {
  const folder = /^(.*\/)?\*\*$/.test(target) ? target.slice(0, -2) : `${target}/`;
  const times = new Map<string, number>();
  for (const stop of stops) {
    const inside = stop.asked.filter((asked) => asked !== target && asked.startsWith(folder));
    if (inside.length === 0) return [];
    for (const asked of inside) times.set(asked, (times.get(asked) ?? 0) + stop.times);
  }
  return [...times].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).map(([asked]) => asked);
}

function adviceFor(facts: Omit<Contention, 'advice'>, wanted: readonly string[]): Advice {
  const { refusals, waits, expiries, holds } = facts;
  if (wanted.length > 0) return { kind: 'narrow', wanted: wanted.slice(0, MOST_WANTED) };
  if (expiries > 0 && expiries * 2 >= holds.count) return { kind: 'release', expiries };
  if (holds.p95 !== null && holds.p95 > LONG_HOLD_SECONDS) return { kind: 'shorten', p95: holds.p95 };
  if (refusals > waits * REFUSALS_PER_WAIT) return { kind: 'queue', refusals };
  return { kind: 'split' };
}

/** How a number of durations is spread, in seconds. The fields but `count` and `sum` are null where there is none. */
export interface Spread {
  readonly count: number;
  readonly sum: number;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly max: number | null;
}

/** The spread of some durations, rounded to milliseconds. */
export function spreadOf(seconds: readonly number[]): Spread {
  const sorted = seconds.map(toMilliseconds).sort((a, b) => a - b);
  return {
    count: sorted.length,
    sum: toMilliseconds(sorted.reduce((total, value) => total + value, 0)),
    p50: nearestRank(sorted, 50),
    p95: nearestRank(sorted, 95),
    max: sorted.at(-1) ?? null,
  };
}

/**
 * The nearest-rank percentile: the smallest value that at least so many percent of all values do not exceed. It is
 * always one of the values, and needs no interpolation. (Hyndman and Fan, 1996, definition 1.)
 * @param sorted in ascending order
 */
export function nearestRank(sorted: readonly number[], percent: number): number | null {
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? null;
}

function toMilliseconds(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
