import type { CoordEvent } from '../domain/events.js';
import { EMPTY_STATE, type State } from '../domain/model.js';
import type { Entry, Part, Snapshot, Store } from './store.js';

/** A store that lives as long as the process: for tests, and as the reference of the contract suite. */
export class MemoryStore implements Store {
  readonly history: Entry[] = [];
  private state: State;
  private deferred: CoordEvent[] = [];

  constructor(initial: State = EMPTY_STATE) {
    this.state = initial;
  }

  async read(parts: readonly Part[] = []): Promise<Snapshot> {
    const { notes, onces } = this.state;
    const state = {
      ...this.state,
      notes: parts.includes('log') ? notes : [],
      onces: parts.includes('onces') ? onces : [],
    };
    return { revision: this.revision, state, parts };
  }

  async latest(parts?: readonly Part[]): Promise<Snapshot> {
    return this.read(parts);
  }

  async swap(from: Snapshot, state: State, entry: Entry): Promise<boolean> {
    if (from.revision !== this.revision) return false;
    const { notes, onces } = this.state;
    this.state = {
      ...state,
      notes: from.parts.includes('log') ? state.notes : notes,
      onces: from.parts.includes('onces') ? state.onces : onces,
    };
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
