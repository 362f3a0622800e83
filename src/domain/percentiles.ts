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
