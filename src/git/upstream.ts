import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PRIVATE_REFS } from '../domain/state-ref.js';
import type { SyncFacts, UnfinishedOperation, UpstreamFacts } from '../domain/sync/sync.js';
import type { Instant } from '../domain/time.js';
import { type Covers, dirtyPaths, hasSubmodules, readIndexEntries, submodulesOffPin, untrackedPaths } from './dirty.js';
import { compareHistory } from './history.js';
import { textOf } from './if-there.js';
import { type PorcelainResult, type RemoteGit, trueHistory } from './porcelain.js';
import { readHead } from './refs.js';
import { hasRemote } from './remotes.js';
import type { Repository } from './repository.js';
import { type Git, gitText } from './run.js';

export interface SyncRequest {
  /** Name (or address) of the remote. */
  readonly remote: string;
  /** The remote's main branch, short name; asked of the remote when absent. */
  readonly mainBranch?: string | undefined;
  /** Whether uncommitted and untracked files are looked for. */
  readonly requireClean: boolean;
  /** Which of them count. */
  readonly covers: Covers;
  /** Whether untracked files count, too, that no `.gitignore` ignores, but the lists of this clone or user do. */
  readonly allUntracked?: boolean;
  readonly now: () => Instant;
  /** What came of asking the remote shortly before, for this very HEAD: nothing is asked then. */
  readonly upstream?: UpstreamFacts | undefined;
}

/** How much further a shallow clone is deepened, in commits, before the answer is given up. */
const DEEPEN_STEPS = [50, 1000];

/**
 * Fetches the upstream and gathers what is needed to judge whether HEAD contains it. Touches no index, no working
 * tree, and no ref outside `refs/coord-local/seen/` and this worktree's own `refs/worktree/coord/`.
 * @throws CoordError `fault` when git cannot read this repository, `unavailable` when git cannot run.
 */
