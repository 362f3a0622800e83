import type { Target } from './ground/targets.js';
import type { Claim, Mode, Reach } from './model.js';
import type { RequestBase } from './policy.js';

export interface AskedTarget {
  readonly target: Target;
  /** Time to live of the claim, in seconds; already within the cap. */
  readonly ttlSeconds: number;
}

export interface ClaimRequest extends RequestBase {
  readonly kind: 'claim';
  readonly targets: readonly AskedTarget[];
  readonly mode: Mode;
  readonly reason: string | null;
  readonly expectSeconds: number | null;
  /** HEAD of the worktree; null on an unborn branch. */
  readonly head: string | null;
  /** For each release commit that matters, whether HEAD contains it; a commit not listed counts as lacking. */
  readonly contains: Readonly<Record<string, boolean>>;
  readonly allowBehind: boolean;
  readonly reach: Reach;
  readonly rules: string | null;
  /** This request's own place in the queue; null: it stands behind every waiter. */
  readonly ticket: string | null;
}

/** Claims when the ground is free, and until then takes, keeps and refreshes a place in the queue. */
export interface WaitRequest extends RequestBase {
  readonly kind: 'wait';
  readonly claim: ClaimRequest;
  /** How long a ticket lives unless its process refreshes it. */
  readonly ticketSeconds: number;
  /** Waits for the ground to be free without wanting it: stops nobody, and claims nothing. */
  readonly passive: boolean;
}

/** Leaves the queue. */
export interface LeaveQueueRequest extends RequestBase {
  readonly kind: 'leave-queue';
  readonly ticket: string;
  /** `behind` keeps the place for a while: the agent must only bring in the last holder's work. */
  readonly outcome: 'timeout' | 'refused' | 'interrupted' | 'behind';
}

export interface RenewRequest extends RequestBase {
  readonly kind: 'renew';
  /** null: all claims of this agent. */
  readonly targets: readonly Target[] | null;
  /** A longer time to live from now on; null keeps each claim's own. Never shortens one. */
  readonly ttlSeconds: number | null;
}

/** A path that has another name in the released commit than it had at the base of a claim. */
export interface Rename {
  readonly base: string;
  readonly from: string;
  readonly to: string;
}

export interface ReleaseRequest extends RequestBase {
  readonly kind: 'release';
  /** null: all claims of this agent. */
  readonly targets: readonly Target[] | null;
  /** The commit that holds the work; null: none (unborn branch). */
  readonly commit: string | null;
  /** Whether the caller named the commit; otherwise it is HEAD. */
  readonly commitNamed: boolean;
  /** Paths that the work renamed, by the base of the claims whose holder did. */
  readonly renames: readonly Rename[];
  /** Released although the ground has uncommitted changes. */
  readonly uncommitted: boolean;
}

/** Lets the work of HEAD onto the main branch, with the release of the claims that it was done under. */
export interface LandRequest extends RequestBase {
  readonly kind: 'land';
  /** HEAD: the main branch is moved to it. */
  readonly commit: string;
  /** Short name of the main branch. */
  readonly branch: string;
  /** Where the main branch stood; HEAD contains it. */
  readonly from: string;
  /** Every path that differs between the two, both names of a rename, NFC. */
  readonly paths: readonly string[];
  /** As in a release. */
  readonly renames: readonly Rename[];
  /** The branch that HEAD was pushed to for a pull request: that is recorded, and no claim is given back yet. */
  readonly review?: string;
}

/** Renews what is past half of its life; made for commands that otherwise only read. */
export interface KeepAliveRequest extends RequestBase {
  readonly kind: 'keep-alive';
}

/** Leaves word of claims that were granted offline, and not confirmed by the remote. */
export interface LoseOfflineRequest extends RequestBase {
  readonly kind: 'lose-offline';
  readonly claims: readonly Claim[];
  /** Who holds the ground; null: nobody, or not known. */
  readonly by: string | null;
  readonly why: string;
}
