import type { Reach } from '../domain/model.js';
import type { Instant } from '../domain/time.js';
import type { Companion } from './companion.js';

/** Who decides which commit is the tip of the coordination branch: this clone's ref, or the remote's. */
export interface Arbiter {
  readonly reach: Reach;
  /** When its last answer came, by this host's clock; null where that is not known, or where it is this clone itself. */
  readonly askedAt: Instant | null;
  /**
   * Moves the branch to a new commit if its tip is still `from` (null: if there is no branch yet).
   * @param companion moves with it or not at all; only a remote can do that
   * @returns whether it did; false means: decide again on fresh state.
   * @throws CoordError `unavailable` when it cannot be known or is refused for another reason; nothing was moved then.
   */
  publish(commit: string, from: string | null, companion?: Companion): Promise<boolean>;
  /** Brings the local branch up to what the arbiter has. */
  refresh(): Promise<void>;
  /** Lets others go first from now on: nothing more is to be published soon. */
  rest?(): void;
}
