import type { CoordEvent, EventType } from '../../../../src/domain/events.js';
import type { Note } from '../../../../src/domain/model.js';
import type { Operation } from './operations.js';

export interface EventAt {
  readonly event: CoordEvent;
  readonly operation: Operation;
}

/** Where in a history the effects of operations stand. */
export interface HistoryIndex {
  /** All by claim id. */
  readonly grants: ReadonlyMap<string, readonly EventAt[]>;
  readonly renewals: ReadonlyMap<string, readonly EventAt[]>;
  readonly releases: ReadonlyMap<string, readonly EventAt[]>;
  readonly offers: ReadonlyMap<string, readonly EventAt[]>;
  readonly declines: ReadonlyMap<string, readonly EventAt[]>;
  /** By note id. */
  readonly notes: ReadonlyMap<string, readonly EventAt[]>;
  /** By commit. */
  readonly landings: ReadonlyMap<string, readonly EventAt[]>;
  /** What was done with each submission, by its id. */
  readonly submissions: ReadonlyMap<string, readonly EventAt[]>;
  /** What was done with each task, by its id. */
  readonly tasks: ReadonlyMap<string, readonly EventAt[]>;
  readonly texts: ReadonlyMap<string, Note>;
  /** By the mark of a call: how often each target was given to it. */
  readonly marked: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

const LISTS = {
  'claim.granted': 'grants',
  'claim.handed-off': 'grants',
  'claim.renewed': 'renewals',
  'claim.released': 'releases',
  'claim.offered': 'offers',
  'claim.declined': 'declines',
  'note.added': 'notes',
  'work.landed': 'landings',
  'work.submitted': 'submissions',
  'work.integrated': 'submissions',
  'work.declined': 'submissions',
  'work.withdrawn': 'submissions',
  'task.added': 'tasks',
  'task.taken': 'tasks',
  'task.done': 'tasks',
  'task.returned': 'tasks',
} as const satisfies Partial<Record<EventType, keyof HistoryIndex>>;

/** @param log every note that the branch has at its end */
export function indexHistory(operations: readonly Operation[], log: readonly Note[]): HistoryIndex {
  const claims = { grants: byId(), renewals: byId(), releases: byId(), offers: byId(), declines: byId() };
  const by = { ...claims, notes: byId(), landings: byId(), submissions: byId(), tasks: byId() };
  const marked = new Map<string, Map<string, number>>();
  for (const operation of operations) {
    for (const event of operation.events) {
      const list = LISTS[event.type as keyof typeof LISTS];
      if (list) add(by[list], keyOf(event, list), { event, operation });
      const given = event.type === 'claim.granted' || event.type === 'claim.renewed';
      if (given && typeof event.reason === 'string') count(marked, event.reason, String(event.target));
    }
  }
  for (const { text, id } of log) count(marked, text, `note ${id}`);
  return { ...by, texts: new Map(log.map((note) => [note.id, note])), marked };
}

function keyOf({ commit, task, submission, note, claim }: CoordEvent, list: keyof HistoryIndex): string {
  if (list === 'landings') return String(commit);
  return String(list === 'tasks' ? task : (submission ?? note ?? claim));
}

function byId(): Map<string, EventAt[]> {
  return new Map();
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
