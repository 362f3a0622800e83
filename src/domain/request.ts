import type { Deployment, DeployStep, SyncEvidence } from './deployments.js';
import type { EventDraft } from './events.js';
import type { GateRecord } from './gate.js';
import type {
  Agent,
  Claim,
  Mode,
  Note,
  NoteKind,
  Once,
  Reach,
  Role,
  State,
  Submission,
  SubmittedFile,
  Waiter,
} from './model.js';
import type { Conflict, Refusal } from './refusal.js';
import type { RequiredRules } from './session-required.js';
import type { Target } from './targets.js';
import type { Instant } from './time.js';
import type { Verification } from './verification/verification.js';

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

interface RequestBase {
  /** Id of this operation: random, unique; ids of claims, notes and events are made from it. */
  readonly operation: string;
  readonly agent: string;
  readonly session: string | null;
  readonly policy: Policy;
  /** Given by the caller: the same id again gets the same answer, and has no second effect. */
  readonly requestId?: string | null;
}

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

export interface SessionStartRequest extends RequestBase {
  readonly kind: 'session-start';
  readonly role: Role;
  /** Whether a person starts it: a worker does not lift its own limits. */
  readonly person: boolean;
  readonly rules: string | null;
}

/** How a session was closed, for who asks again with the same request id. */
export interface SessionClosing {
  readonly session: string;
  readonly released: readonly Claim[];
  readonly kept: readonly Claim[];
  readonly commit: string | null;
}

export interface SessionEndRequest extends RequestBase {
  readonly kind: 'session-end';
  readonly closing?: SessionClosing;
}

export interface NoteRequest extends RequestBase {
  readonly kind: 'note';
  readonly noteKind: NoteKind;
  readonly text: string;
  readonly to: readonly string[];
  readonly target: string | null;
  readonly needsAck: readonly string[];
  readonly ref: string | null;
}

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

/** Stops an agent: revokes its claims, and refuses it everything but reading until it is revived. */
export interface KillRequest extends RequestBase {
  readonly kind: 'kill';
  readonly victim: string;
  readonly reason: string;
  /** Whether a person sits at the terminal. */
  readonly person: boolean;
}

export interface ReviveRequest extends RequestBase {
  readonly kind: 'revive';
  readonly victim: string;
  readonly person: boolean;
}

/** Says what the agent is doing; null: nothing any more. */
export interface SetStateRequest extends RequestBase {
  readonly kind: 'set-state';
  readonly text: string | null;
}

/** Starts the program of a key, unless it has succeeded or may have. */
export interface OnceBeginRequest extends RequestBase {
  readonly kind: 'once-begin';
  readonly key: string;
  readonly claim: ClaimRequest;
  /** The command line, for people. */
  readonly command: string;
  /** Run it although an earlier run ended without a word. */
  readonly retry: boolean;
}

export interface OnceFinishRequest extends RequestBase {
  readonly kind: 'once-finish';
  readonly key: string;
  /** Id of the claim that the run holds. */
  readonly claim: string;
  readonly exit: number;
  readonly output: string;
  readonly truncated: boolean;
}

export interface OnceForgetRequest extends RequestBase {
  readonly kind: 'once-forget';
  readonly key: string;
}

/** What is to be deployed where, as it is put on the record. */
export type NewDeployment = Pick<
  Deployment,
  'target' | 'action' | 'commit' | 'rules' | 'command' | 'rollback' | 'gates' | 'startedAt'
>;

/** A step that was found in order. */
export interface DeployCheck {
  readonly step: DeployStep;
  readonly finding: string;
  readonly at: Instant;
}

/** Takes a deploy target for one attempt. */
export interface DeployBeginRequest extends RequestBase {
  readonly kind: 'deploy-begin';
  readonly attempt: NewDeployment;
  readonly claim: ClaimRequest;
  /** Go on although the attempt before ended without a word. */
  readonly retry: boolean;
}

/** Records an attempt that was stopped before it held its target. */
export interface DeployBlockRequest extends RequestBase {
  readonly kind: 'deploy-block';
  readonly attempt: NewDeployment;
  readonly step: DeployStep;
  readonly why: string;
}

/** The program is about to run. */
export interface DeployStartRequest extends RequestBase {
  readonly kind: 'deploy-start';
  readonly deploy: string;
  readonly target: string;
  readonly sync: SyncEvidence | null;
  /** What was looked at on the way, and found in order. */
  readonly checks: readonly DeployCheck[];
}

/** How an attempt ended. */
export interface DeployFinishRequest extends RequestBase {
  readonly kind: 'deploy-finish';
  readonly deploy: string;
  readonly status: 'done' | 'failed' | 'blocked';
  readonly step: DeployStep;
  readonly why: string | null;
  /** Of the program; null: it did not run. */
  readonly exit: number | null;
  /** Whether the program may have changed what runs. */
  readonly ran: boolean;
  readonly verification: Verification | null;
  /** What was looked at since the last write, and found in order. */
  readonly checks: readonly DeployCheck[];
  /** Of the second check, where they differ from the first. */
  readonly gates: readonly GateRecord[];
  /** Whether the claim is given back: not one that the agent had held before. */
  readonly release: boolean;
}

