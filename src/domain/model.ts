import { type Deployments, NO_DEPLOYMENTS } from './deploy/records.js';
import type { TargetKind } from './ground/targets.js';
import { NO_TASKS, type Tasks } from './tasks/task.js';
import type { Instant } from './time.js';

/** `exclusive` conflicts with every other claim; `shared` claims coexist with each other. */
export type Mode = 'exclusive' | 'shared';

/** How far a claim is known to hold: this clone's worktrees, or every clone of the remote. */
export type Reach = 'clone' | 'remote';

export type Role = 'peer' | 'orchestrator' | 'worker';

/** A lease on one target. */
export interface Claim {
  /** `c1`, `c2`, … */
  readonly id: string;
  readonly target: string;
  readonly kind: TargetKind;
  readonly mode: Mode;
  readonly agent: string;
  readonly session: string | null;
  /** Fencing token: larger than that of every earlier holder of anything on this branch. */
  readonly token: number;
  /** Granted time to live; renewals reuse it. */
  readonly ttlSeconds: number;
  readonly acquiredAt: Instant;
  readonly renewedAt: Instant;
  readonly expiresAt: Instant;
  readonly reason: string | null;
  readonly reach: Reach;
  /** Commit of HEAD when the claim was granted; null on an unborn branch. */
  readonly base: string | null;
  /** How long the holder said that it needs; null: not said. */
  readonly expectSeconds: number | null;
  /** Digest of the rules that the holder had loaded; null: none. */
  readonly rules: string | null;
  /** Whether the claim was taken although HEAD lacked the last holder's commit. */
  readonly allowedBehind: boolean;
  /** To whom the holder offers the claim; null: no offer. */
  readonly offer: Offer | null;
  /** Ids of the tasks whose ground it is, of those that its holder has taken. */
  readonly tasks: readonly string[];
  /** Whether it was asked for by itself: it stays when the last task on it ends. */
  readonly byHand: boolean;
}

/** A handover that waits for its answer: until it is accepted, the holder stays. */
export interface Offer {
  readonly to: string;
  readonly at: Instant;
  /** The commit that the one who accepts must have; null: there is none to have. */
  readonly commit: string | null;
  /** Set once the offer was turned down; kept until the holder has surely been told. */
  readonly declined: { readonly at: Instant; readonly reason: string | null } | null;
}

/** An agent queued for targets; the order of the list is the order of service. */
export interface Waiter {
  /** `w1`, `w2`, … */
  readonly id: string;
  readonly agent: string;
  readonly session: string | null;
  readonly targets: readonly { readonly kind: TargetKind; readonly text: string }[];
  readonly mode: Mode;
  readonly since: Instant;
  /** The ticket lapses here unless its process refreshes it. */
  readonly expiresAt: Instant;
  readonly reason: string | null;
  /** Waits without wanting the ground: stops nobody. */
  readonly passive: boolean;
  /** Whether `deadlock.suspected` was raised for this wait already. */
  readonly suspected: boolean;
}

/** What stands at a path. */
export interface PathContent {
  /** Relative to the root, NFC. */
  readonly path: string;
  /** Id of its content; null: nothing is there. */
  readonly blob: string | null;
}

/** A release: what the next holder must have. */
export interface Release {
  readonly target: string;
  readonly kind: TargetKind;
  readonly agent: string;
  readonly token: number;
  readonly at: Instant;
  readonly commit: string;
  /** Where HEAD stood when the claim was granted; null on an unborn branch. */
  readonly base: string | null;
  /** What the work changed, under its new names, as far as no later release has; null: not known, so all of the target. */
  readonly changes: readonly PathContent[] | null;
  /** Whether there were changes that no commit holds. */
  readonly uncommitted: boolean;
}

