import type { CoordEvent } from '../../domain/events.js';
import type { Note, Part, Reach, State } from '../../domain/model.js';
import type { Rode } from '../../domain/request.js';
import type { Rider } from '../../domain/riders.js';
import type { Instant } from '../../domain/time.js';
import { CoordError } from '../../errors.js';
import type { PorcelainResult } from '../../git/porcelain.js';
import type { Operations } from '../cache/operations.js';
import type { RequestQueue, Standing } from '../queue/request-queue.js';

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

/** `details.reason` of a failure after which nobody knows yet whether the operation was written. */
export const UNKNOWN_OUTCOME = 'unknown-outcome';

/** What the history has of a revision. */
export interface Written {
  readonly own: readonly CoordEvent[];
  readonly later: readonly CoordEvent[];
}

/** Where the state lives. One contract suite (test/contract) holds for every implementation. */
export interface Store {
  /** Whether a lost swap has already let others through before it returned, so that no further pause is due. */
  readonly paced?: boolean;
  /** What was granted without the arbiter, oldest first: it goes along with the next write. */
  along?(): Promise<readonly Rider[]>;
  /** Called with what became of it, once that is written. */
  rode?(rode: Rode): Promise<void>;
  /**
   * The state as last known here.
   * @throws CoordError `corrupt` when it is damaged or of a newer format, `usage` when there is none yet.
   */
  read(parts?: readonly Part[]): Promise<Snapshot>;
  /** The state as its arbiter has it now, after what was due to it: no refusal is given on less. */
  latest(parts?: readonly Part[]): Promise<Snapshot>;
  /**
   * Compare-and-swap: the new state is written only if the revision is still the one that was read; false otherwise.
   * Deferred events are written with it.
   * @param announce called with the new revision, before it can be in the history
   */
  swap(from: Snapshot, state: State, entry: Entry, announce?: (revision: string) => void): Promise<boolean>;
  /** Where requests of several processes wait to be decided together; absent, or undefined, where each goes alone. */
  queue?(): Promise<RequestQueue | undefined>;
  /** The revision as last known here, without reading its state; null: there is none. */
  tip?(): Promise<string | null>;
  /** Goes on from where another clone of this host has the state, as far as that leads: the next swap tells whether it does. */
  hear?(standing: Standing | null): Promise<void>;
  /** Brings this clone to where the arbiter has the state: another clone has written there for this one too. */
  follow?(standing: Standing): Promise<void>;
  /** What this clone knows of operations whose outcome it has not learnt; absent where nothing can be lost on the way. */
  readonly operations?: Operations | undefined;
  /**
   * The events of a revision that followed `base`, and those after it up to now; null when it is not in the history,
   * `compacted` when that was compacted since and cannot tell.
   */
  eventsSince?(revision: string, base: string): Promise<Written | 'compacted' | null>;
  /** Whether an operation was written after `base`. */
  isPerformed?(operation: string, base: string): Promise<boolean>;
  /** Keeps an event to ride with the next swap, so that polling does not flood the history. */
  defer(event: CoordEvent): void;
  /** Runs the work while other local writers wait: saves them wasted work, and is never what makes a swap right. */
  exclusively<T>(work: () => Promise<T>): Promise<T>;
  /** The whole log, oldest first. */
  readLog(): Promise<readonly Note[]>;
}

/** Who decides which commit is the tip of the state ref: this clone's ref, or the remote's. */
export interface Arbiter {
  readonly reach: Reach;
  /** When its last answer came, by this host's clock; null where that is not known, or where it is this clone itself. */
  readonly askedAt: Instant | null;
  /**
   * Moves the ref to a new commit if its tip is still `from` (null: if there is none yet).
   * @param paired moves with it or not at all; only a remote can do that
   * @returns whether it did; false means: decide again on fresh state.
   * @throws CoordError `unavailable` when it cannot be known or is refused for another reason; nothing was moved then.
   */
  publish(commit: string, from: string | null, paired?: PairedRef): Promise<boolean>;
  /**
   * Makes `commit`, which goes on from `from`, the last one of the state ref and the tip of another one (full name), both or
   * neither; this arbiter goes on at the old one.
   * @returns false when the state has moved on: decide again.
   * @throws CoordError when the new ref cannot be had; nothing was moved then.
   */
  moveTo(to: string, commit: string, from: string): Promise<boolean>;
  /** Brings the ref of this clone up to what the arbiter has. */
  refresh(): Promise<void>;
}

/** How commits of the state ref are signed. */
export interface Signing {
  isAsked(): Promise<boolean>;
  /** Makes a signed commit of the body of one, whose tree and parents are in their place; returns its id. */
  commit(body: Buffer): Promise<string>;
}

/** A ref of the remote that moves in the very push that moves the state ref, or not at all. */
export interface PairedRef {
  /** Full name. */
  readonly ref: string;
  /** Where it goes. */
  readonly commit: string;
  /** Where it must still stand, which `commit` contains; empty: it must not be there. */
  readonly expected: string;
  /**
   * Asked when the remote moved the state ref without saying so clearly.
   * @throws CoordError when the paired ref has not moved with it.
   */
  confirm(): Promise<void>;
}

/**
 * Options of the push that moves both or neither. The lease is compare-and-swap and nothing else: the new commit
 * contains the one that is expected, so no work can be lost. It matters, since `--atomic` binds only the refs that the
 * server gets to try: one that it hides from writers is refused alone, while the other moves.
 */
export function pairedOptions({ ref, expected }: PairedRef): string[] {
  return ['--atomic', `--force-with-lease=${ref}:${expected}`];
}

/** The remote took neither ref, and the state ref is not the reason: it has not moved. */
export class PairedRefDeclined extends CoordError {
  constructor(readonly pushed: PorcelainResult) {
    super('unavailable', 'the remote did not accept the push', { hint: 'nothing was moved; repeat the command' });
    this.name = 'PairedRefDeclined';
  }
}
