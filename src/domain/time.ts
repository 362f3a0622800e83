/**
 * A point in time: UTC, ISO 8601 with milliseconds (`2026-11-21T14:02:00.000Z`). Kept as text, since that form sorts as
 * time does and needs no conversion when a large state is read.
 */
export type Instant = string;

const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;
const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const LONGEST_MS = 365 * 86_400_000;

export function isInstant(value: unknown): value is Instant {
  return typeof value === 'string' && INSTANT.test(value) && !Number.isNaN(Date.parse(value));
}

/** Milliseconds since the epoch. */
export function epochMs(instant: Instant): number {
  return Date.parse(instant);
}

export function instantOf(ms: number): Instant {
  return new Date(ms).toISOString();
}

export function addSeconds(instant: Instant, seconds: number): Instant {
  return instantOf(epochMs(instant) + Math.round(seconds * 1000));
}

/** Seconds from the first instant to the second; negative when the second is earlier. */
export function secondsBetween(from: Instant, to: Instant): number {
  return (epochMs(to) - epochMs(from)) / 1000;
}

export function later(a: Instant, b: Instant): Instant {
  return a > b ? a : b;
}

/** Seconds of a duration such as `30s`, `15m`, `2h`; null when the text is not one, or is longer than a year. */
export function parseDuration(text: string): number | null {
  const match = DURATION.exec(text.trim());
  const unit = UNIT_MS[match?.[2] ?? ''];
  if (!match || unit === undefined) return null;
  const ms = Number(match[1]) * unit;
  return Number.isFinite(ms) && ms <= LONGEST_MS ? ms / 1000 : null;
}

/** A duration in the largest unit that stays readable: `45s`, `22m`, `3h 5m`. Rounded up, so that "0s" means none. */
export function formatDuration(seconds: number): string {
  const whole = Math.ceil(Math.abs(seconds));
  if (whole < 60) return `${whole}s`;
  const minutes = Math.ceil(whole / 60);
  if (minutes < 60) return `${minutes}m`;
  const rest = minutes % 60;
  return rest === 0 ? `${Math.floor(minutes / 60)}h` : `${Math.floor(minutes / 60)}h ${rest}m`;
}
