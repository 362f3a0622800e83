import { type CoordEvent, isRefusalEvent } from '../events.js';
import { type Instant, secondsBetween } from '../time.js';

export type Counts = Readonly<Record<string, number>>;

/** What the history of a period says about how the fleet works together. */
export interface Metrics {
  /** Of the first event that counts; null where there is none. */
  readonly from: Instant | null;
  readonly to: Instant;
  readonly grants: number;
  readonly renewals: number;
  readonly releases: number;
  readonly expiries: number;
  readonly takeovers: number;
  readonly handoffs: number;
  readonly kills: number;
  readonly deadlocks: { readonly prevented: number; readonly suspected: number };
  readonly refusals: { readonly count: number; readonly byReason: Counts };
  /** How long agents stood in the queue, whatever came of it; what ended in the period may have begun before it. */
  readonly waits: {
    readonly started: number;
    readonly ended: number;
    readonly byOutcome: Counts;
    readonly seconds: Spread;
  };
  /** From the grant of a claim to its end, of those that ended in the period. */
  readonly holds: Spread;
  /** The hottest first. */
  readonly contention: readonly Contention[];
  readonly deploys: {
    readonly started: number;
    readonly done: number;
    readonly failed: number;
    readonly blocked: { readonly count: number; readonly byStep: Counts };
  };
}

/**
 * Computes the metrics of a period from the events of the history, oldest first.
 * @param counts whether an event is in the period; the others say when a claim was granted and a wait began
 */
export function metricsOf(
  events: readonly CoordEvent[],
  counts: (event: CoordEvent) => boolean,
  now: Instant,
): Metrics {
  const counted = events.filter(counts);
  const tally = new Tally(new Set(counted));
  for (const event of events) tally.add(event);
  const count = (type: CoordEvent['type']) => counted.filter((event) => event.type === type).length;
  const refusals = counted.filter(isRefusalEvent);
  const ended = counted.filter(({ type }) => type === 'wait.ended');
  const blocked = counted.filter(({ type }) => type === 'deploy.blocked');
  return {
    from: counted.reduce<Instant | null>((first, { at }) => (first === null || at < first ? at : first), null),
    to: now,
    grants: count('claim.granted'),
    renewals: count('claim.renewed'),
    releases: count('claim.released'),
    expiries: count('claim.expired'),
    takeovers: counted.filter(isTakeover).length,
    handoffs: count('claim.handed-off'),
    kills: count('agent.killed'),
    deadlocks: { prevented: count('deadlock.prevented'), suspected: count('deadlock.suspected') },
    refusals: { count: timesIn(refusals), byReason: countBy(refusals, 'reason') },
    waits: {
      started: count('wait.started'),
      ended: ended.length,
      byOutcome: countBy(ended, 'outcome'),
      seconds: spreadOf(tally.waited),
    },
    holds: spreadOf(tally.holds.map(({ seconds }) => seconds)),
    contention: rankContention(tally.stops, tally.holds),
    deploys: {
      started: count('deploy.started'),
      done: count('deploy.done'),
      failed: count('deploy.failed'),
      blocked: { count: timesIn(blocked), byStep: countBy(blocked, 'step') },
    },
  };
}

interface Begin {
  readonly at: Instant;
  readonly target: string;
}

/** Goes through the history once, and pairs ends with their beginnings. */
class Tally {
  readonly waited: number[] = [];
  readonly holds: Hold[] = [];
  readonly stops: Stop[] = [];
  private readonly claims = new Map<string, Begin>();
  private readonly waits = new Map<string, { readonly at: Instant; readonly stops: readonly Stop[] }>();

  constructor(private readonly counted: ReadonlySet<CoordEvent>) {}

  add(event: CoordEvent): void {
    const ended = claimEnded(event);
    if (ended !== null) this.endHold(event, ended);
    const begun = claimBegun(event);
    if (begun !== null) this.claims.set(begun, { at: event.at, target: String(event.target) });
    if (isRefusalEvent(event) && event.code === 'held' && this.counted.has(event)) {
      this.stops.push(...this.stopsOf(event, 'refused', timesOf(event)));
    }
    if (event.type === 'wait.started') this.beginWait(event);
    if (event.type === 'wait.ended') this.endWait(event);
  }

  private endHold(event: CoordEvent, claim: string): void {
    const begin = this.claims.get(claim);
    if (!begin || !this.counted.has(event)) return;
    const expired = event.type === 'claim.expired';
    // A claim that expired is swept later, but was over then.
    const at = expired && typeof event.expiresAt === 'string' ? event.expiresAt : event.at;
    this.holds.push({ target: begin.target, seconds: Math.max(0, secondsBetween(begin.at, at)), expired });
  }

  private beginWait(event: CoordEvent): void {
    const stops = this.stopsOf(event, 'waited', 1);
    this.waits.set(String(event.waiter), { at: event.at, stops });
    if (this.counted.has(event)) this.stops.push(...stops);
  }

