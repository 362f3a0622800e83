import { CoordError } from '../errors.js';
import type { PorcelainResult } from '../git/porcelain.js';

/** A ref of the remote that moves in the very push that moves the coordination branch, or not at all. */
export interface Companion {
  /** Full name. */
  readonly ref: string;
  /** Where it goes. */
  readonly commit: string;
  /** Where it must still stand; `commit` contains it. */
  readonly expected: string;
  /**
   * Asked when the remote moved the coordination branch without saying so clearly.
   * @throws CoordError when the companion has not moved with it.
   */
  confirm(): Promise<void>;
}

/**
 * Options of the push that moves both or neither. The lease is compare-and-swap and nothing else: the new commit
 * contains the one that is expected, so no work can be lost. It matters, since `--atomic` binds only the refs that the
 * server gets to try: one that it hides from writers is refused alone, while the other moves.
 */
export function companionOptions({ ref, expected }: Companion): string[] {
  return ['--atomic', `--force-with-lease=${ref}:${expected}`];
}

/** The remote took neither ref, and the coordination branch is not the reason: it has not moved. */
export class CompanionDeclined extends CoordError {
  constructor(readonly pushed: PorcelainResult) {
    super('unavailable', 'the remote did not accept the push', { hint: 'nothing was moved; repeat the command' });
    this.name = 'CompanionDeclined';
  }
}
