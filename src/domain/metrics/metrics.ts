import type { CoordEvent } from '../events.js';
import { isRefusalEvent } from '../refusal-event.js';
import { type Instant, secondsBetween } from '../time.js';
import { type Contention, type Hold, rankContention, type Spread, type Stop, spreadOf } from './contention.js';

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
  /** How long agents stood in the queue, whatever came of it. */
  readonly waits: { readonly started: number; readonly byOutcome: Counts; readonly seconds: Spread };
  /** From the grant of a claim to its end, of those that ended in the period. */
  readonly holds: Spread;
  /** The hottest first. */
  readonly contention: readonly Contention[];
  readonly deploys: {
    readonly started: number;
    readonly done: number;
    readonly failed: number;
    readonly blocked: { readonly count: number; readonly byReason: Counts };
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
    refusals: { count: sum(refusals.map(timesOf)), byReason: countBy(refusals, 'reason') },
    waits: { started: count('wait.started'), byOutcome: countBy(ended, 'outcome'), seconds: spreadOf(tally.waited) },
    holds: spreadOf(tally.holds.map(({ seconds }) => seconds)),
    contention: rankContention(tally.stops, tally.holds),
    deploys: {
      started: count('deploy.started'),
      done: count('deploy.done'),
      failed: count('deploy.failed'),
      blocked: { count: blocked.length, byReason: countBy(blocked, 'reason') },
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

function countBy(events: readonly CoordEvent[], fact: 'reason' | 'outcome'): Counts {
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

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
