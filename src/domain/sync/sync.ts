import type { Message } from '../../errors.js';
import { command, shellWord } from '../suggestion.js';
import { named, oneLine, plural, shorten } from '../text.js';
import type { Instant } from '../time.js';

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

/** Decides whether HEAD is known to contain all of the upstream. The worst reason is the one that is told. */
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

const SHORT_ID = 12;
const LISTED_PATHS = 3;

const UNFINISHED: Readonly<Record<UnfinishedOperation, Message>> = {
  rebase: {
    message: 'a rebase',
    hint: `finish it (${command('git rebase --continue')}) or abort it (git rebase --abort)`,
  },
  merge: { message: 'a merge', hint: `finish it (${command('git merge --continue')}) or abort it (git merge --abort)` },
  'cherry-pick': {
    message: 'a cherry-pick',
    hint: `finish it (${command('git cherry-pick --continue')}) or abort it (git cherry-pick --abort)`,
  },
  revert: {
    message: 'a revert',
    hint: `finish it (${command('git revert --continue')}) or abort it (git revert --abort)`,
  },
  bisect: { message: 'a bisect', hint: command('git bisect reset') },
  am: { message: 'a git am', hint: `finish it (${command('git am --continue')}) or abort it (git am --abort)` },
};

/** What is wrong, in a sentence, and the next thing to do. */
function refusalText(facts: SyncFacts, reason: UnknownReason | OutOfSyncReason): Message {
  return WORDS[reason](facts);
}

const WORDS: Readonly<Record<UnknownReason | OutOfSyncReason, (facts: SyncFacts) => Message>> = {
  unborn: ({ remote }) => ({
    message: 'cannot know: HEAD has no commit yet',
    hint: `${command(`git pull ${shellWord(remote)}`)}, or make the first commit, then repeat`,
  }),
  interrupted: ({ unfinished }) => {
    const { message, hint } = UNFINISHED[unfinished ?? 'merge'];
    return { message: `cannot know: ${message} is unfinished in this worktree`, hint: `${hint}, then repeat` };
  },
  'no-remote': ({ remote }) => ({
    message: `cannot know: there is no remote ${oneLine(remote)}`,
    hint: `add it (git remote add ${shellWord(remote)} URL), or set "remote" in coord.config.json to one that is here: ${command('git remote -v')}`,
  }),
  'no-branch': noBranch,
  'fetch-failed': ({ remote, upstream }) => ({
    message: `cannot know: ${oneLine(remote)} could not be fetched${upstream.kind === 'fetch-failed' ? `: ${brief(upstream.reason)}` : ''}`,
    hint: `see why: ${command(`git fetch ${shellWord(remote)}`)}; repeat when that works`,
  }),
  shallow: ({ remote, upstream }) => ({
    message: `cannot know: this clone is shallow, and its history ends before it meets ${nameOf(remote, upstream)}`,
    hint: `${command(`git fetch --unshallow ${shellWord(remote)}`)}, then repeat`,
  }),
  unrelated: ({ remote, upstream }) => ({
    message: `cannot know: HEAD and ${nameOf(remote, upstream)} share no history`,
    hint: `is that the right repository? ${command(`git remote get-url ${shellWord(remote)}`)}`,
  }),
  rewound: (facts) => dropped(facts, 'was rewound'),
  rewritten: (facts) => dropped(facts, 'was rewritten'),
  diverged: ({ remote, upstream }) => {
    const ahead = upstream.kind === 'fetched' ? upstream.ahead : 0;
    return behind(remote, upstream, `, and has ${plural(ahead, 'commit')} of its own`);
  },
  behind: ({ remote, upstream }) => behind(remote, upstream, ''),
  submodule: ({ submodules }) => ({
    message: `${submodules.map(offPin).join('; ')}`,
    hint: `${command('git submodule update --init --recursive')}, then repeat`,
  }),
  dirty: ({ dirty }) => ({
    message: `not clean: ${named(dirty, LISTED_PATHS)} ${dirty.length === 1 ? 'is' : 'are'} not committed`,
    hint: `commit them, or stash them (${command('git stash --include-untracked')}), then repeat`,
  }),
};

function noBranch({ remote, upstream }: SyncFacts): Message {
  const branch = upstream.kind === 'no-branch' ? upstream.branch : null;
  if (branch === null) {
    return {
      message: `cannot know: ${oneLine(remote)} does not say which branch is its main one`,
      hint: 'set "mainBranch" in coord.config.json, then repeat',
    };
  }
  const other = upstream.kind === 'no-branch' ? upstream.defaultBranch : null;
  return {
    message: `cannot know: ${oneLine(remote)} has no branch ${oneLine(branch)}`,
    hint:
      other === null
        ? 'set "mainBranch" in coord.config.json to a branch that is there, then repeat'
        : `set "mainBranch": ${JSON.stringify(other)} in coord.config.json, then repeat`,
  };
}

function behind(remote: string, upstream: SyncFacts['upstream'], addition: string): Message {
  const count = upstream.kind === 'fetched' ? upstream.behind : 0;
  return {
    message: `behind: HEAD lacks ${plural(count, 'commit')} of ${nameOf(remote, upstream)}${addition}`,
    hint: `${command(`git pull --rebase ${shellWord(remote)} ${shellWord(branchOf(upstream))}`)}, look at your change again, then repeat`,
  };
}

/**
 * A plain rebase would carry the dropped commits along again, so the hint names the newest of them as the point after
 * which HEAD's own work begins.
 */
function dropped({ remote, upstream }: SyncFacts, what: string): Message {
  const name = nameOf(remote, upstream);
  if (upstream.kind !== 'fetched' || upstream.dropped === null) return { message: `${name} ${what}`, hint: '' };
  const { count, newest } = upstream.dropped;
  const onto = `${upstream.commit.slice(0, SHORT_ID)} ${newest[0]?.commit.slice(0, SHORT_ID) ?? ''}`;
  return {
    message: `${name} ${what}: HEAD still holds ${plural(count, 'commit')} that it dropped`,
    hint: `remove them (${command(`git rebase --onto ${onto}`)}), or, if they belong there, push them again; then repeat`,
  };
}

function offPin({ path, pin, at }: Submodule): string {
  const where = at === null ? 'is not checked out' : `is at ${at.slice(0, SHORT_ID)}`;
  return `submodule ${oneLine(path)} ${where}, its pin is ${pin.slice(0, SHORT_ID)}`;
}

function nameOf(remote: string, upstream: SyncFacts['upstream']): string {
  return oneLine(`${remote}/${branchOf(upstream)}`);
}

function branchOf(upstream: SyncFacts['upstream']): string {
  return ('branch' in upstream ? upstream.branch : null) ?? 'HEAD';
}

function brief(text: string): string {
  return shorten(oneLine(text.trim().split('\n')[0] ?? ''), 200);
}
