import type { Target } from './ground/targets.js';
import type { SubmittedFile } from './model.js';
import type { RequestBase } from './policy.js';

/** Hands changes over to another agent, who integrates them under its own claims. */
export interface SubmitRequest extends RequestBase {
  readonly kind: 'submit';
  /** null: any orchestrator. */
  readonly to: string | null;
  readonly text: string;
  /** HEAD of the worktree. */
  readonly commit: string | null;
  readonly files: readonly SubmittedFile[];
}

/** Decides that a submission is applied, under the claims of the one who asks. */
export interface IntegrateRequest extends RequestBase {
  readonly kind: 'integrate';
  readonly submission: string;
  /** The paths that it would change, NFC. */
  readonly paths: readonly string[];
  /** The scratch paths of the one who submitted: what it holds there, it has handed over. */
  readonly scratch: readonly Target[];
  /** How many of the files get marks of conflict. */
  readonly conflicts: number;
  /** Whether a person sits at the terminal. */
  readonly person: boolean;
}

/** Ends a submission without applying it: its author withdraws it, another declines it. */
export interface DropSubmissionRequest extends RequestBase {
  readonly kind: 'drop-submission';
  readonly submission: string;
  readonly reason: string | null;
  readonly person: boolean;
}
