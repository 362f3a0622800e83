import type { CoordEvent } from '../domain/events.js';
import type { Note, State } from '../domain/model.js';
import type { Instant } from '../domain/time.js';
import type { RequestQueue } from './request-queue.js';

/** A state, and the revision that a swap compares with. */
export interface Snapshot {
  /** Opaque; equal revisions have equal states. */
  readonly revision: string;
  readonly state: State;
  /** The parts beside claims and agents that were read, and so may be written; the others are empty. */
  readonly parts: readonly Part[];
}

/** What is written beside the new state: the audit trail. */
export interface Entry {
  /** Id of the operation: makes the revision unlike every other, even with the same content. */
  readonly operation: string;
  /** The other operations that are written with it. */
  readonly others?: readonly string[];
  readonly agent: string;
  readonly at: Instant;
  /** One sentence. */
  readonly summary: string;
  readonly events: readonly CoordEvent[];
}

/**
 * What is read only when it is asked for, so that a claim does not pay for it: the newest segment of the log, the
 * programs that run once, what was deployed, the answers to request ids, and submissions.
 */
export type Part = 'log' | 'onces' | 'deployments' | 'requests' | 'submissions';

/** Where each part stands in the state. */
export const PART_FIELDS = {
  log: 'notes',
  onces: 'onces',
  deployments: 'deployments',
  requests: 'requests',
  submissions: 'submissions',
} as const satisfies Record<Part, keyof State>;

/** Where the state lives. One contract suite (test/contract) holds for every implementation. */
export interface Store {
  /** Whether a lost swap has already let others through before it returned, so that no further pause is due. */
  readonly paced?: boolean;
  /** Called before a request is decided: what was granted without the arbiter is put to it first. */
  begin?(): Promise<void>;
  /** Called once a request was decided, whatever came of it: others need not wait for this writer any more. */
  end?(): void;
  /**
   * The state as last known here.
   * @throws CoordError `corrupt` when it is damaged or of a newer format, `usage` when there is none yet.
   */
  read(parts?: readonly Part[]): Promise<Snapshot>;
  /** The state as its arbiter has it now: no refusal is given on less. */
  latest(parts?: readonly Part[]): Promise<Snapshot>;
  /**
   * Compare-and-swap: the new state is written only if the revision is still the one that was read; false otherwise.
   * Deferred events are written with it.
   * @param announce called with the new revision, before it can be in the history
   */
  swap(from: Snapshot, state: State, entry: Entry, announce?: (revision: string) => void): Promise<boolean>;
  /** Where requests of several processes wait to be decided together; absent where each goes alone. */
  readonly queue?: RequestQueue | undefined;
  /** Whether a revision that followed `base` is in the history. */
  isWritten?(revision: string, base: string): Promise<boolean>;
  /** Whether an operation was written after `base`. */
  isPerformed?(operation: string, base: string): Promise<boolean>;
  /** Keeps an event to ride with the next swap, so that polling does not flood the history. */
  defer(event: CoordEvent): void;
  /** Runs the work while other local writers wait: saves them wasted work, and is never what makes a swap right. */
  exclusively<T>(work: () => Promise<T>): Promise<T>;
  /** The whole log, oldest first. */
  readLog(): Promise<readonly Note[]>;
}
