import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { epochMs, type Instant, isInstant } from '../domain/time.js';
import { textOf } from './if-there.js';
import { readCached, writeCached } from './local-cache.js';
import { isAncestor, readRef } from './refs.js';
import type { Repository } from './repository.js';
import type { Git } from './run.js';

/** The main branch as this clone knows it, without asking the remote. */
export interface MainBranch {
  /** `origin/main`; `main` where nothing was ever fetched. */
  readonly name: string;
  readonly commit: string;
  /** Whether it was fetched; otherwise it is a branch of this clone. */
  readonly fetched: boolean;
}

/** Names of a main branch that nobody has told us of. */
const CUSTOMARY = ['main', 'master'];

/** Which branch is looked for. */
export interface MainBranchQuestion {
  readonly remote: string;
  /** null: the remote's default branch. */
  readonly mainBranch: string | null;
  /** Its name where the remote has told none; null: one of the customary ones. */
  readonly told?: string | null;
  /** Whether a branch of this clone that nobody fetched is no answer. */
  readonly fetchedOnly?: boolean;
}

/**
 * The commit of the main branch as last fetched: by `coord sync-check`, or by git into the remote-tracking branch,
 * whichever was later. Where nothing was fetched (no remote, or a new one), the local main branch; null when there is
 * none. With refs in files it mostly starts no git process.
 */
export async function mainBranchAsFetched(
  repository: Repository,
  git: Git,
  { remote, mainBranch, told = null, fetchedOnly = false }: MainBranchQuestion,
): Promise<MainBranch | null> {
  const ours = lastFetch(repository, remote);
  const named = mainBranch ?? (await defaultBranch(repository, git, remote, ours)) ?? told;
  const names = named === null ? CUSTOMARY : [named];
  for (const branch of names) {
    const commit = await fetchedTip(repository, git, `refs/remotes/${remote}/${branch}`, matching(ours, branch));
    if (commit !== null) return { name: `${remote}/${branch}`, commit, fetched: true };
  }
  for (const branch of fetchedOnly ? [] : names) {
    const commit = await readRef(repository, git, `refs/heads/${branch}`);
    if (commit !== null) return { name: branch, commit, fetched: false };
  }
  return null;
}

function matching(fetch: LastFetch | null, branch: string): LastFetch | null {
  return fetch?.branch === branch ? fetch : null;
}

/**
 * The remote's default branch, as it told last: when it was cloned or asked by git (its HEAD), or by `coord sync-check`,
 * whichever was later. null when this clone does not know.
 */
async function defaultBranch(
  repository: Repository,
  git: Git,
  remote: string,
  ours: LastFetch | null,
): Promise<string | null> {
  const ref = `refs/remotes/${remote}/HEAD`;
  const points = repository.refFormat === 'files' ? symbolicRef(repository, ref) : await askSymbolicRef(git, ref);
  const prefix = `refs/remotes/${remote}/`;
  const named = points?.startsWith(prefix) ? points.slice(prefix.length) : null;
  if (ours === null || !(ours.isDefault ?? named === null)) return named;
  const stats = statSync(join(repository.commonDir, ref), { throwIfNoEntry: false });
  return named === null || stats === undefined || stats.mtimeMs <= epochMs(ours.namedAt ?? ours.at)
    ? ours.branch
    : named;
}

function symbolicRef(repository: Repository, ref: string): string | undefined {
  return /^ref: (\S+)\s*$/.exec(textOf(join(repository.commonDir, ref)))?.[1];
}

async function askSymbolicRef(git: Git, ref: string): Promise<string | undefined> {
  const { code, stdout } = await git(['symbolic-ref', '--quiet', ref]);
  return code === 0 ? stdout.toString('utf8').trim() : undefined;
}

