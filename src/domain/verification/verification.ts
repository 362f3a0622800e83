import type { Instant } from '../time.js';

/**
 * Why a surface was not verified. `old-version`, `other-version` and `missing` are answers that show something else;
 * after all others it is not known what the surface shows.
 */
export type SurfaceReason =
  | 'old-version'
  | 'other-version'
  | 'missing'
  | 'ambiguous'
  | 'status'
  | 'redirect'
  | 'too-large'
  | 'unreadable'
  | 'slow-pattern'
  | 'timeout'
  | 'unreachable'
  | 'tls';

/** What was seen on the public surface of a deploy target: plain data, for the record of the deploy. */
export interface Verification {
  readonly ok: boolean;
  readonly url: string;
  /** The commit that it must show. */
  readonly commit: string;
  /** null: it is verified. */
  readonly reason: SurfaceReason | null;
  /** What the answer must hold, with the commit put in. */
  readonly expected: string;
  /** Whether what is expected names the commit: what does not, another version may show as well. */
  readonly namesCommit: boolean;
  /** The version that was shown last, or the beginning of what was: one line; null: nothing was. */
  readonly seen: string | null;
  /** HTTP status of the last answer. */
  readonly status: number | null;
  readonly attempts: number;
  readonly firstAt: Instant;
  readonly lastAt: Instant;
  /** One sentence. */
  readonly finding: string;
  /** What a cache shows still to those who do not go round it; null: nothing else. */
  readonly cached: Cached | null;
}

export interface Cached {
  readonly seen: string | null;
  /** As the cache says it; null: it does not. */
  readonly ageSeconds: number | null;
}

const SHOWS_ANOTHER: readonly SurfaceReason[] = ['old-version', 'other-version', 'missing'];

/** The name in the exit table of what came of it. */
export function exitNameOf(reason: SurfaceReason): 'behind' | 'unavailable' {
  return SHOWS_ANOTHER.includes(reason) ? 'behind' : 'unavailable';
}
