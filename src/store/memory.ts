import type { CoordEvent } from '../domain/events.js';
import { EMPTY_STATE, type State } from '../domain/model.js';
import type { Entry, ReadOptions, Snapshot, Store } from './store.js';

/** A store that lives as long as the process: for tests, and as the reference of the contract suite. */
export class MemoryStore implements Store {
  readonly history: Entry[] = [];
  private current: Snapshot;
  private deferred: CoordEvent[] = [];

  constructor(initial: State = EMPTY_STATE) {
    this.current = { revision: '0', state: initial, hasLog: true };
  }

  async read(options: ReadOptions = {}): Promise<Snapshot> {
    if (options.log) return this.current;
    return { ...this.current, state: { ...this.current.state, notes: [] }, hasLog: false };
  }

  async latest(options?: ReadOptions): Promise<Snapshot> {
    return this.read(options);
  }

  async swap(from: Snapshot, state: State, entry: Entry): Promise<boolean> {
    if (from.revision !== this.current.revision) return false;
    const notes = from.hasLog ? state.notes : this.current.state.notes;
    this.current = { revision: String(this.history.length + 1), state: { ...state, notes }, hasLog: true };
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
    return this.current.state.notes;
  }
}
