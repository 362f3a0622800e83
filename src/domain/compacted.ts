import type { Instant } from './time.js';

/** What one commit at the root of a compacted history stands for. */
export interface Compacted {
  /** The newest of the commits that are gone: the root has its tree. */
  readonly commit: string;
  readonly commits: number;
  /** When the first and the last of them were made. */
  readonly from: Instant;
  readonly to: Instant;
}
