import type { Need } from './agents/needs.js';
import type { Agent, Claim, Note, Reach, Waiter } from './model.js';
import type { TaskView } from './tasks/standing.js';
import type { Instant } from './time.js';

/** What `coord status` says. */
export interface StatusReport {
  readonly claims: readonly Claim[];
  readonly waiters: readonly Waiter[];
  readonly agents: readonly Agent[];
  /** Those that are not over. */
  readonly tasks: readonly TaskView[];
  readonly deployments: readonly RunningDeploy[];
  /** Notes of others that say what they are about to do there. */
  readonly intents: readonly Note[];
  /** Who asks; null: not known. */
  readonly agent: string | null;
  /** What waits for whoever asks, oldest first. */
  readonly needs: readonly Need[];
  readonly now: Instant;
  readonly reach: Reach;
  readonly fetchedAt: Instant | null;
  readonly clock: ClockReport;
}

/** What was seen to run on a deploy target. */
export interface RunningDeploy {
  readonly target: string;
  readonly commit: string;
  readonly agent: string;
  readonly at: Instant;
}

/** This host's clock beside the stamps of others. */
export interface ClockReport {
  /** Agents whose stamps this clock should not have seen yet. */
  readonly ahead: readonly string[];
  /** Whose clock is wrong, as far as that can be told; null: none. */
  readonly wrong: 'here' | 'there' | 'either' | null;
  readonly agrees: boolean;
  /** A stamp that this clock should not have seen yet; null when there is none. */
  readonly newestStamp: Instant | null;
  readonly behindSeconds: number;
}
