import type { State } from '../model.js';
import { epochMs, type Instant } from '../time.js';

/** Tokens count milliseconds from here. */
const EPOCH_MS = Date.UTC(2026, 0, 1);
/** A clock that is ahead moves tokens on by no more than a year at once. */
const MOST_LEAP = 366 * 86_400_000;

/** The number that fencing tokens begin at, by the time. */
export function tokenBase(now: Instant): number {
  return Math.max(0, epochMs(now) - EPOCH_MS);
}

/**
 * The state in which the next token is `max(last + 1, time base)`: so that a clone that is behind, or a state that was taken back from a backup,
 * gives out no token again. (As long as fewer claims than milliseconds went by, no clock was set back meanwhile, and none was far ahead.)
 */
export function withTokenBase<S extends Pick<State, 'lastToken'>>(state: S, now: Instant): S {
  const base = Math.min(tokenBase(now) - 1, state.lastToken + MOST_LEAP);
  return base <= state.lastToken ? state : { ...state, lastToken: base };
}
