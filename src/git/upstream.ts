import { randomBytes } from 'node:crypto';
import type { SyncFacts, UpstreamFacts } from '../domain/sync.js';
import type { Instant } from '../domain/time.js';
import { type Covers, dirtyPaths } from './dirty.js';
import { compareHistory } from './history.js';
import { readIndexEntries } from './index-entries.js';
import { type PorcelainResult, type RemoteGit, trueHistory } from './porcelain.js';
import { readHead } from './refs.js';
import type { Repository } from './repository.js';
import { type Git, gitText } from './run.js';
import { seenTips } from './seen-tips.js';
import { hasSubmodules, submodulesOffPin } from './submodules.js';
import { unfinishedOperation } from './unfinished.js';

export interface SyncRequest {
  /** Name (or address) of the remote. */
  readonly remote: string;
  /** The remote's main branch, short name; asked of the remote when absent. */
  readonly mainBranch?: string | undefined;
  /** Whether uncommitted and untracked files are looked for. */
  readonly requireClean: boolean;
  /** Which of them count. */
  readonly covers: Covers;
  readonly now: () => Instant;
}

/** How much further a shallow clone is deepened, in commits, before the answer is given up. */
const DEEPEN_STEPS = [50, 1000];

/**
 * Fetches the upstream and gathers what is needed to judge whether HEAD contains it. Touches no index, no working
 * tree, and no ref outside `refs/coord/seen/` and this worktree's own `refs/worktree/coord/`.
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
    upstream: ask ? await askUpstream({ repository, git, door, request, head: head.commit }) : { kind: 'not-asked' },
    submodules: await submodulesOffPin(repository, git, entries),
    dirty: request.requireClean && ask ? await dirtyPaths(repository, git, entries, request.covers) : [],
  };
}

interface Asking {
  readonly repository: Repository;
  readonly git: Git;
  readonly door: RemoteGit;
  readonly request: SyncRequest;
  readonly head: string;
}

async function askUpstream(asking: Asking): Promise<UpstreamFacts> {
  const { git, request } = asking;
  if (!(await isRemote(git, request.remote))) return { kind: 'no-remote' };
  if (request.mainBranch !== undefined) return fetchAndCompare(asking, request.mainBranch);
  const answer = await askDefaultBranch(asking);
  if (typeof answer !== 'string') return answer;
  return fetchAndCompare(asking, answer);
}

/** A configured remote, or something that git will take for an address. */
async function isRemote(git: Git, remote: string): Promise<boolean> {
  return /[/:]/.test(remote) || (await git(['remote', 'get-url', '--', remote])).code === 0;
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

async function fetchAndCompare(asking: Asking, branch: string): Promise<UpstreamFacts> {
  const { repository, git, request, head } = asking;
  const { remote, mainBranch } = request;
  const seen = seenTips(repository, git, { remote, branch, isDefault: mainBranch === undefined });
  // Read before the remote is asked: what is seen later may be newer than its answer, which then looks rewound.
  const known = await seen.list();
  let tip = await fetchTip(asking, branch, []);
  if (typeof tip !== 'string') return whyNotFetched(asking, branch, tip);
  await seen.add(tip);
  const compare = (upstream: string) => compareHistory(repository, git, { head, upstream, seen: known });
  let comparison = await compare(tip);
  for (const depth of DEEPEN_STEPS) {
    if (!comparison.cutOff) break;
    const deeper = await fetchTip(asking, branch, [`--deepen=${depth}`]);
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
  { git, door, request }: Asking,
  branch: string,
  options: readonly string[],
): Promise<string | PorcelainResult> {
  const ref = `refs/worktree/coord/fetch-${randomBytes(8).toString('hex')}`;
  const fetched = await door.fetch(request.remote, [`+refs/heads/${branch}:${ref}`], options);
  if (fetched.code !== 0) return fetched;
  const tip = await gitText(git, ['rev-parse', '--verify', `${ref}^{commit}`]);
  await git(['update-ref', '-d', ref]);
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
