import type { ClaimRequest } from './claim-requests.js';
import type { Target } from './ground/targets.js';
import type { Reach } from './model.js';
import type { RequestBase } from './policy.js';

/** Takes ground over from holders whose time is over, or from any holder by force. */
export interface StealRequest extends RequestBase {
  readonly kind: 'steal';
  /** With `force`, its reason is what the former holders are told. */
  readonly claim: ClaimRequest;
  readonly force: boolean;
}

/** Offers claims to another agent, or withdraws the offer. */
export interface HandoffRequest extends RequestBase {
  readonly kind: 'handoff';
  readonly targets: readonly Target[];
  /** null: withdraws. */
  readonly to: string | null;
  /** The commit that holds the work so far, as in a release. */
  readonly commit: string | null;
  readonly commitNamed: boolean;
  /** Goes into the log, addressed to the other agent. */
  readonly note: string | null;
}

export interface AcceptRequest extends RequestBase {
  readonly kind: 'accept';
  /** null: all that is offered to this agent. */
  readonly targets: readonly Target[] | null;
  readonly head: string | null;
  /** As in a claim. */
  readonly contains: Readonly<Record<string, boolean>>;
  readonly allowBehind: boolean;
  readonly reach: Reach;
  readonly rules: string | null;
}

export interface DeclineRequest extends RequestBase {
  readonly kind: 'decline';
  /** null: all that is offered to this agent. */
  readonly targets: readonly Target[] | null;
  readonly reason: string | null;
}
