import { codePoints } from '../domain/text.js';
import { epochMs, formatDuration, type Instant, secondsBetween } from '../domain/time.js';

const DAY_MS = 86_400_000;

/** The time of day in local time (`14:32`); with the date where it is not within a day of `now`. */
export function clock(instant: Instant, now: Instant): string {
  const ms = epochMs(instant);
  const date = new Date(ms);
  const two = (value: number) => String(value).padStart(2, '0');
  const time = `${two(date.getHours())}:${two(date.getMinutes())}`;
  if (Math.abs(ms - epochMs(now)) < DAY_MS) return time;
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${time}`;
}

/** `22m more`, or `expired 3m ago`. */
export function timeLeft(expiresAt: Instant, now: Instant): string {
  const seconds = secondsBetween(now, expiresAt);
  return seconds > 0 ? formatDuration(seconds) : `expired ${formatDuration(-seconds)} ago`;
}

export function shortCommit(commit: string): string {
  return commit.slice(0, 7);
}

/** Columns padded to their widest cell, two spaces between; the last one is not padded. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    rows.reduce((widest, row) => Math.max(widest, codePoints(row[column] ?? '')), 0),
  );
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === row.length - 1 ? cell : cell + ' '.repeat((widths[column] ?? 0) - codePoints(cell)),
      )
      .join('  ')
      .trimEnd(),
  );
}
