import type { Claim, Collision, LiveReport, TaskView } from '../api/index.js';
import type { Deployment, DeployStatus } from '../domain/deploy/records.js';
import type { OpenNote } from '../domain/log/notes.js';
import type { Contention } from '../domain/metrics/metrics.js';
import type { Agent, Reach, Waiter } from '../domain/model.js';
import type { Instant } from '../domain/time.js';

/** A folder or a file of the repository, as the map draws it. */
export interface Folder {
  readonly name: string;
  /** From the root; `''` is the root itself. */
  readonly path: string;
  /** How many files there are in it; 1 for a file. */
  readonly files: number;
  readonly isFile: boolean;
  /** What is drawn inside; empty: it is drawn as one. */
  readonly children: readonly Folder[];
}

/** All that the page shows: plain data, in parts, of which only those that have changed are sent again. */
export interface Picture {
  readonly about: About;
  readonly needs: readonly NeedRow[];
  readonly claims: readonly ClaimRow[];
  readonly waiters: readonly WaiterRow[];
  /** Those of which there is something to tell. */
  readonly places: readonly Place[];
  readonly tasks: readonly TaskView[];
  readonly agents: readonly Agent[];
  readonly deploys: { readonly live: readonly LiveReport[]; readonly attempts: readonly Attempt[] };
  /** Where somebody could not pass, the hottest first. */
  readonly contention: readonly Hot[];
  /** What happened in each hour of the last day, or each day of the last week: the oldest first. */
  readonly hours: readonly Bucket[];
  readonly days: readonly Bucket[];
  readonly log: { readonly notes: readonly OpenNote[]; readonly disclaimer: string };
  /** The newest first. */
  readonly events: readonly EventRow[];
  readonly conflicts: { readonly found: readonly Collision[]; readonly at: Instant | null };
  readonly tree: Folder;
}

export type Part = keyof Picture;

/** Parts that may have thousands of records, a few of which change at a time: those alone are sent. */
export const LISTS = ['claims', 'tasks'] as const;
export type List = (typeof LISTS)[number];

/** What has changed since a page was told last. */
export interface Changes {
  /** Each whole. */
  readonly parts: Partial<Picture>;
  readonly lists: { readonly [L in List]?: ListChange<Picture[L][number]> };
}

export interface ListChange<Row> {
  /** Whether these rows are all that there are. */
  readonly isAll: boolean;
  readonly gone: readonly string[];
  /** In their new form; what is new comes last. */
  readonly rows: readonly Row[];
}

interface About {
  /** Name of the repository's folder. */
  readonly repository: string;
  readonly ref: string;
  readonly reach: Reach;
  /** The commit of the state ref that this is a picture of. */
  readonly revision: string | null;
  /** Since when the remote could not be asked, and why; null: it could, or none arbitrates. */
  readonly stale: { readonly since: Instant; readonly why: string } | null;
  /** Why the map is not that of the files of the main branch; null: it is. */
  readonly noMap: string | null;
  /** When the picture was made, where it is a file that nothing keeps current. */
  readonly madeAt: Instant | null;
}

/** Something that waits for somebody to act. */
export interface NeedRow {
  readonly kind: string;
  readonly what: string;
  readonly since: Instant;
  /** The one command to run. */
  readonly next: string;
}

export type ClaimRow = Pick<
  Claim,
  'id' | 'target' | 'kind' | 'mode' | 'agent' | 'acquiredAt' | 'expiresAt' | 'reason' | 'reach' | 'token'
>;

/** A waiter, with the claim that it stands below in the table; null: nothing that it waits for is held. */
export type WaiterRow = Pick<Waiter, 'id' | 'agent' | 'targets' | 'since' | 'reason' | 'suspected'> & {
  readonly below: string | null;
};

/** The names of a place that are kept: more than it has room for. */
export const MOST_INSIDERS = 8;

/** What is known of one place of the map. */
export interface Place {
  readonly path: string;
  /** Claims that cover all of it, and not all of the folder that it is in. */
  readonly whole: readonly Pick<Claim, 'agent' | 'mode'>[];
  /** How many claims are on a part of it, and whose. */
  readonly inside: number;
  readonly insiders: readonly string[];
  readonly waiting: number;
  /** How often somebody was stopped here or below. */
  readonly stops: number;
}

export type Attempt = Pick<Deployment, 'id' | 'target' | 'commit' | 'agent' | 'startedAt' | 'why' | 'step'> & {
  readonly outcome: DeployStatus;
};

export type Hot = Pick<Contention, 'target' | 'refusals' | 'waits' | 'waitedSeconds' | 'agents'>;

export interface Bucket {
  readonly from: Instant;
  readonly grants: number;
  readonly refusals: number;
  readonly waits: number;
}

export interface EventRow {
  readonly id: string;
  readonly at: Instant;
  readonly type: string;
  readonly agent: string;
  readonly facts: string;
}
