import { ownClaims } from '../../domain/agents/ownership.js';
import { groundOf } from '../../domain/claims/conflicts.js';
import type { MergedRequest } from '../../domain/claims/land.js';
import { matches } from '../../domain/ground/index.js';
import type { Claim } from '../../domain/model.js';
import { coord } from '../../domain/suggestion.js';
import type { Task } from '../../domain/tasks/task.js';
import { CoordError } from '../../errors.js';
import { changesSince, pathsBetween } from '../../git/changes.js';
import { isAncestor, namedCommit } from '../../git/refs.js';
import { notMerged, type ReleasedByReport, releasedByLines, uncommittedOnGround } from '../../render/land.js';
import { refusalError } from '../../render/refusals.js';
import { transact } from '../../store/swap/transact.js';
import { uncommittedOn } from '../../workspace/clean.js';
import type { Context } from '../../workspace/context.js';
import { syncError } from '../../workspace/sync-facts.js';
import { withOpenGates } from '../gates/source.js';
import type { Outcome } from '../verb.js';
import { readWork, requireSharing } from './review.js';

/**
 * `release --merged COMMIT`: releases the claims that a merged pull request was done under. It looks for the commit on the
 * remote's main branch, or for the same content at every path that it changed there, as a squash or a rebase leaves it.
 * Claims with later work of HEAD, or with work that is not merged, stay.
 */
export async function releaseMerged(context: Context, named: string): Promise<Outcome> {
  await requireSharing(context);
  const commit = await namedCommit(context.git, named);
  const { verdict, work } = await readWork(context);
  if (work === null) return syncError(verdict);
  return release(context, commit, { name: `${work.remote}/${work.branch}`, commit: work.main });
}

interface Main {
  readonly name: string;
  readonly commit: string;
}

async function release(context: Context, commit: string, main: Main): Promise<Outcome> {
  const full = await giveBackMerged(context, commit, main);
  return full instanceof CoordError ? full : { data: full, text: (style) => releasedByLines(full, style) };
}

/** Releases the claims of this agent whose work up to the commit is on the main branch, and ends the tasks that it does. */
export async function giveBackMerged(
  context: Context,
  commit: string,
  main: Main,
): Promise<ReleasedByReport | CoordError> {
  const base = await context.requestBase();
  const store = await context.store();
  const { state } = await store.latest(['tasks', 'submissions']);
  const own = ownClaims(state, base, null, context.now());
  const claims =
    'claims' in own ? own.claims.filter(({ kind, mode }) => kind !== 'resource' && mode === 'exclusive') : [];
  const contained = (await isAncestor(context.git, commit, main.commit)) === true;
  const sorted = await sortClaims(context, claims, { commit, contained }, main);
  const chosen = sorted.filter(({ fate }) => fate === 'merged').map(({ claim }) => claim);
  const left = sorted.filter(({ fate }) => fate !== 'merged').map(({ claim }) => groundOf(claim));
  const report: Omit<ReleasedByReport, 'done'> = {
    commit,
    upstream: main.name,
    how: chosen.length === 0 ? null : contained ? 'contained' : 'same-content',
    released: chosen.map(({ target, kind, agent, token }) => ({ target, kind, agent, token })),
    kept: sorted.flatMap(({ claim: { target }, fate }) => (fate === 'merged' ? [] : [{ target, why: fate }])),
  };
  const apart = sorted.flatMap(({ unmerged }) => unmerged);
  if (chosen.length === 0 && apart.length > 0) return notMerged({ ...report, done: [] }, apart);
  const dirty = await uncommittedOn(context, chosen);
  if (dirty.length > 0) return uncommittedOnGround(dirty, coord(`release --merged ${commit.slice(0, 7)}`));
  let done: readonly Task[] = [];
  if (chosen.length > 0) {
    const asked: MergedRequest = {
      kind: 'merged',
      ...base,
      targets: chosen.map(groundOf),
      unfinished: left,
      open: {},
      // After a squash the commit itself is nowhere on the main branch, so the next holder must have what is.
      commit: contained ? commit : main.commit,
      changes: await changesSince(context.git, chosen, commit, context.repository.foldsCase),
    };
    const request = await withOpenGates(context, state, asked);
    if (request instanceof CoordError) return request;
    const decision = await transact(store, request, context.effects);
    if (!decision.ok) return refusalError(decision.refusal, context.now());
    done = decision.result.done;
  }
  return { ...report, done: done.map(({ id, title }) => ({ id, title })) };
}

interface Sorted {
  readonly claim: Claim;
  readonly fate: 'merged' | 'not-merged' | 'later-work';
  /** Paths of the claim's work whose content the main branch does not have. */
  readonly unmerged: readonly string[];
}

/** The claims that the commit has work of, and what became of that work. */
async function sortClaims(
  context: Context,
  claims: readonly Claim[],
  { commit, contained }: { readonly commit: string; readonly contained: boolean },
  main: Main,
): Promise<Sorted[]> {
  const apart = new Set(contained ? [] : await pathsBetween(context.git, commit, main.commit));
  const later = await laterWork(context, commit, main);
  const sorted: Sorted[] = [];
  for (const claim of claims) {
    const covers = (path: string) => matches(groundOf(claim), path, { foldCase: context.repository.foldsCase });
    const worked = (await workSince(context, claim, commit)).filter(covers);
    if (worked.length === 0) continue;
    const unmerged = worked.filter((path) => apart.has(path));
    const fate = unmerged.length > 0 ? 'not-merged' : later.some(covers) ? 'later-work' : 'merged';
    sorted.push({ claim, fate, unmerged });
  }
  return sorted;
}

/** Paths that changed since the claim was granted; none where HEAD was there already, or that commit is gone from here. */
async function workSince({ git }: Context, { base }: Claim, commit: string): Promise<string[]> {
  if (base === null || base === commit) return [];
  return (await git(['cat-file', '-e', `${base}^{commit}`])).code === 0 ? pathsBetween(git, base, commit) : [];
}

/** Paths that HEAD changed after the commit, and that the main branch does not have like that. */
async function laterWork(context: Context, commit: string, main: Main): Promise<string[]> {
  const { git } = context;
  const head = (await context.head()).commit;
  if (head === null || head === commit || (await isAncestor(git, commit, head)) !== true) return [];
  const unmerged = new Set(await pathsBetween(git, main.commit, head));
  return (await pathsBetween(git, commit, head)).filter((path) => unmerged.has(path));
}
