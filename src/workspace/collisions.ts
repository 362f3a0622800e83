import { createHash } from 'node:crypto';
import { join, relative } from 'node:path';
import { command, coord, targetWords } from '../domain/suggestion.js';
import type { Collision, WorkOf } from '../domain/sync/collisions.js';
import { named, oneLine } from '../domain/text.js';
import { secondsBetween } from '../domain/time.js';
import { readCached, writeCached } from '../git/local-cache.js';
import type { Workspace } from './workspace.js';

const MOST_PATHS = 5;
/** What was predicted longer ago than this may have been settled since. */
const OLD_SECONDS = 900;

/** A collision between two pieces of work that are both named. */
type KnownCollision = Collision & { readonly of: WorkOf };

/** What was predicted last in this clone. It only saves work: nothing is decided by it. */
interface Predicted {
  readonly at: string;
  readonly found: readonly KnownCollision[];
}

/**
 * Keeps what was predicted, so that commands which have no time to try merges can tell of it.
 * @param own whose work all of it was compared with; null: each pair was looked at
 */
export function rememberCollisions(workspace: Workspace, found: readonly Collision[], own: WorkOf | null): void {
  const fresh = found.flatMap((one) => {
    const of = one.of ?? own;
    return one.verdict === 'conflict' && of !== null ? [{ ...one, of }] : [];
  });
  const others =
    own === null ? [] : (read(workspace)?.found ?? []).filter((one) => otherThan(one, own.worktree) === null);
  writeCached(fileOf(workspace), { at: workspace.now(), found: [...others, ...fresh] } satisfies Predicted);
}

/** What this worktree would collide with. */
type CollisionHere = Pick<Collision, 'with' | 'paths' | 'uncommitted'>;

/**
 * What this worktree would collide with, as far as that was predicted not long ago, each as a line; an agent is told once
 * of a collision as it is.
 * @param concerns which of them are told now; the others may be told later
 */
export function tellCollisions(
  workspace: Workspace,
  agent: string,
  concerns: (one: CollisionHere) => boolean = () => true,
): string[] {
  const prediction = read(workspace);
  if (prediction === null || secondsBetween(prediction.at, workspace.now()) > OLD_SECONDS) return [];
  const { root } = workspace.repository;
  const seen = workspace.seenNotices(agent);
  const news = prediction.found.flatMap((one) => {
    const other = otherThan(one, root);
    if (other === null) return [];
    const here = { with: other, paths: one.paths, uncommitted: one.uncommitted };
    const mark = createHash('sha1')
      .update(JSON.stringify([root, here]))
      .digest('hex');
    return seen.has(mark) || !concerns(here) ? [] : [{ here, mark }];
  });
  seen.add(news.map(({ mark }) => mark));
  return news.map(({ here }) => noticeOf(root, here));
}

/** Whether {@link tellCollisions} may have something to say in this worktree. */
export function mayCollide(place: Pick<Workspace, 'localDirectory' | 'now'>, root: string): boolean {
  const prediction = read(place);
  if (prediction === null || secondsBetween(prediction.at, place.now()) > OLD_SECONDS) return false;
  return prediction.found.some((one) => otherThan(one, root) !== null);
}

function noticeOf(root: string, { with: other, paths, uncommitted }: CollisionHere): string {
  const where = paths.length === 0 ? '' : ` in ${named(paths, MOST_PATHS)}`;
  const state = uncommitted ? ', not all of it committed' : '';
  return `your work here would collide with ${nameOfWork(root, other)}${where}${state}: ${nextStep({ with: other, paths })}`;
}

/** The other side of a collision that this worktree is in; null: it is in none. */
function otherThan({ of, with: other }: KnownCollision, worktree: string | null): WorkOf | null {
  if (worktree === null) return null;
  return of.worktree === worktree ? other : other.worktree === worktree ? of : null;
}

function fileOf({ localDirectory }: Pick<Workspace, 'localDirectory'>): string {
  return join(localDirectory, 'collisions.json');
}

function read(workspace: Pick<Workspace, 'localDirectory'>): Predicted | null {
  return readCached(fileOf(workspace), ({ at, found }) =>
    typeof at === 'string' && Array.isArray(found) ? { at, found: found as KnownCollision[] } : null,
  );
}

/** @param root absolute path of the worktree that looks */
export function nameOfWork(root: string, { kind, agent, worktree, branch }: WorkOf): string {
  const who = agent === null ? '' : `${oneLine(agent)}'s `;
  if (kind === 'submission') return `${who}submission ${branch}`;
  if (worktree === null) return `${who}${oneLine(branch ?? 'HEAD')}`;
  const place = relative(root, worktree) || 'this worktree';
  return `${who}${oneLine(place)}${branch === null ? '' : ` (${oneLine(branch)})`}`;
}

/** Both can agree on who takes what; who claims the paths stops the other from going on unseen. */
export function nextStep(collision: Pick<Collision, 'with' | 'paths'> | undefined): string {
  if (!collision || collision.with.kind === 'main')
    return `${command('git pull --rebase')}, and look at your change again`;
  const { agent, kind, branch } = collision.with;
  if (kind === 'submission') return coord(`integrate ${branch}`);
  if (agent !== null) return coord(`note "we both change this" --to ${agent}`);
  return coord(`claim ${targetWords(collision.paths.slice(0, MOST_PATHS).map((text) => ({ kind: 'path', text })))}`);
}
