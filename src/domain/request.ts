import type {
  KillRequest,
  NoteRequest,
  ReviveRequest,
  SessionClosing,
  SessionEndRequest,
  SessionStartRequest,
  SetStateRequest,
} from './agent-requests.js';
import type {
  ClaimRequest,
  KeepAliveRequest,
  LandRequest,
  LeaveQueueRequest,
  LoseOfflineRequest,
  ReleaseRequest,
  RenewRequest,
  WaitRequest,
} from './claim-requests.js';
import type { Deployment } from './deploy/records.js';
import type {
  DeployBeginRequest,
  DeployBlockRequest,
  DeployFinishRequest,
  DeployStartRequest,
} from './deploy/requests.js';
import type { EventDraft } from './events.js';
import type { Agent, Claim, Note, Once, State, Submission, Waiter } from './model.js';
import type { OnceBeginRequest, OnceFinishRequest, OnceForgetRequest } from './once-requests.js';
import type { Conflict, Refusal } from './refusal.js';
import type { DropSubmissionRequest, IntegrateRequest, SubmitRequest } from './submission-requests.js';
import type { AcceptRequest, DeclineRequest, HandoffRequest, StealRequest } from './takeover-requests.js';

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
