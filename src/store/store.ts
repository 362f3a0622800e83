import type { CoordEvent } from '../domain/events.js';
import type { Note, State } from '../domain/model.js';
import type { Instant } from '../domain/time.js';

/** A state, and the revision that a swap compares with. */
export interface Snapshot {
  /** Opaque; equal revisions have equal states. */
  readonly revision: string;
  readonly state: State;
  /** Whether `state.notes` was read, and so may be written. */
  readonly hasLog: boolean;
}

/** What is written beside the new state: the audit trail. */
export interface Entry {
  /** Id of the operation: makes the revision unlike every other, even with the same content. */
  readonly operation: string;
  readonly agent: string;
  readonly at: Instant;
  /** One sentence. */
  readonly summary: string;
  readonly events: readonly CoordEvent[];
}

export interface ReadOptions {
  /** Whether the newest segment of the log is needed; without it `state.notes` is empty and is never written. */
  readonly log?: boolean;
}

/** Where the state lives. One contract suite (test/contract) holds for every implementation. */
export interface Store {
  /**
   * The state as last known here.
   * @throws CoordError `corrupt` when it is damaged or of a newer format, `usage` when there is none yet.
   */
  read(options?: ReadOptions): Promise<Snapshot>;
  /** The state as its arbiter has it now: no refusal is given on less. */
  latest(options?: ReadOptions): Promise<Snapshot>;
  /**
   * Compare-and-swap: the new state is written only if the revision is still the one that was read; false otherwise.
   * Deferred events are written with it.
   */
  swap(from: Snapshot, state: State, entry: Entry): Promise<boolean>;
  /** Keeps an event to ride with the next swap, so that polling does not flood the history. */
  defer(event: CoordEvent): void;
  /** Runs the work while other local writers wait: saves them wasted work, and is never what makes a swap right. */
  exclusively<T>(work: () => Promise<T>): Promise<T>;
  /** The whole log, oldest first. */
  readLog(): Promise<readonly Note[]>;
}