/** A claim that its holder no longer has, kept until it has surely been told. */
export interface Loss {
  readonly claim: string;
  readonly target: string;
  readonly token: number;
  readonly at: Instant;
  readonly how: 'expired' | 'taken-over' | 'revoked' | 'unconfirmed' | 'handed-over';
  /** The session that held it; null: not known. */
  readonly session: string | null;
  /** Who took it, where somebody did. */
  readonly by: string | null;
  readonly reason: string | null;
}

export interface Kill {
  readonly by: string;
  readonly at: Instant;
  readonly reason: string;
}

export interface Agent {
  readonly id: string;
  readonly role: Role;
  readonly session: string | null;
  readonly startedAt: Instant | null;
  readonly lastSeen: Instant;
  /** What the agent says that it is doing. */
  readonly state: string | null;
  /** Digest of the rules loaded at session start. */
  readonly rules: string | null;
  readonly killed: Kill | null;
  /** Who let it act again after it was stopped; kept until it has surely been told. */
  readonly revived: Pick<Kill, 'by' | 'at'> | null;
  readonly losses: readonly Loss[];
}

export type NoteKind = 'note' | 'intent' | 'proposal' | 'state' | 'handoff' | 'ack';

/** An entry of the coordination log. It grants nothing. */
export interface Note {
  /** `n1`, `n2`, …; one that the remote does not have yet, `n~1`. */
  readonly id: string;
  readonly at: Instant;
  readonly agent: string;
  readonly session: string | null;
  readonly kind: NoteKind;
  readonly text: string;
  readonly to: readonly string[];
  readonly target: string | null;
  readonly needsAck: readonly string[];
  /** Until when an answer is asked for; null: at any time. */
  readonly answerBy: Instant | null;
  /** The note that it answers: of an `ack`, and of what became of a submission. */
  readonly ref: string | null;
  /** Of an `ack`: whether it says no. */
  readonly refused: boolean;
}

/** What is known of a program that runs at most once to success. */
export interface Once {
  readonly key: string;
  readonly status: 'running' | 'succeeded';
  readonly agent: string;
  readonly session: string | null;
  /** The claim that the run holds; a record that still says `running` without it has an unknown outcome. */
  readonly claim: string;
  /** The command line, for people. */
  readonly command: string;
  readonly startedAt: Instant;
  readonly finishedAt: Instant | null;
  /** What it wrote to standard output, at most some kilobytes of it. */
  readonly output: string;
  readonly truncated: boolean;
}

/** The answer that was given to a request id, to be given again. */
export interface AnsweredRequest {
  readonly id: string;
  readonly agent: string;
  /** Kind of the request, such as `claim`. */
  readonly kind: string;
  /** Of what was asked, so that the id is not taken for another request's. */
  readonly fingerprint: string;
  readonly at: Instant;
  readonly answer: Readonly<Record<string, unknown>>;
}

/** A file as somebody proposes it; its content is a blob that travels beside the record. */
export interface SubmittedFile {
  /** Relative to the root of the repository, as git has it. */
  readonly path: string;
  /** The content as git keeps it; null: the file is to be deleted. */
  readonly blob: string | null;
  readonly mode: '100644' | '100755' | null;
  /** Size of the content. */
  readonly bytes: number;
  /** What the commit that it was made from has there; null: nothing. */
  readonly base: string | null;
  readonly baseMode: string | null;
  /** Whether the content of the base travels too, for a three-way merge. */
  readonly carriesBase: boolean;
}

/** Results handed over: changes that an agent made in its worktree, for another to integrate under its own claims. */
export interface Submission {
  /** That of the note which tells of it. */
  readonly id: string;
  readonly agent: string;
  readonly session: string | null;
  readonly at: Instant;
  /** Who should integrate it; null: any orchestrator. */
  readonly to: string | null;
  readonly text: string;
  /** HEAD of the worktree that it was made in; null on an unborn branch. */
  readonly commit: string | null;
  readonly files: readonly SubmittedFile[];
  /** The task whose result it is; null: none. */
  readonly task: string | null;
  /** Who has applied it last, to which paths (NFC): it can be applied again until that has landed. */
  readonly integrated: { readonly by: string; readonly at: Instant; readonly paths: readonly string[] } | null;
  /** How it ended; kept for a while, so that who comes later is told. */
  readonly closed: SubmissionClosing | null;
}

