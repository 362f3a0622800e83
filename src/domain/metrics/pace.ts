import { epochMs, type Instant, instantOf } from '../time.js';

/**
 * How many pushes a minute to one repository hosts advise, or take, by the end of their names. GitHub: "Repository limits" of its
 * documentation, 6 a minute; GitLab: 600 a minute for each user and project; Bitbucket: 60,000 requests an hour for each user.
 */
const ADVICE: Readonly<Record<string, number>> = { 'github.com': 6, 'gitlab.com': 600, 'bitbucket.org': 1_000 };

/** How often a remote is pushed to, as the commits of its state ref tell: a push that was refused is not among them. */
export interface Pace {
  readonly count: number;
  /** On average, from the first push to the end of the period. */
  readonly perMinute: number;
  /** The most in any 60 seconds, and when they began; null: there was no push. */
  readonly busiest: { readonly at: Instant; readonly count: number } | null;
  /** The host that is pushed to; null: a path, or none. */
  readonly host: string | null;
  /** How many a minute it advises, or the configuration says; null: that is not known. */
  readonly advised: number | null;
}

const MINUTE_MS = 60_000;

/**
 * @param pushes when each was, in any order
 * @param configured `pushesPerMinute`; null: the host's advice counts
 */
export function paceOf(
  pushes: readonly Instant[],
  now: Instant,
  address: string | null,
  configured: number | null,
): Pace {
  const times = pushes.map(epochMs).sort((a, b) => a - b);
  const [first] = times;
  const minutes = first === undefined ? 1 : Math.max(1, (epochMs(now) - first) / MINUTE_MS);
  const host = address === null ? null : hostOf(address);
  return {
    count: times.length,
    perMinute: Math.round((times.length / minutes) * 100) / 100,
    busiest: busiestOf(times),
    host,
    advised: configured ?? (host === null ? null : adviceFor(host)),
  };
}

/** Whether the busiest minute had more pushes than are advised. */
export function isTooFast({ busiest, advised }: Pace): boolean {
  return busiest !== null && advised !== null && busiest.count > advised;
}

function busiestOf(times: readonly number[]): Pace['busiest'] {
  let busiest: { at: number; count: number } | null = null;
  let from = 0;
  for (const [index, time] of times.entries()) {
    while (time - (times[from] ?? time) >= MINUTE_MS) from += 1;
    const count = index - from + 1;
    if (busiest === null || count > busiest.count) busiest = { at: times[from] ?? time, count };
  }
  return busiest === null ? null : { at: instantOf(busiest.at), count: busiest.count };
}

/** The host of an address, as git takes it: a URL, or `user@host:path`; null: a path of this machine. */
export function hostOf(address: string): string | null {
  const [, url] = /^[a-z][a-z0-9+.-]*:\/\/(?:[^@/]*@)?(\[[^\]]+\]|[^:/]+)/i.exec(address) ?? [];
  const [, scp] = /^(?:[^@/:]+@)?([^/:]+):(?!\/\/)/.exec(address) ?? [];
  const host = url ?? scp;
  return host === undefined || /^file:/i.test(address) ? null : host.toLowerCase();
}

function adviceFor(host: string): number | null {
  const known = Object.keys(ADVICE).find((name) => host === name || host.endsWith(`.${name}`));
  return known === undefined ? null : (ADVICE[known] ?? null);
}
