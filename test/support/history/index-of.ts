import type { CoordEvent } from '../../../src/domain/events.js';
import type { BranchCommit } from './branch.js';

export interface EventAt {
  readonly event: CoordEvent;
  /** Index of its commit. */
  readonly index: number;
}

/** Where in a history the effects of operations stand. */
export interface HistoryIndex {
  /** By claim id. */
  readonly grants: ReadonlyMap<string, readonly EventAt[]>;
  readonly renewals: ReadonlyMap<string, readonly EventAt[]>;
  /** Indices of commits, by claim id. */
  readonly releases: ReadonlyMap<string, readonly number[]>;
  /** Indices of commits, by note id. */
  readonly notes: ReadonlyMap<string, readonly number[]>;
  /** By the mark of a call: how often each target was granted to it. */
  readonly marked: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

export function indexHistory(commits: readonly BranchCommit[]): HistoryIndex {
  const grants = new Map<string, EventAt[]>();
  const renewals = new Map<string, EventAt[]>();
  const releases = new Map<string, number[]>();
  const notes = new Map<string, number[]>();
  const marked = new Map<string, Map<string, number>>();
  for (const [index, { events }] of commits.entries()) {
    for (const event of events) {
      const claim = String(event.claim);
      if (event.type === 'claim.granted' || event.type === 'claim.handed-off') {
        add(grants, claim, { event, index });
        count(marked, String(event.reason), String(event.target));
      }
      if (event.type === 'claim.renewed') add(renewals, claim, { event, index });
      if (event.type === 'claim.released') add(releases, claim, index);
      if (event.type === 'note.added') add(notes, String(event.note), index);
    }
  }
  return { grants, renewals, releases, notes, marked };
}

function add<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}

function count(map: Map<string, Map<string, number>>, key: string, target: string): void {
  const counts = map.get(key) ?? new Map<string, number>();
  counts.set(target, (counts.get(target) ?? 0) + 1);
  map.set(key, counts);
}
