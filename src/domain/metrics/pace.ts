import { oneLine } from '../text.js';
import { epochMs, type Instant, instantOf } from '../time.js';

/**
 * How many pushes a minute hosts document, by the end of their names; whose they are, since most limits are one user's, not a
 * repository's. GitHub recommends it ("Repository limits"); GitLab takes so many over SSH for each user and project ("Rate limits on Git
 * SSH operations"; its limit for a whole project is not published); Bitbucket takes 60,000 requests an hour of each user ("API request
 * limits"), and a push over HTTPS is two. Of other hosts nothing is known.
 */
const DOCUMENTED: Readonly<Record<string, { readonly perMinute: number; readonly words: string }>> = {
  'github.com': { perMinute: 6, words: 'recommends at most 6 a minute' },
  'gitlab.com': { perMinute: 600, words: 'takes 600 a minute of one user' },
  'bitbucket.org': { perMinute: 500, words: 'takes 500 a minute of one user' },
};

/** How often a remote is pushed to, as the commits of its state ref tell: a push that was refused is not among them. */
export interface Pace {
  readonly count: number;
  /** On average, from the first push to the end of the period. */
  readonly perMinute: number;
  /** The most in any 60 seconds, and when they began; null: there was no push. */
  readonly busiest: { readonly at: Instant; readonly count: number } | null;
  /** The host that is pushed to; null: a path, or none. */
  readonly host: string | null;
  /** How many a minute it documents, or the configuration says; null: that is not known. */
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
    advised: configured ?? (host === null ? null : (documentedFor(host)?.perMinute ?? null)),
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

function documentedFor(host: string) {
  const known = Object.keys(DOCUMENTED).find((name) => host === name || host.endsWith(`.${name}`));
  return known === undefined ? undefined : DOCUMENTED[known];
}

/** What the pace is held against, and who says so; empty where nothing is pushed to a host. */
export function limitText({ host, advised }: Pick<Pace, 'host' | 'advised'>): string {
  const documented = host === null ? undefined : documentedFor(host);
  if (advised !== null && advised !== documented?.perMinute) return `pushesPerMinute is ${advised}`;
  if (host === null) return '';
  return `${oneLine(host)} ${documented?.words ?? 'is not known to say how many it takes: set pushesPerMinute'}`;
}
