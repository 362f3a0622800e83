import type { RequiredRules } from './agents/session-required.js';
import type { Target } from './ground/targets.js';

/** What the configuration decides; part of each request, so that another process may decide it unchanged. */
export interface Policy {
  /** Seconds after expiry before another agent may take a claim over. */
  readonly skewSeconds: number;
  /** Compare paths without regard to case, as this file system does. */
  readonly foldCase: boolean;
  /** The paths whose change needs a claim. */
  readonly surface: readonly Target[];
  /** Globs that a worker may claim; `{agent}` is filled in. */
  readonly scratch: readonly Target[];
  /** `strict`: targets are claimed in ascending order only, so that no wait can close a cycle. */
  readonly lockOrder: 'detect' | 'strict';
  /**
   * With `"takeover": "observed"`, for how many seconds this clone has watched each renewal (see `observed.ts`); null
   * where the clock decides.
   */
  readonly watched: Readonly<Record<string, number>> | null;
  /** What a session must have loaded before it is granted ground; null: nothing need be. */
  readonly requiredRules: RequiredRules | null;
}

export interface RequestBase {
  /** Id of this operation: random, unique; ids of claims, notes and events are made from it. */
  readonly operation: string;
  readonly agent: string;
  readonly session: string | null;
  readonly policy: Policy;
  /** Given by the caller: the same id again gets the same answer, and has no second effect. */
  readonly requestId?: string | null;
}
