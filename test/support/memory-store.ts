import type { CoordEvent } from '../../src/domain/events.js';
import { EMPTY_STATE, PART_FIELDS, type Part, type State } from '../../src/domain/model.js';
import type { Entry, Snapshot, Store } from '../../src/store/swap/store.js';

/** A store that lives as long as the process: for tests, and as the reference of the contract suite. */
export class MemoryStore implements Store {
  readonly history: Entry[] = [];
  private state: State;
  private deferred: CoordEvent[] = [];

  constructor(initial: State = EMPTY_STATE) {
    this.state = initial;
  }

  async read(parts: readonly Part[] = []): Promise<Snapshot> {
    return { revision: this.revision, state: { ...this.state, ...without(parts, EMPTY_STATE) }, parts };
  }

  async latest(parts?: readonly Part[]): Promise<Snapshot> {
    return this.read(parts);
  }

  async swap(from: Snapshot, state: State, entry: Entry): Promise<boolean> {
    if (from.revision !== this.revision) return false;
    this.state = { ...state, ...without(from.parts, this.state) };
    this.history.push({ ...entry, events: [...this.deferred, ...entry.events] });
    this.deferred = [];
    return true;
  }

  defer(event: CoordEvent): void {
    this.deferred.push(event);
  }

  async exclusively<T>(work: () => Promise<T>): Promise<T> {
    return work();
  }

  async readLog() {
    return this.state.notes;
  }

  private get revision(): string {
    return String(this.history.length);
  }
}

/** The parts that were not read, as they are in `other`. */
function without(parts: readonly Part[], other: State): Partial<State> {
  const absent = (Object.keys(PART_FIELDS) as Part[]).filter((part) => !parts.includes(part));
  return Object.fromEntries(absent.map((part) => [PART_FIELDS[part], other[PART_FIELDS[part]]]));
}