export interface SubmissionClosing {
  readonly how: 'landed' | 'declined' | 'withdrawn';
  readonly by: string;
  readonly at: Instant;
  readonly reason: string | null;
}

/** Everything on the state ref, as far as the decision in hand needs it. */
export interface State {
  /** The largest token ever granted on this branch. */
  readonly lastToken: number;
  /** The largest number in the id of a claim, and of a waiter, that was ever given. */
  readonly lastClaim: number;
  readonly lastWaiter: number;
  /** Of a state that the remote has not confirmed: the largest number in an id of this clone; else null. */
  readonly provisional: number | null;
  readonly claims: readonly Claim[];
  readonly waiters: readonly Waiter[];
  readonly releases: readonly Release[];
  readonly agents: readonly Agent[];
  /** The newest segment of the log. */
  readonly notes: readonly Note[];
  readonly onces: readonly Once[];
  readonly deployments: Deployments;
  /** Answers to request ids, oldest first. */
  readonly requests: readonly AnsweredRequest[];
  /** Open submissions, and those that ended not long ago, oldest first. */
  readonly submissions: readonly Submission[];
  readonly tasks: Tasks;
}

/**
 * What is read only when it is asked for, so that a claim does not pay for it: the newest segment of the log, the
 * programs that run once, what was deployed, the answers to request ids, submissions, and tasks.
 */
export type Part = 'log' | 'onces' | 'deployments' | 'requests' | 'submissions' | 'tasks';

/** Where each part stands in the state. */
export const PART_FIELDS = {
  log: 'notes',
  onces: 'onces',
  deployments: 'deployments',
  requests: 'requests',
  submissions: 'submissions',
  tasks: 'tasks',
} as const satisfies Record<Part, keyof State>;

export const EMPTY_STATE: State = {
  lastToken: 0,
  lastClaim: 0,
  lastWaiter: 0,
  provisional: null,
  claims: [],
  waiters: [],
  releases: [],
  agents: [],
  notes: [],
  onces: [],
  deployments: NO_DEPLOYMENTS,
  requests: [],
  submissions: [],
  tasks: NO_TASKS,
};

/**
 * A short id: a letter for the kind (`c` claim, `w` waiter, `n` note, `d` deploy), then a number that only grows. It is
 * counted in the state, which is moved by compare-and-swap, so none is given twice. Offline it is provisional, such as
 * `c~3`, and counted in this clone, until the remote gives the record an id of its own.
 * @param last the largest number that was given for this letter
 * @param nth of several that one decision makes, from 1
 */
export function newId({ provisional }: Pick<State, 'provisional'>, letter: string, last: number, nth = 1): string {
  return provisional === null ? `${letter}${last + nth}` : `${letter}~${provisional + nth}`;
}

/** What a state that has given new ids has counted; null where the newest record itself is kept, and counts. */
export function counted(
  state: State,
  counter: 'lastClaim' | 'lastWaiter' | null,
  given: number,
): Partial<Pick<State, 'lastClaim' | 'lastWaiter' | 'provisional'>> {
  if (state.provisional !== null) return { provisional: state.provisional + given };
  return counter === null ? {} : { [counter]: state[counter] + given };
}

/** The number in an id such as `c12`; 0 where there is none. */
export function numberIn(id: string): number {
  const digits = /^[a-z]([1-9]\d{0,14})$/.exec(id)?.[1];
  return digits === undefined ? 0 : Number(digits);
}

/** The largest number in the ids of these records; 0 of none. */
export function largestNumber(records: readonly { readonly id: string }[]): number {
  return Math.max(0, ...records.map(({ id }) => numberIn(id)));
}
