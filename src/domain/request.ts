import type { NeededWork } from './claims/work.js';
import type { EventDraft } from './events.js';
import type { Target } from './ground/targets.js';
import type { Claim, Part, State } from './model.js';
import type { Refusal } from './refusal.js';
import type { Instant } from './time.js';

/** With `"requireSession": true`, what a session must have loaded before it is granted ground. */
export interface RequiredRules {
  /** Digest of the rules in force; null: there are none, and any session will do. */
  readonly digest: string | null;
}

/** What the configuration decides; part of each request, so that another process may decide it unchanged. */
export interface Policy {
  /** Seconds after expiry before another agent may take a claim over. */
  readonly skewSeconds: number;
  /** Time to live of a claim that asks for none; a wait is measured by it where the holder said nothing. */
  readonly defaultTtlSeconds: number;
  /** Compare paths without regard to case, as this file system does. */
  readonly foldCase: boolean;
  /** The paths whose change needs a claim. */
  readonly surface: readonly Target[];
  /** Globs that a worker may claim; `{agent}` is filled in. */
  readonly scratch: readonly Target[];
  /** `strict`: targets are claimed in ascending order only, so that no wait can close a cycle. */
  readonly lockOrder: 'detect' | 'strict';
  /**
   * With `"takeover": "observed"`, for how many seconds this clone has watched each renewal (see `store/cache/observations.ts`); null
   * where the clock decides.
   */
  readonly watched: Readonly<Record<string, number>> | null;
  /** What a session must have loaded before it is granted ground; null: nothing need be. */
  readonly requiredRules: RequiredRules | null;
  readonly tasks: {
    /** Who may add, edit and drop tasks: everybody, or the holder of `@orchestrator` alone. */
    readonly by: 'everybody' | 'orchestrator';
    /** After so many tries a task is stuck. */
    readonly attempts: number;
  };
}

/** What every request says. A request is plain data: another process decides it as this one does. */
export interface RequestBase {
  /** Id of this operation: random, unique; ids of events are made from it. */
  readonly operation: string;
  readonly agent: string;
  readonly session: string | null;
  readonly policy: Policy;
  /** Given by the caller: the same id again gets the same answer, and has no second effect. */
  readonly requestId?: string | null;
}

export interface Granted<R> {
  readonly ok: true;
  /** The same object as before when nothing is to be written. */
  readonly state: State;
  readonly events: readonly EventDraft[];
  readonly result: R;
  /** The subject of the commit: a sentence. */
  readonly summary: string;
  /** What became of the riders that are written with it (`riders.ts`); absent where none is. */
  readonly rode?: Rode;
}

/** What became of what a clone had granted by itself. */
export interface Rode {
  /** Of the requests: they wait no longer. */
  readonly operations: readonly string[];
  /** Claims that were asked for offline. */
  readonly confirmed: readonly Claim[];
  readonly lost: readonly Claim[];
  readonly named: readonly (WrittenHere & { readonly id: string })[];
  /** What is on no record, and will be on none. */
  readonly refused: readonly (WrittenHere & { readonly refusal: Refusal })[];
}

/** A note or a task of the clone's own. */
export interface WrittenHere {
  readonly agent: string;
  readonly what: 'note' | 'task';
  /** Its provisional id. */
  readonly was: string;
}

export interface Refused {
  readonly ok: false;
  readonly refusal: Refusal;
}

export type Outcome<R> = Granted<R> | Refused;

type AnyRequest = RequestBase & { readonly kind: string };

type OwnField<R extends AnyRequest> = Exclude<keyof R, keyof RequestBase | 'kind'>;

/** `asked` by the caller, `found` around the request, or what of the value was asked. */
type Origin<R, F extends keyof R> = 'asked' | 'found' | ((value: R[F], request: R) => unknown);

/**
 * One row of the table of requests (`request-table.ts`): all that is to be known of a kind, in the file of its subject.
 * Whatever must be thought of for every kind has no default.
 */
export interface Row<R extends AnyRequest> {
  /** Decides the request on this state. Who may not ask for it does not get here (`decide.ts`). */
  readonly decide: (state: State, request: R, now: Instant) => Outcome<object>;
  /** Where each field comes from: a repeated request id must ask for the same, whatever is found around it by then. */
  readonly fields: { readonly [F in OwnField<R>]-?: Origin<R, F> };
  /** The parts of the state beside claims and agents that the decision reads or changes. */
  readonly parts: (request: R) => readonly Part[];
  /** Whether it may be decided by another process, and written in one commit with others: it needs the decision alone. */
  readonly combinable: boolean;
  /**
   * The ground that the agent has, or has changed, once this is granted: its role and its session must allow that. Null:
   * none, such as for what gives back, renews or only waits.
   */
  readonly ground: (state: State, request: R, now: Instant) => readonly Target[] | null;
  /** A worker is refused on every ground; else on the surface and resources alone, its scratch paths excepted. */
  readonly closedToWorkers?: true;
  /** Why this agent may not ask for it, for another reason than its role on this ground; null: it may. */
  readonly authority?: (state: State, request: R) => Refusal | null;
  /** The work that HEAD must have, of which nothing is known yet (`contains`); the edge asks git. */
  readonly work?: (state: State, request: R, now: Instant) => readonly NeededWork[];
  /** Claims that are over, and that this request takes over itself. */
  readonly takesOver?: (state: State, request: R) => readonly Claim[];
  /** Decided again on the state that it led to, it is granted again, and has no second effect: a lost answer need not be looked for. */
  readonly repeatable?: true;
  /** It can be granted without the remote, on this host's word alone. */
  readonly offline?: true;
  /** It is taken from a stopped agent too: the end of what was running when it was stopped. */
  readonly evenIfStopped?: true;
}
