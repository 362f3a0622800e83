import { appendFileSync } from 'node:fs';
import { expect } from 'vitest';

/** Whether the whole battery runs (`npm run battery`), not the short version that is part of `npm test`. */
export const FULL = process.env.COORD_BATTERY === 'full';

/** How often something is tried: `short` in `npm test`, `full` in the battery. */
export function sized(short: number, full: number): number {
  return FULL ? full : short;
}

export interface Tally {
  readonly test: string;
  /** How much was tried. */
  readonly tried: string;
  /** What must be seen. */
  readonly bar: string;
  /** Figures to be seen beside the bar, such as a percentile. */
  readonly figures?: string;
  /** What did not hold, one text each. */
  readonly failures: readonly string[];
}

/** Puts a row into the table of `npm run battery`, and fails the test where something did not hold. */
export function tally({ failures, ...row }: Tally): void {
  const report = process.env.COORD_BATTERY_REPORT;
  if (report) appendFileSync(report, `${JSON.stringify({ ...row, failures: failures.length })}\n`);
  expect(failures).toEqual([]);
}