  private endWait(event: CoordEvent): void {
    if (!this.counted.has(event)) return;
    const begin = this.waits.get(String(event.waiter));
    const known = typeof event.waitedSeconds === 'number' ? event.waitedSeconds : null;
    const seconds = known ?? (begin ? secondsBetween(begin.at, event.at) : null);
    if (seconds === null) return;
    this.waited.push(seconds);
    for (const stop of begin?.stops ?? []) this.stops.push({ ...stop, how: 'waited', times: 0, seconds });
  }

  /** Where it was that somebody could not pass: the ground that was held, or where that is not known, what was asked. */
  private stopsOf(event: CoordEvent, how: Stop['how'], times: number): Stop[] {
    const asked = textsIn(event.targets);
    const held = textsIn(event.heldBy).flatMap((claim) => this.claims.get(claim)?.target ?? []);
    const targets = [...new Set(held.length > 0 ? held : asked)];
    return targets.map((target) => ({ target, asked, agent: event.agent, how, times, seconds: 0 }));
  }
}

/** The id of the claim that begins with this event; null for all other events. */
function claimBegun(event: CoordEvent): string | null {
  return event.type === 'claim.granted' || event.type === 'claim.handed-off' ? String(event.claim) : null;
}

function claimEnded(event: CoordEvent): string | null {
  if (event.type === 'claim.handed-off') return String(event.fromClaim);
  return ['claim.released', 'claim.expired', 'claim.lost'].includes(event.type) ? String(event.claim) : null;
}

function isTakeover(event: CoordEvent): boolean {
  return event.type === 'claim.lost' && event.how === 'taken-over';
}

/** A refusal that was repeated before it was recorded stands for all of them. */
function timesOf({ count }: CoordEvent): number {
  return typeof count === 'number' && count > 0 ? count : 1;
}

function timesIn(events: readonly CoordEvent[]): number {
  return events.reduce((total, event) => total + timesOf(event), 0);
}

function countBy(events: readonly CoordEvent[], fact: 'reason' | 'outcome' | 'step'): Counts {
  const counts = new Map<string, number>();
  for (const event of events) {
    const name = typeof event[fact] === 'string' ? (event[fact] as string) : 'unknown';
    counts.set(name, (counts.get(name) ?? 0) + timesOf(event));
  }
  return Object.fromEntries([...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)));
}

function textsIn(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

/** Somebody could not pass: refused, or queued. */
interface Stop {
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
interface Hold {
  readonly target: string;
  readonly seconds: number;
  readonly expired: boolean;
}

/**
 * What would help: `narrow`: only parts of it were wanted; `release`: it is left to expire; `shorten`: it is held long;
 * `queue`: agents try again instead of queueing; `split`: several want it; `none`: one agent met another there, and no more.
 */
export type Advice =
  | { readonly kind: 'narrow'; readonly wanted: readonly string[]; readonly more: number }
  | { readonly kind: 'release'; readonly expiries: number }
  | { readonly kind: 'shorten'; readonly p95: number }
  | { readonly kind: 'queue'; readonly refusals: number }
  | { readonly kind: 'split'; readonly agents: number }
  | { readonly kind: 'none' };

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
/** A target is held long when one claim in twenty is held longer than this. */
const LONG_HOLD_SECONDS = 1_800;
/** So many refusals for each wait are polling, where there are more of them than agents. */
const REFUSALS_PER_WAIT = 3;

/** The targets at which somebody was stopped: first those where it happened most often, then where it cost most time. */
function rankContention(stops: readonly Stop[], holds: readonly Hold[]): Contention[] {
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

/** What was asked inside a target by all who were stopped there, most asked first; none when one may have wanted more of it. */
function partsWanted(target: string, stops: readonly Stop[]): string[] {
  const folder = /^(.*\/)?\*\*$/.test(target) ? target.slice(0, -2) : `${target}/`;
  const times = new Map<string, number>();
  for (const stop of stops) {
    const inside = stop.asked.filter((asked) => asked !== target && asked.startsWith(folder));
    const wider = stop.asked.some((asked) => asked === target || (!inside.includes(asked) && /[*?[{]/.test(asked)));
    if (inside.length === 0 || wider) return [];
    for (const asked of inside) times.set(asked, (times.get(asked) ?? 0) + stop.times);
  }
  return [...times].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).map(([asked]) => asked);
}

function adviceFor(facts: Omit<Contention, 'advice'>, wanted: readonly string[]): Advice {
  const { refusals, waits, expiries, holds, agents } = facts;
  if (wanted.length > 0) {
    return {
      kind: 'narrow',
      wanted: wanted.slice(0, MOST_WANTED),
      more: wanted.slice(MOST_WANTED).length,
    };
  }
  if (expiries > 0 && expiries * 2 >= holds.count) return { kind: 'release', expiries };
  if (holds.p95 !== null && holds.p95 > LONG_HOLD_SECONDS) return { kind: 'shorten', p95: holds.p95 };
  if (refusals > Math.max(agents, waits * REFUSALS_PER_WAIT)) return { kind: 'queue', refusals };
  return agents > 1 ? { kind: 'split', agents } : { kind: 'none' };
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
