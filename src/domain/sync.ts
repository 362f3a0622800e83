import { refusalText } from './sync-words.js';
import type { Instant } from './time.js';

export interface SyncCommit {
  /** Full object id. */
  readonly commit: string;
  readonly subject: string;
  readonly author: string;
}

export type UnfinishedOperation = 'rebase' | 'merge' | 'cherry-pick' | 'revert' | 'bisect' | 'am';

export interface Submodule {
  readonly path: string;
  /** The commit that the superproject records. */
  readonly pin: string;
  /** The commit that is checked out, or null when none is. */
  readonly at: string | null;
}

/** Commits that HEAD holds and that the upstream once had and has no more. */
export interface DroppedCommits {
  readonly count: number;
  /** The newest ones, newest first; never empty. */
  readonly newest: readonly SyncCommit[];
  /** Whether the upstream only went back, rather than on to other commits. */
  readonly rewound: boolean;
}

export interface Comparison {
  readonly ahead: number;
  readonly behind: number;
  /** The newest commits that HEAD lacks, newest first. */
  readonly missing: readonly SyncCommit[];
  /** Whether HEAD and the upstream have a common ancestor. */
  readonly related: boolean;
  /** Whether a shallow clone cuts off history that the answer depends on. */
  readonly cutOff: boolean;
  readonly dropped: DroppedCommits | null;
}

/** What came of asking the remote. */
export type UpstreamFacts =
  | { readonly kind: 'not-asked' }
  | { readonly kind: 'no-remote' }
  /** `branch` is null when the remote names no default branch; `defaultBranch` is what it names, where known. */
  | { readonly kind: 'no-branch'; readonly branch: string | null; readonly defaultBranch: string | null }
  | { readonly kind: 'fetch-failed'; readonly branch: string | null; readonly reason: string }
  | ({
      readonly kind: 'fetched';
      readonly branch: string;
      readonly commit: string;
      readonly fetchedAt: Instant;
    } & Comparison);

export interface SyncFacts {
  /** Name of the remote, as configured. */
  readonly remote: string;
  /** Full object id, or null when HEAD is unborn. */
  readonly head: string | null;
  /** Short name of the checked-out branch, or null when HEAD is detached. */
  readonly branch: string | null;
  readonly unfinished: UnfinishedOperation | null;
  readonly upstream: UpstreamFacts;
  /** Those that are not at their pins. */
  readonly submodules: readonly Submodule[];
  /** Surface paths with uncommitted changes or untracked; empty also when a clean tree was not asked for. */
  readonly dirty: readonly string[];
}

/** What a script reads; null (and an empty list) where it is not known. */
export interface SyncReport {
  readonly inSync: boolean;
  readonly ahead: number | null;
  readonly behind: number | null;
  readonly head: string | null;
  /** `origin/main`. */
  readonly upstream: string | null;
  readonly upstreamCommit: string | null;
  readonly fetchedAt: Instant | null;
  readonly missing: readonly SyncCommit[];
  readonly branch: string | null;
  readonly rewritten: boolean;
  readonly dropped: readonly SyncCommit[];
  readonly dirty: readonly string[];
  readonly submodules: readonly Submodule[];
}

/** Reasons of exit 7: it cannot be known whether HEAD is current. */
export type UnknownReason =
  | 'unborn'
  | 'interrupted'
  | 'no-remote'
  | 'no-branch'
  | 'fetch-failed'
  | 'shallow'
  | 'unrelated';

/** Reasons of exit 5: HEAD, or what lies in the worktree, is known not to be the upstream's. */
export type OutOfSyncReason = 'rewound' | 'rewritten' | 'diverged' | 'behind' | 'submodule' | 'dirty';

export interface SyncRefusal {
  readonly ok: false;
  readonly code: 'behind' | 'unavailable';
  readonly reason: UnknownReason | OutOfSyncReason;
  readonly message: string;
  readonly hint: string;
  readonly report: SyncReport;
}

export type SyncVerdict = { readonly ok: true; readonly report: SyncReport } | SyncRefusal;

/** Decides whether HEAD is known to contain all of the upstream. The gravest reason is the one that is told. */
export function judgeSync(facts: SyncFacts): SyncVerdict {
  const unknown = whyUnknown(facts);
  const reason = unknown ?? whyOutOfSync(facts);
  const report = reportOf(facts, reason === null);
  if (reason === null) return { ok: true, report };
  const code = unknown === null ? 'behind' : 'unavailable';
  return { ok: false, code, reason, ...refusalText(facts, reason), report };
}

function whyUnknown({ head, unfinished, upstream }: SyncFacts): UnknownReason | null {
  if (head === null) return 'unborn';
  if (unfinished !== null || upstream.kind === 'not-asked') return 'interrupted';
  if (upstream.kind !== 'fetched') return upstream.kind;
  if (upstream.cutOff) return 'shallow';
  // A history that was replaced as a whole is no riddle when the former one was seen here.
  return upstream.related || upstream.dropped !== null ? null : 'unrelated';
}

function whyOutOfSync({ upstream, submodules, dirty }: SyncFacts): OutOfSyncReason | null {
  if (upstream.kind === 'fetched') {
    if (upstream.dropped !== null) return upstream.dropped.rewound ? 'rewound' : 'rewritten';
    if (upstream.behind > 0) return upstream.ahead > 0 ? 'diverged' : 'behind';
  }
  if (submodules.length > 0) return 'submodule';
  return dirty.length > 0 ? 'dirty' : null;
}

function reportOf(facts: SyncFacts, inSync: boolean): SyncReport {
  const { upstream } = facts;
  const fetched = upstream.kind === 'fetched' ? upstream : null;
  const counted = fetched !== null && !fetched.cutOff ? fetched : null;
  const branch = 'branch' in upstream ? upstream.branch : null;
  return {
    inSync,
    ahead: counted?.ahead ?? null,
    behind: counted?.behind ?? null,
    head: facts.head,
    upstream: branch === null ? null : `${facts.remote}/${branch}`,
    upstreamCommit: fetched?.commit ?? null,
    fetchedAt: fetched?.fetchedAt ?? null,
    missing: counted?.missing ?? [],
    branch: facts.branch,
    rewritten: counted !== null && counted.dropped !== null,
    dropped: counted?.dropped?.newest ?? [],
    dirty: facts.dirty,
    submodules: facts.submodules,
  };
}
