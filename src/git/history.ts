import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Comparison, DroppedCommits, SyncCommit } from '../domain/sync/sync.js';
import { isAncestor } from './refs.js';
import type { Repository } from './repository.js';
import { type Git, gitFailed, gitList, gitText } from './run.js';

/** Commits that are told one by one. */
const LISTED = 10;

/**
 * Compares two commits of a repository.
 * @param seen every tip that the upstream is known to have had, so that commits it dropped are noticed
 */
export async function compareHistory(
  repository: Repository,
  git: Git,
  { head, upstream, seen }: { head: string; upstream: string; seen: readonly string[] },
): Promise<Comparison> {
  const counts = await gitText(git, ['rev-list', '--left-right', '--count', `${head}...${upstream}`]);
  const [ahead = 0, behind = 0] = counts.split('\t').map(Number);
  const own = ahead > 0 ? await revList(git, [head, `^${upstream}`]) : [];
  const former = ahead > 0 ? await revList(git, [...seen, `^${upstream}`]) : [];
  return {
    ahead,
    behind,
    missing: behind > 0 ? await newestCommits(git, [upstream, `^${head}`]) : [],
    related: await areRelated(git, head, upstream),
    cutOff: await isCutOff(repository, git, { head, upstream, former }),
    dropped: await droppedCommits(git, upstream, intersection(own, former)),
  };
}

/** Ids reachable from the revisions, newest first and children before parents; ids of absent commits are passed over. */
async function revList(git: Git, revisions: readonly string[]): Promise<string[]> {
  const input = `${revisions.join('\n')}\n`;
  return gitList(git, ['rev-list', '--topo-order', '--ignore-missing', '--stdin'], { input }, '\n');
}

function intersection(ids: readonly string[], others: readonly string[]): string[] {
  const other = new Set(others);
  return ids.filter((id) => other.has(id));
}

async function newestCommits(git: Git, revisions: readonly string[]): Promise<SyncCommit[]> {
  return readCommits(git, [`--max-count=${LISTED}`, ...revisions]);
}

/** The commits that one has and the other lacks: how many, and the newest of them. */
export async function commitsMissing(
  git: Git,
  { of, from }: { readonly of: string; readonly from: string },
): Promise<{ readonly count: number; readonly newest: readonly SyncCommit[] }> {
  const count = Number(await gitText(git, ['rev-list', '--count', of, `^${from}`, '--']));
  return { count, newest: await newestCommits(git, [of, `^${from}`]) };
}

/** Fields end in NUL, which no commit can hold, so that no subject can pass for another field. */
async function readCommits(git: Git, args: readonly string[]): Promise<SyncCommit[]> {
  const format = [
    '-z',
    '--format=%H%x00%an%x00%s',
    '--encoding=UTF-8',
    '--no-show-signature',
    '--no-notes',
    '--no-color',
  ];
  const fields = await gitList(git, ['log', ...format, ...args, '--']);
  const commits: SyncCommit[] = [];
  for (let at = 0; at + 2 < fields.length; at += 3) {
    commits.push({ commit: fields[at] ?? '', author: fields[at + 1] ?? '', subject: fields[at + 2] ?? '' });
  }
  return commits;
}

async function areRelated(git: Git, a: string, b: string): Promise<boolean> {
  const args = ['merge-base', a, b];
  const result = await git(args);
  if (result.code > 1) throw gitFailed(args, result);
  return result.code === 0;
}

async function droppedCommits(git: Git, upstream: string, ids: readonly string[]): Promise<DroppedCommits | null> {
  const [newest] = ids;
  if (newest === undefined) return null;
  return {
    count: ids.length,
    newest: await readCommits(git, ['--no-walk=unsorted', ...ids.slice(0, LISTED)]),
    rewound: (await isAncestor(git, upstream, newest)) === true,
  };
}

/**
 * In a shallow clone some commits seem to have no parents. The comparison is still exact when none of those lies
 * outside the history that both sides share: what is cut off below shared history is shared.
 */
async function isCutOff(
  repository: Repository,
  git: Git,
  { head, upstream, former }: { head: string; upstream: string; former: readonly string[] },
): Promise<boolean> {
  const boundary = shallowBoundary(repository);
  if (boundary.length === 0) return false;
  const apart = await gitList(git, ['rev-list', `${head}...${upstream}`], {}, '\n');
  return intersection(boundary, [...apart, ...former]).length > 0;
}

/** The commits whose parents a shallow clone lacks; none in a complete one. */
export function shallowBoundary(repository: Repository): string[] {
  const path = join(repository.commonDir, 'shallow');
  return existsSync(path) ? readFileSync(path, 'latin1').split('\n').filter(Boolean) : [];
}