export async function gatherSyncFacts(
  repository: Repository,
  anyGit: Git,
  door: RemoteGit,
  request: SyncRequest,
): Promise<SyncFacts> {
  const git: Git = (args, options) =>
    anyGit(['-C', repository.root, ...args], { ...options, env: { ...options?.env, ...trueHistory(repository) } });
  const head = await readHead(repository, git);
  const unfinished = await unfinishedOperation(repository, git);
  const ask = head.commit !== null && unfinished === null;
  const entries = request.requireClean || hasSubmodules(repository) ? await readIndexEntries(git) : [];
  return {
    remote: request.remote,
    head: head.commit,
    branch: head.ref?.replace(/^refs\/heads\//, '') ?? null,
    unfinished,
    upstream:
      request.upstream ??
      (ask ? await askUpstream({ repository, git, door, request, head: head.commit }) : { kind: 'not-asked' }),
    submodules: await submodulesOffPin(repository, git, entries),
    dirty: request.requireClean && ask ? await dirtyHere(repository, git, entries, request) : [],
  };
}

async function dirtyHere(
  repository: Repository,
  git: Git,
  entries: Parameters<typeof dirtyPaths>[2],
  { covers, allUntracked = false }: SyncRequest,
): Promise<string[]> {
  const dirty = await dirtyPaths(repository, git, entries, covers);
  const untracked = allUntracked ? await untrackedPaths(git) : [];
  return [...new Set([...dirty, ...untracked.filter((path) => covers(path, false))])].sort();
}

interface Asking {
  readonly repository: Repository;
  readonly git: Git;
  readonly door: RemoteGit;
  readonly request: SyncRequest;
  readonly head: string;
}

async function askUpstream(asking: Asking): Promise<UpstreamFacts> {
  const { repository, git, request } = asking;
  if (!(await hasRemote(repository, git, request.remote))) return { kind: 'no-remote' };
  if (request.mainBranch !== undefined) return fetchAndCompare(asking, request.mainBranch);
  const answer = await askDefaultBranch(asking);
  if (typeof answer !== 'string') return answer;
  return fetchAndCompare(asking, answer);
}

async function askDefaultBranch({ door, request }: Asking): Promise<string | UpstreamFacts> {
  const asked = await door.lsRemote(request.remote, ['HEAD'], ['--symref']);
  if (asked.code !== 0) return { kind: 'fetch-failed', branch: null, reason: asked.stderr };
  return defaultBranchIn(asked) ?? { kind: 'no-branch', branch: null, defaultBranch: null };
}

/** The pattern `HEAD` also matches refs such as `refs/remotes/x/HEAD`, so the name is compared. */
function defaultBranchIn({ stdout }: PorcelainResult): string | null {
  return /^ref: refs\/heads\/(.+)\tHEAD$/m.exec(stdout)?.[1] ?? null;
}

/** Where branches of a remote stand. */
export interface RemoteTips {
  /** Short name; null: the remote names none. */
  readonly defaultBranch: string | null;
  /** By short name; a branch that is not there is left out. */
  readonly tips: Readonly<Record<string, string>>;
}

/** Asks a remote once where these branches stand, without fetching anything; null when it gave no answer. */
export async function remoteTips(
  door: RemoteGit,
  remote: string,
  branches: readonly string[],
): Promise<RemoteTips | null> {
  const names = branches.map((branch) => `refs/heads/${branch}`);
  const asked = await door.lsRemote(remote, ['HEAD', ...names], ['--symref']);
  if (asked.code !== 0) return null;
  const lines = asked.stdout.split('\n').map((line) => line.split('\t'));
  const tips = branches.flatMap((branch, at) => {
    const tip = lines.find(([, name]) => name === names[at])?.[0];
    return tip === undefined ? [] : [[branch, tip] as const];
  });
  return { defaultBranch: defaultBranchIn(asked), tips: Object.fromEntries(tips) };
}

async function fetchAndCompare(asking: Asking, branch: string): Promise<UpstreamFacts> {
  const { repository, git, door, request, head } = asking;
  const { remote, mainBranch } = request;
  const seen = seenTips(repository, git, { remote, branch, isDefault: mainBranch === undefined });
  // Read before the remote is asked: what is seen later may be newer than its answer, which then looks rewound.
  const known = await seen.list();
  let tip = await fetchTip({ git, door, remote }, branch, []);
  if (typeof tip !== 'string') return whyNotFetched(asking, branch, tip);
  await seen.add(tip);
  const compare = (upstream: string) => compareHistory(repository, git, { head, upstream, seen: known });
  let comparison = await compare(tip);
  for (const depth of DEEPEN_STEPS) {
    if (!comparison.cutOff) break;
    const deeper = await fetchTip({ git, door, remote }, branch, [`--deepen=${depth}`]);
    if (typeof deeper !== 'string') break;
    tip = deeper;
    await seen.add(tip);
    comparison = await compare(tip);
  }
  return { kind: 'fetched', branch, commit: tip, fetchedAt: request.now(), ...comparison };
}

/**
 * Fetches the branch into a ref of this worktree and this call alone, so that nothing else can be in its way, and
 * returns the commit; or git's answer when it failed.
 */
async function fetchTip(
  { git, door, remote }: Pick<Asking, 'git' | 'door'> & { readonly remote: string },
  branch: string,
  options: readonly string[],
): Promise<string | PorcelainResult> {
  const ref = `refs/worktree/coord/fetch-${randomBytes(8).toString('hex')}`;
  const fetched = await door.fetch(remote, [`+refs/heads/${branch}:${ref}`], options);
  if (fetched.code !== 0) return fetched;
  const tip = await gitText(git, ['rev-parse', '--verify', `${ref}^{commit}`]);
  await git(['update-ref', '-d', ref]);
  return tip;
}

/** Fetches a branch by its name, as the question whether HEAD contains it does; null where that failed. */
export async function fetchBranch(
  repository: Repository,
  git: Git,
  door: RemoteGit,
  { remote, branch }: { readonly remote: string; readonly branch: string },
): Promise<string | null> {
  const tip = await fetchTip({ git, door, remote }, branch, []);
  if (typeof tip !== 'string') return null;
  await seenTips(repository, git, { remote, branch, isDefault: false }).add(tip);
  return tip;
}

/** Tells a branch that is not there from a remote that cannot be reached, by asking again rather than by the message. */
async function whyNotFetched(
  { door, request }: Asking,
  branch: string,
  failed: PorcelainResult,
): Promise<UpstreamFacts> {
  const name = `refs/heads/${branch}`;
  const asked = failed.timedOut ? failed : await door.lsRemote(request.remote, ['HEAD', name], ['--symref']);
  const isThere = asked.stdout.split('\n').some((line) => line.endsWith(`\t${name}`));
  if (asked.code !== 0 || isThere) return { kind: 'fetch-failed', branch, reason: failed.stderr };
  return { kind: 'no-branch', branch, defaultBranch: defaultBranchIn(asked) };
}

/**
 * The memory of where an upstream branch has stood: one ref a tip, named by its id, so that worktrees which add at the
 * same time never conflict, and what the upstream dropped stays readable. Only tips that no later one contains are kept:
 * one as long as the upstream moves forward, and one more each time it is rewritten.
 */
export interface SeenTips {
  /** Every tip known to this clone; some of the objects may be gone. */
  list(): Promise<string[]>;
  /** Adds a tip, and forgets those that it contains. */
  add(tip: string): Promise<void>;
}

/** Where the main branch of a remote is known to have stood, its present tip among them. */
export async function formerTips(
  repository: Repository,
  git: Git,
  main: { readonly remote: string; readonly branch: string },
): Promise<string[]> {
  return seenTips(repository, git, { ...main, isDefault: true }).list();
}

const LONGEST_SEGMENT = 100;
/** Not all zeros, which stands for "no such ref" in a reflog. */
const OBJECT_ID = /^(?=.*[^0])(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/** Stands for whichever branch is the default one; no name of a branch is written so. */
const DEFAULT_BRANCH = '%HEAD';

/**
 * @param upstream `isDefault`: the remote itself named the branch, so that under another name it was the same upstream
 */
function seenTips(
  repository: Repository,
  git: Git,
  { remote, branch, isDefault }: { readonly remote: string; readonly branch: string; readonly isDefault: boolean },
): SeenTips {
  const names = [refSegment(branch), ...(isDefault ? [DEFAULT_BRANCH] : [])];
  const prefixes = names.map((name) => `${PRIVATE_REFS}seen/${refSegment(remote)}/${name}/`);
  const tracking = `refs/remotes/${remote}/${branch}`;
  return {
    async list() {
      const refs = await gitText(git, ['for-each-ref', '--format=%(objectname)', ...prefixes, tracking]);
      const all = [...refs.split('\n'), ...(await formerValues(repository, git, tracking))];
      return [...new Set(all)].filter((id) => OBJECT_ID.test(id));
    },
    async add(tip) {
      const input = prefixes.map((prefix) => `update ${prefix}${tip} ${tip}\n`).join('');
      await gitText(git, [...PATIENT, 'update-ref', '--stdin'], { input });
      const contained = await gitText(git, ['for-each-ref', '--format=%(refname)', `--merged=${tip}`, ...prefixes]);
      for (const ref of contained.split('\n')) {
        // Another worktree may be forgetting the same one, so it is no failure when it is gone.
        if (ref !== '' && !ref.endsWith(`/${tip}`)) await git([...PATIENT, 'update-ref', '-d', ref]);
      }
    },
  };
}

/** Git itself then waits for another writer of the same ref, in milliseconds. */
const PATIENT = ['-c', 'core.filesRefLockTimeout=5000', '-c', 'core.packedRefsTimeout=5000'];

/** A name as one segment of a ref: a branch `a` must not stand in the way of a later `a/b`. */
function refSegment(name: string): string {
  const safe = [...Buffer.from(name)].map((byte) => {
    const character = String.fromCharCode(byte);
    return /[\w-]/.test(character) ? character : `%${byte.toString(16).padStart(2, '0')}`;
  });
  const segment = safe.join('');
  return segment.length <= LONGEST_SEGMENT ? segment : createHash('sha256').update(name).digest('hex');
}

/**
 * Where a tracking ref stood before, from its reflog. Read as a file where it is one: git's listing leaves out the
 * value before the first entry, which after `git clone` and one `git fetch` is the one that matters.
 */
async function formerValues(repository: Repository, git: Git, ref: string): Promise<string[]> {
  if (repository.refFormat === 'files') {
    return textOf(join(repository.commonDir, 'logs', ref), 'latin1')
      .split('\n')
      .flatMap((line) => line.split(' ', 2));
  }
  const { code, stdout } = await git(['reflog', 'show', '--format=%H', ref, '--']);
  return code === 0 ? stdout.toString('latin1').split('\n') : [];
}

/** What git keeps in a worktree's git directory while an operation waits to be continued; the first match counts. */
const MARKERS: readonly (readonly [marker: string, operation: UnfinishedOperation])[] = [
  ['rebase-merge', 'rebase'],
  ['rebase-apply/applying', 'am'],
  ['rebase-apply', 'rebase'],
  ['MERGE_HEAD', 'merge'],
  ['CHERRY_PICK_HEAD', 'cherry-pick'],
  ['REVERT_HEAD', 'revert'],
  // Between two commits of a series there is no CHERRY_PICK_HEAD.
  ['sequencer', 'cherry-pick'],
  ['BISECT_LOG', 'bisect'],
];

/** The operation that is unfinished in this worktree (not in others of the clone), or null. */
async function unfinishedOperation(repository: Repository, git: Git): Promise<UnfinishedOperation | null> {
  const found = MARKERS.find(([marker]) => existsSync(join(repository.gitDir, marker)));
  if (found) return found[1];
  if (repository.refFormat === 'files') return null;
  for (const [name, operation] of MARKERS) {
    if (name.endsWith('_HEAD') && (await git(['rev-parse', '--quiet', '--verify', name])).code === 0) return operation;
  }
  return null;
}
