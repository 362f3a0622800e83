import type { Claim, NoteKind, Role } from './model.js';
import type { RequestBase } from './policy.js';

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