/** The later of what git fetched into the remote-tracking branch and what coord fetched. */
async function fetchedTip(
  repository: Repository,
  git: Git,
  ref: string,
  ours: LastFetch | null,
): Promise<string | null> {
  const tracked = await readRef(repository, git, ref);
  if (tracked === null || ours === null || tracked === ours.commit) return tracked ?? ours?.commit ?? null;
  const moved = await lastMoved(repository, git, ref);
  const fetchedAt = Math.floor(epochMs(ours.at) / 1000);
  if (moved === null || moved < fetchedAt) return ours.commit;
  if (moved > fetchedAt) return tracked;
  // Within one second only the history can tell.
  return (await isAncestor(git, ours.commit, tracked)) === true ? tracked : ours.commit;
}

/** When a ref last moved, in seconds since the epoch; null when its reflog does not tell. */
async function lastMoved(repository: Repository, git: Git, ref: string): Promise<number | null> {
  if (repository.refFormat === 'files') {
    const line = lastLine(join(repository.commonDir, 'logs', ref)).split('\t')[0] ?? '';
    const seconds = / (\d+) [+-]\d{4}$/.exec(line)?.[1];
    return seconds === undefined ? null : Number(seconds);
  }
  const { code, stdout } = await git(['reflog', 'show', '--date=unix', '--format=%gd', '-n', '1', ref, '--']);
  const seconds = /@\{(\d+)\}/.exec(stdout.toString('utf8'))?.[1];
  return code !== 0 || seconds === undefined ? null : Number(seconds);
}

/** Reflogs grow for ever, and only their end is wanted. */
const TAIL_BYTES = 4096;

function lastLine(path: string): string {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return '';
  }
  try {
    const { size } = fstatSync(file);
    const tail = Buffer.alloc(Math.min(size, TAIL_BYTES));
    readSync(file, tail, 0, tail.length, size - tail.length);
    return tail.toString('utf8').trimEnd().split('\n').at(-1) ?? '';
  } finally {
    closeSync(file);
  }
}

/** How many commits each has that the other lacks; null where this clone cannot tell (a shallow clone may count too few). */
export async function countApart(
  git: Git,
  head: string,
  upstream: string,
): Promise<{ readonly ahead: number; readonly behind: number } | null> {
  const { code, stdout } = await git(['rev-list', '--left-right', '--count', `${head}...${upstream}`, '--']);
  const [ahead, behind] = stdout.toString('latin1').trim().split('\t').map(Number);
  return code !== 0 || ahead === undefined || behind === undefined ? null : { ahead, behind };
}

/** Where the remote's main branch stood when coord last fetched it for itself. */
interface LastFetch {
  readonly remote: string;
  /** Short name. */
  readonly branch: string;
  readonly commit: string;
  readonly at: Instant;
  /** Whether the remote itself named it. */
  readonly isDefault?: boolean;
  /** When it did, where that was earlier. */
  readonly namedAt?: Instant;
}

function pathIn(repository: Repository): string {
  return join(repository.commonDir, 'coord', 'last-fetch.json');
}

/** Without it, the remote-tracking branch tells. */
export function recordLastFetch(repository: Repository, fetched: LastFetch): void {
  writeCached(pathIn(repository), fetched);
}

/** Where a branch was found to stand that the remote was asked for by its name; who named it stays as it was. */
export function recordTip(repository: Repository, { remote, branch, commit, at }: LastFetch): void {
  const before = matching(lastFetch(repository, remote), branch);
  const named = before?.isDefault ? { isDefault: true, namedAt: before.namedAt ?? before.at } : { isDefault: false };
  recordLastFetch(repository, { remote, branch, commit, at, ...named });
}

/** null when coord never fetched from this remote, or the record is gone. */
function lastFetch(repository: Repository, remote: string): LastFetch | null {
  return readCached(pathIn(repository), (value) => {
    const { branch, commit, at } = value as Partial<LastFetch>;
    const isWhole = typeof branch === 'string' && /^[0-9a-f]{40,64}$/.test(commit ?? '') && isInstant(at);
    return value.remote === remote && isWhole ? (value as unknown as LastFetch) : null;
  });
}
