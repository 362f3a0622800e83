import type { EventDraft } from './events.js';
import type { Agent, Claim, Mode, Note, NoteKind, Reach, Role, State } from './model.js';
import type { Refusal } from './refusal.js';
import type { Target } from './targets.js';

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
}

interface RequestBase {
  /** Id of this operation: random, unique; ids of claims, notes and events are made from it. */
  readonly operation: string;
  readonly agent: string;
  readonly session: string | null;
  readonly policy: Policy;
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
}

export interface RenewRequest extends RequestBase {
  readonly kind: 'renew';
  /** null: all claims of this agent. */
  readonly targets: readonly Target[] | null;
  /** A longer time to live from now on; null keeps each claim's own. Never shortens one. */
  readonly ttlSeconds: number | null;
}

export interface ReleaseRequest extends RequestBase {
  readonly kind: 'release';
  /** null: all claims of this agent. */
  readonly targets: readonly Target[] | null;
  /** The commit that holds the work; null: none (unborn branch). */
  readonly commit: string | null;
  /** Whether the caller named the commit; otherwise it is HEAD. */
  readonly commitNamed: boolean;
  /** Released although the ground has uncommitted changes. */
  readonly uncommitted: boolean;
}

/** Renews what is past half of its life; made for commands that otherwise only read. */
export interface KeepAliveRequest extends RequestBase {
  readonly kind: 'keep-alive';
}

export interface SessionStartRequest extends RequestBase {
  readonly kind: 'session-start';
  readonly role: Role;
  readonly rules: string | null;
}

export interface SessionEndRequest extends RequestBase {
  readonly kind: 'session-end';
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

export type Request =
  | ClaimRequest
  | RenewRequest
  | ReleaseRequest
  | KeepAliveRequest
  | SessionStartRequest
  | SessionEndRequest
  | NoteRequest;

/** What each kind of request is answered with when it is granted. */
export interface Results {
  readonly claim: { readonly claims: readonly Claim[] };
  readonly renew: { readonly claims: readonly Claim[] };
  readonly release: { readonly released: readonly Claim[]; readonly commit: string | null };
  readonly 'keep-alive': { readonly claims: readonly Claim[] };
  readonly 'session-start': { readonly agent: Agent };
  readonly 'session-end': { readonly agent: Agent };
  readonly note: { readonly note: Note };
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

export type Decision<K extends Request['kind'] = Request['kind']> = Granted<Results[K]> | Refused;
