/**
 * What the package `git-coord` exports: the verbs of coord as functions of a program. Each call runs the very verb that the
 * command line runs, in this process, and starts no program but git. A refusal is a value; only a fault is thrown.
 * Durations are written as on the command line (`45m`), targets are read from `directory`, instants are UTC ISO 8601.
 */
import type { Deployment, DeployStatus } from '../domain/deploy/records.js';
import type { CoordEvent } from '../domain/events.js';
import type { OpenNote, ReceivedNote } from '../domain/log/notes.js';
import type { Metrics } from '../domain/metrics/metrics.js';
import type { Claim, Note, NoteKind, Role, Submission } from '../domain/model.js';
import type { StatusReport } from '../domain/status.js';
import type { Prediction } from '../domain/sync/collisions.js';
import type { TaskView } from '../domain/tasks/standing.js';
import type { TaskState } from '../domain/tasks/task.js';
import type { Instant } from '../domain/time.js';
import type { ErrorCode } from '../errors.js';
import type { LiveReport } from '../render/deploy/records.js';

export type { Agent, Claim, Note, Waiter } from '../domain/model.js';
export type { Collision } from '../domain/sync/collisions.js';
export type { CoordEvent, LiveReport, Metrics, Prediction, StatusReport, TaskView };

/** Opens a repository; nothing is read until something is asked. */
export declare function open(options?: OpenOptions): Coord;

export interface OpenOptions {
  /** A directory of the worktree to act in; the current one when not named. */
  readonly directory?: string;
  /** Who acts; without it, as on the command line: the environment, or the one session recorded for this worktree. */
  readonly agent?: string;
  /** The session that this is part of. */
  readonly session?: string;
  /** In place of the environment of this process. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Only looks on: renews nothing, and is told no notices. */
  readonly looksOn?: boolean;
}

/** What a verb answers. `text` is the same in words; `notices` are what an agent must be told after any command. */
export type Answer<T> = Success<T> | Failure;

export interface Success<T> {
  readonly ok: true;
  readonly data: T;
  readonly text: string;
  readonly warnings: readonly string[];
  readonly notices: readonly string[];
}

export interface Failure {
  readonly ok: false;
  readonly refusal: Refusal;
  readonly notices: readonly string[];
}

/** Why it was not done, and what to do next: what stands in `error` with `--json`. */
export interface Refusal {
  readonly code: ErrorCode;
  /** The exit code of the command. */
  readonly exit: number;
  readonly message: string;
  readonly hint: string | null;
  readonly details: Readonly<Record<string, unknown>>;
}

/** For what waits: an aborted wait leaves the queue, and is refused as interrupted; what is aborted already is not begun. */
export interface Abortable {
  readonly signal?: AbortSignal | undefined;
}

/** For what writes: the same id again gets the same answer, and has no second effect. */
export interface Writes extends Abortable {
  readonly requestId?: string | undefined;
}

/** For what reads: `false` reads what this clone knows, and asks no remote. */
export interface Reads extends Abortable {
  readonly fetch?: boolean;
}

interface TargetReading {
  readonly literal?: boolean;
  readonly glob?: boolean;
}

export interface ClaimOptions extends Writes, TargetReading {
  readonly reason?: string;
  readonly ttl?: string;
  readonly shared?: boolean;
  readonly expect?: string;
  readonly allowBehind?: boolean;
  /** Waits its turn: `true` for as long as is usual, or at most so long. */
  readonly wait?: boolean | string;
  /** Takes live ground over; needs a reason. */
  readonly takeOver?: boolean;
  readonly offline?: boolean;
}

export interface ReleaseOptions extends Writes, TargetReading {
  readonly all?: boolean;
  readonly commit?: string;
  readonly uncommitted?: boolean;
}

export interface WaitOptions extends Abortable, TargetReading {
  /** At most so long. */
  readonly wait?: string;
  /** Until it may be read. */
  readonly shared?: boolean;
}

export interface Listing extends Reads {
  /** A duration, an instant, or the id of an entry to begin after. */
  readonly since?: string;
  readonly by?: string;
  readonly limit?: number;
  readonly all?: boolean;
}

export interface TaskContent {
  readonly text?: string;
  readonly scope?: readonly string[];
  readonly after?: readonly string[];
  readonly accept?: readonly string[];
  readonly role?: Role;
  readonly priority?: number;
}

export interface TakeOptions extends Writes {
  readonly wait?: boolean | string;
  readonly another?: boolean;
  readonly reason?: string;
  readonly ttl?: string;
  readonly expect?: string;
  readonly allowBehind?: boolean;
}

export interface TaskWorkOptions extends Writes {
  readonly commit?: string;
  readonly uncommitted?: boolean;
}

export interface NoteOptions extends Writes {
  readonly kind?: Exclude<NoteKind, 'ack'>;
  readonly to?: readonly string[];
  readonly target?: string;
  readonly needsAck?: readonly string[];
}

export interface SubmitOptions extends Writes {
  readonly note: string;
  readonly to?: string;
  readonly base?: string;
  readonly task?: string;
}