/** Leaves word of claims that were granted offline, and not confirmed by the remote. */
export interface LoseOfflineRequest extends RequestBase {
  readonly kind: 'lose-offline';
  readonly claims: readonly Claim[];
  /** Who holds the ground; null: nobody, or not known. */
  readonly by: string | null;
  readonly why: string;
}

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

export type Request =
  | SubmitRequest
  | IntegrateRequest
  | DropSubmissionRequest
  | LoseOfflineRequest
  | DeployBeginRequest
  | DeployBlockRequest
  | DeployStartRequest
  | DeployFinishRequest
  | OnceBeginRequest
  | OnceFinishRequest
  | OnceForgetRequest
  | ClaimRequest
  | WaitRequest
  | LeaveQueueRequest
  | RenewRequest
  | ReleaseRequest
  | LandRequest
  | KeepAliveRequest
  | SessionStartRequest
  | SessionEndRequest
  | NoteRequest
  | StealRequest
  | HandoffRequest
  | AcceptRequest
  | DeclineRequest
  | KillRequest
  | ReviveRequest
  | SetStateRequest;

export type WaitResult =
  /** `claims` is empty for a passive wait. */
  | { readonly status: 'granted'; readonly claims: readonly Claim[] }
  | { readonly status: 'waiting'; readonly ticket: Waiter; readonly conflicts: readonly Conflict[] };

/** What each kind of request is answered with when it is granted. */
export interface Results {
  readonly 'lose-offline': { readonly lost: readonly Claim[] };
  readonly claim: { readonly claims: readonly Claim[] };
  readonly wait: WaitResult;
  readonly 'leave-queue': { readonly left: boolean };
  readonly 'once-begin':
    | { readonly status: 'done'; readonly once: Once }
    | { readonly status: 'started'; readonly claims: readonly Claim[] };
  readonly 'deploy-begin': { readonly deployment: Deployment; readonly claims: readonly Claim[] };
  readonly 'deploy-block': { readonly deployment: Deployment };
  readonly 'deploy-start': { readonly deployment: Deployment };
  readonly 'deploy-finish': { readonly deployment: Deployment };
  readonly 'once-finish': { readonly once: Once | null };
  readonly 'once-forget': { readonly forgotten: Once | null };
  readonly renew: { readonly claims: readonly Claim[] };
  readonly release: { readonly released: readonly Claim[]; readonly commit: string | null };
  readonly land: { readonly released: readonly Claim[] };
  readonly 'keep-alive': { readonly claims: readonly Claim[] };
  readonly 'session-start': { readonly agent: Agent };
  readonly 'session-end': { readonly agent: Agent; readonly closing: SessionClosing | null };
  /** `added`: false for an ack that was given before. */
  readonly note: { readonly note: Note; readonly added: boolean };
  /** `takenOver`: the claims of the former holders, as they were. */
  readonly steal: { readonly claims: readonly Claim[]; readonly takenOver: readonly Claim[] };
  /** `heldBack`: claims that overlap the offered ones, and must go or be released before those can be accepted. */
  readonly handoff: {
    readonly claims: readonly Claim[];
    readonly note: Note | null;
    readonly heldBack: readonly Claim[];
  };
  /** `handedOver`: the claims of the former holders, as they were. */
  readonly accept: { readonly claims: readonly Claim[]; readonly handedOver: readonly Claim[] };
  readonly decline: { readonly claims: readonly Claim[] };
  readonly kill: {
    readonly agent: Agent;
    readonly revoked: readonly Claim[];
    readonly waiters: readonly Waiter[];
    /** False when it was stopped already. */
    readonly changed: boolean;
  };
  readonly revive: { readonly agent: Agent; readonly changed: boolean };
  readonly 'set-state': { readonly agent: Agent };
  /** `added`: false for the very same submission again. */
  readonly submit: { readonly submission: Submission; readonly added: boolean };
  /** `again`: this agent has integrated it before. */
  readonly integrate: { readonly submission: Submission; readonly again: boolean };
  readonly 'drop-submission': { readonly submission: Submission; readonly again: boolean };
}

export interface Granted<R> {
  readonly ok: true;
  /** The same object as before when nothing is to be written. */
  readonly state: State;
  readonly events: readonly EventDraft[];
  readonly result: R;
  /** The subject of the commit: a sentence. */
  readonly summary: string;
}

export interface Refused {
  readonly ok: false;
  readonly refusal: Refusal;
}

/** What a process is told of its request: a decision without the state that it leads to, which is the store's. */
export type Answer<K extends Request['kind'] = Request['kind']> =
  | Pick<Granted<Results[K]>, 'ok' | 'result' | 'summary'>
  | Refused;

export type Decision<K extends Request['kind'] = Request['kind']> = Granted<Results[K]> | Refused;