export interface Listed<T> {
  readonly notes: readonly T[];
  /** That the log is a log: neither a claim nor permission. */
  readonly disclaimer: string;
}

/** The state as it is known here, and whether the remote that arbitrates could be asked. */
export interface Change {
  /** The commit at the tip of the state ref; null: there is none yet. */
  readonly revision: string | null;
  /** When the remote answered last; null: not known, or no remote arbitrates. */
  readonly askedAt: Instant | null;
  /** Why the remote cannot be asked at the moment; null: it can, or none arbitrates. */
  readonly unreachable: Refusal | null;
}

export interface Coord {
  status(targets?: readonly string[], options?: Reads & { readonly mine?: boolean }): Promise<Answer<StatusReport>>;
  claim(targets: readonly string[], options?: ClaimOptions): Promise<Answer<{ readonly claims: readonly Claim[] }>>;
  /** All of this agent's claims when none is named. */
  renew(
    targets?: readonly string[],
    options?: Writes & { readonly ttl?: string },
  ): Promise<Answer<{ readonly claims: readonly Claim[] }>>;
  release(
    targets: readonly string[],
    options?: ReleaseOptions,
  ): Promise<Answer<{ readonly released: readonly Claim[]; readonly commit: string | null }>>;
  /** Resolves once the targets are free; claims nothing. */
  wait(targets: readonly string[], options?: WaitOptions): Promise<Answer<StatusReport>>;
  submit(
    paths: readonly string[],
    options: SubmitOptions,
  ): Promise<Answer<{ readonly submission: Submission; readonly task: string | null }>>;
  /** What is not done yet and would collide when merged. `all`: each pair of all work. */
  conflicts(options?: Abortable & { readonly all?: boolean }): Promise<Answer<Prediction & { readonly now: Instant }>>;
  deploys(options?: Reads & { readonly by?: string }): Promise<
    Answer<{
      readonly live: readonly LiveReport[];
      readonly deployments: readonly (Deployment & { readonly outcome: DeployStatus })[];
    }>
  >;
  metrics(options?: Reads & { readonly since?: string }): Promise<Answer<Metrics>>;
  /** What happened so far; what waits to be recorded stands last. */
  history(
    options?: Listing & { readonly type?: readonly string[] },
  ): Promise<
    Answer<{ readonly events: readonly CoordEvent[]; readonly limited: boolean; readonly last: string | null }>
  >;
  /** Each event once, as it comes, until the signal is aborted; without `since`, the newest ones come first. */
  events(options?: Listing & { readonly type?: readonly string[] }): AsyncIterable<CoordEvent>;
  /** Now, and whenever the state moves, somebody is refused here, or the remote goes away or comes back. */
  changes(options?: Abortable): AsyncIterable<Change>;
  readonly session: {
    /** `text` are the rules, what is remembered, and where the agent stands: what an agent must read first. */
    start(options?: Writes & { readonly role?: Role; readonly maxBytes?: number }): Promise<Answer<object>>;
    end(options?: Writes & { readonly keep?: boolean }): Promise<Answer<object>>;
  };
  readonly tasks: {
    list(
      options?: Reads & { readonly state?: readonly TaskState[]; readonly ready?: boolean; readonly mine?: boolean },
    ): Promise<Answer<{ readonly tasks: readonly TaskView[] }>>;
    add(
      title: string,
      content?: TaskContent & Writes,
    ): Promise<Answer<{ readonly tasks: readonly [TaskView, ...TaskView[]] }>>;
    /** The next one that is ready and free when none is named, together with its ground. */
    take(
      id?: string | null,
      options?: TakeOptions,
    ): Promise<Answer<{ readonly task: TaskView; readonly claims: readonly Claim[]; readonly again: boolean }>>;
    done(
      id?: string | null,
      options?: TaskWorkOptions & { readonly result?: string },
    ): Promise<Answer<{ readonly task: TaskView }>>;
    return(
      id?: string | null,
      options?: TaskWorkOptions & { readonly reason?: string },
    ): Promise<Answer<{ readonly task: TaskView }>>;
    drop(id: string, options?: Writes & { readonly reason?: string }): Promise<Answer<{ readonly task: TaskView }>>;
    /** `text` is the results, as Markdown. */
    report(
      options?: Abortable,
    ): Promise<Answer<{ readonly tasks: readonly TaskView[]; readonly totals: Readonly<Record<TaskState, number>> }>>;
  };
  readonly notes: {
    add(text: string, options?: NoteOptions): Promise<Answer<Listed<Note>>>;
    ack(note: string, text?: string, options?: Writes): Promise<Answer<Listed<Note>>>;
    list(
      options?: Listing & { readonly kind?: NoteKind; readonly target?: string },
    ): Promise<Answer<Listed<OpenNote> & { readonly older: number }>>;
    inbox(options?: Reads & { readonly all?: boolean }): Promise<Answer<Listed<ReceivedNote>>>;
  };
}
