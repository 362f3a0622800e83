import { findAgent } from '../agents/agents.js';
import { isOf, ownClaims, sameSession } from '../agents/ownership.js';
import type { EventDraft } from '../events.js';
import { matches } from '../ground/index.js';
import { patternTarget } from '../ground/patterns.js';
import { landTarget, type Target } from '../ground/targets.js';
import type { Claim, State } from '../model.js';
import type { UnclaimedPath } from '../refusal.js';
import type { Outcome, Policy, RequestBase, Row } from '../request.js';
import { endSubmissions, submissionsIn, tasksOfSubmissions } from '../submissions/landed.js';
import { endWork, landedTasks } from '../tasks/landed.js';
import { claimsOf, settleTasks, tasksOf, tasksOn } from '../tasks/standing.js';
import type { Task } from '../tasks/task.js';
import type { Instant } from '../time.js';
import { turnOfOthers } from './claim.js';
import { groundOf, sameTarget } from './conflicts.js';
import { claimEvent, isLive } from './leases.js';
import type { Change } from './release.js';

/** Lets the work of HEAD onto the main branch, with the release of the claims that it was done under. */
export interface LandRequest extends RequestBase {
  readonly kind: 'land';
  /** HEAD: the main branch is moved to it. */
  readonly commit: string;
  /** Short name of the main branch. */
  readonly branch: string;
  /** Where the main branch stood; HEAD contains it. */
  readonly from: string;
  /** Every path that differs between the two, both names of a rename, NFC. */
  readonly paths: readonly string[];
  /** As in a release. */
  readonly changes: readonly Change[] | null;
  /** Ids of the tasks that it does, `none` for none; null: those of whose ground it is clear. */
  readonly tasks: readonly string[] | null;
  /** Names of the gates that were found open for the commit, by the id of the task that they were asked about. */
  readonly open: Readonly<Record<string, readonly string[]>>;
  /** The branch that HEAD was pushed to for a pull request: that is recorded, and no claim is given back yet. */
  readonly review?: string;
}

/** Gives back the claims whose work has come to the main branch through a pull request, and ends the tasks that it does. */
export interface MergedRequest extends RequestBase {
  readonly kind: 'merged';
  readonly targets: readonly Target[];
  /** The commit that the next holder must have. */
  readonly commit: string;
  readonly changes: readonly Change[] | null;
  /** Targets with work that is not there: a task that has some is not done. */
  readonly unfinished: readonly Target[];
  readonly open: LandRequest['open'];
}

export interface LandResult {
  readonly released: readonly Claim[];
  /** The tasks that it did. */
  readonly done: readonly Task[];
}

/**
 * Lets work onto the main branch and gives back the claims that it was done under. Every changed path of the surface
 * must be under a live exclusive claim of this agent, and no changed path under a claim of another. The release always
 * binds: what was changed under the claim is in the commit.
 */
function decideLand(before: State, request: LandRequest, now: Instant): Outcome<LandResult> {
  const { agent, session, branch, commit, from, paths } = request;
  const turn = landTarget(branch);
  const others = request.review === undefined ? turnOfOthers(before, request, turn, now) : null;
  if (others) return { ok: false, refusal: others };
  const standings = paths.map((path) => coverageOf(before, request, path, now));
  const unclaimed = standings.flatMap((standing) => standing.unclaimed ?? []);
  if (unclaimed.length > 0) return { ok: false, refusal: { code: 'lost', reason: 'unclaimed', paths: unclaimed } };
  const claims = [...new Set(standings.flatMap((standing) => standing.claims))];
  const settled = settleTasks(before, now);
  if (request.review !== undefined) return recordPush(settled, request, request.review, claims, now);
  const tasks = landedTasks(settled.state, request, claims, now);
  if ('code' in tasks) return { ok: false, refusal: tasks };
  const here = new Set(paths);
  const submissions = submissionsIn(settled.state, agent, (path) => here.has(path));
  const all = [...tasks, ...tasksOfSubmissions(settled.state, submissions).filter((task) => !tasks.includes(task))];
  const ended = endWork(settled.state, request, claims, all, now);
  if ('refusal' in ended) return { ok: false, refusal: ended.refusal };
  const ending = endTurn(ended.state, agent, turn, now);
  const closed = endSubmissions(ending.state, submissions, agent, now);
  const landed = { type: 'work.landed', at: now, agent, session, commit, from, branch } as const;
  const { released, done } = ended;
  const freed = released.length === 0 ? '' : `, releasing ${released.map(({ target }) => target).join(', ')}`;
  const finished = done.length === 0 ? '' : `, with which ${done.map(({ id }) => id).join(', ')} is done`;
  return {
    ok: true,
    // A new object even where no claim is released: each landing is on the record.
    state: { ...closed.state },
    events: [
      ...settled.events,
      ...ended.events,
      ...ending.events,
      { ...landed, paths: paths.length },
      ...closed.events,
    ],
    result: { released, done },
    summary: `land ${commit.slice(0, 7)} on ${branch} by ${agent}${freed}${finished}`,
  };
}

/** The turn to land is over with the landing. It binds nobody: the next one to land has to have all of the branch anyway. */
function endTurn(
  state: State,
  agent: string,
  turn: Target,
  now: Instant,
): { readonly state: State; readonly events: EventDraft[] } {
  const own = state.claims.filter((claim) => claim.agent === agent && sameTarget(groundOf(claim), turn, false));
  if (own.length === 0) return { state, events: [] };
  return {
    state: { ...state, claims: state.claims.filter((claim) => !own.includes(claim)) },
    events: own.map((claim) => claimEvent('claim.released', claim, now, { commit: null })),
  };
}

/** Gives back the claims whose work a merge has brought to the main branch. */
function decideMerged(before: State, request: MergedRequest, now: Instant): Outcome<LandResult> {
  const settled = settleTasks(before, now);
  const { state } = settled;
  const { agent, targets, commit, unfinished, policy } = request;
  const owned = ownClaims(state, request, targets, now);
  if ('refusal' in owned) return { ok: false, refusal: owned.refusal };
  const left = (claim: Claim) => unfinished.some((target) => sameTarget(target, groundOf(claim), policy.foldCase));
  const tasks = tasksOf(state, request, now).filter(({ id }) => {
    const isOn = (claim: Claim) => claim.tasks.includes(id);
    return owned.claims.some(isOn) && !claimsOf(state, id).some(left);
  });
  const options = { foldCase: policy.foldCase };
  const covers = (path: string) => owned.claims.some((claim) => matches(groundOf(claim), path, options));
  const submissions = submissionsIn(state, agent, covers);
  const ended = endWork(state, request, owned.claims, [...tasks, ...tasksOfSubmissions(state, submissions)], now);
  if ('refusal' in ended) return { ok: false, refusal: ended.refusal };
  const closed = endSubmissions(ended.state, submissions, agent, now);
  const { released, done } = ended;
  return {
    ok: true,
    state: closed.state,
    events: [...settled.events, ...ended.events, ...closed.events],
    result: { released, done },
    summary: `release ${released.map(({ target }) => target).join(', ')} by ${agent}, merged at ${commit.slice(0, 7)}`,
  };
}

/** Says which commits were made under which claims, for whoever audits the pull request. */
function recordPush(
  { state, events }: ReturnType<typeof settleTasks>,
  request: LandRequest,
  review: string,
  claims: readonly Claim[],
  now: Instant,
): Outcome<LandResult> {
  const { agent, session, commit, from, paths } = request;
  const under = { claims: claims.map(({ id }) => id), paths: paths.length };
  const pushed = new Set(claims.flatMap((claim) => tasksOn(state, claim)));
  const tasks = state.tasks.tasks.map((task) => (pushed.has(task.id) ? { ...task, commit } : task));
  return {
    ok: true,
    // A new object although nothing of it changes: each push is on the record.
    state: pushed.size === 0 ? { ...state } : { ...state, tasks: { ...state.tasks, tasks } },
    events: [...events, { type: 'work.pushed', at: now, agent, session, commit, from, branch: review, ...under }],
    result: { released: [], done: [] },
    summary: `push ${commit.slice(0, 7)} to ${review} for review by ${agent}`,
  };
}

/** More paths than this are named by their folders. */
const MOST_NAMED = 6;

/**
 * Few targets that cover all of these paths: the paths themselves, their folders, or the folders at the root of the
 * repository. A folder ends in a slash; the root is one.
 */
export function groundToClaim(changed: readonly string[]): readonly string[] {
  const paths = outermost(changed.map(claimable));
  if (paths.length <= MOST_NAMED) return paths;
  const folders = outermost(paths.map((path) => path.slice(0, path.lastIndexOf('/') + 1) || path));
  if (folders.length <= MOST_NAMED) return folders;
  return outermost(paths.map((path) => path.slice(0, path.indexOf('/') + 1) || path));
}

/** A name that is not UTF-8 cannot be claimed, nor typed everywhere: its folder can. */
function claimable(path: string): string {
  const unreadable = path.indexOf('\uFFFD');
  return unreadable < 0 ? path : path.slice(0, path.lastIndexOf('/', unreadable) + 1) || '/';
}

function outermost(targets: readonly string[]): string[] {
  const all = [...new Set(targets)];
  return all.filter((one) => !all.some((other) => other !== one && other.endsWith('/') && one.startsWith(other)));
}

export const LAND_ROWS = {
  land: {
    decide: decideLand,
    fields: {
      review: 'asked',
      tasks: 'asked',
      open: 'found',
      commit: 'found',
      branch: 'found',
      from: 'found',
      paths: 'found',
      changes: 'found',
    },
    parts: () => ['tasks', 'submissions'],
    // Another ref moves with it.
    combinable: false,
    ground: (_state, { paths }) => paths.map((text) => ({ kind: 'path', text })),
    closedToWorkers: true,
  },
  merged: {
    decide: decideMerged,
    fields: { targets: 'asked', commit: 'found', changes: 'found', unfinished: 'found', open: 'found' },
    parts: () => ['tasks', 'submissions'],
    combinable: false,
    ground: () => null,
  },
} as const satisfies { readonly land: Row<LandRequest>; readonly merged: Row<MergedRequest> };

/** Who has changed, or is about to change, a path. */
export interface Changer {
  readonly agent: string;
  /** null when no session is known. */
  readonly session: string | null;
  readonly policy: Pick<Policy, 'surface' | 'foldCase'>;
}

/** How a change of one path stands to the claims. */
export interface Coverage {
  /** This agent's live exclusive claims that allow the change. */
  readonly claims: readonly Claim[];
  /** Why the change is not allowed; absent when it is. */
  readonly unclaimed?: UnclaimedPath;
}

/**
 * Whether an agent may change a path now: it holds a live exclusive claim over it, or the path is off the surface and
 * nobody else holds it.
 * @param path relative to the root of the repository
 */
export function coverageOf(state: State, changer: Changer, path: string, now: Instant): Coverage {
  const { policy } = changer;
  const options = { foldCase: policy.foldCase };
  const over = state.claims.filter((claim) => claim.kind !== 'resource' && matches(groundOf(claim), path, options));
  const live = over.filter((claim) => isLive(claim, now));
  const own = over.filter((claim) => isOf(claim, changer));
  const claims = own.filter(
    (claim) => live.includes(claim) && claim.mode === 'exclusive' && sameSession(claim, changer),
  );
  if (claims.length > 0) return { claims };
  const holder = live.find((claim) => !isOf(claim, changer) && claim.mode === 'exclusive') ?? null;
  if (holder === null && !onSurface(policy, path)) return { claims };
  const liveOwn = own.find((claim) => live.includes(claim));
  const loss = lossOf(state, changer, path);
  const why = liveOwn
    ? sameSession(liveOwn, changer)
      ? 'shared'
      : 'other-session'
    : own.length > 0
      ? 'expired'
      : (loss?.how ?? (holder ? 'held-by-other' : 'not-held'));
  return { claims, unclaimed: { path, why, holder: holder ?? liveOwn ?? null, loss } };
}

/** Whether a change of this path needs a claim. */
export function onSurface(policy: Changer['policy'], path: string): boolean {
  return policy.surface.some((part) => matches(part, path, { foldCase: policy.foldCase }));
}

function lossOf(state: State, changer: Changer, path: string): UnclaimedPath['loss'] {
  const options = { foldCase: changer.policy.foldCase };
  const losses = findAgent(state, changer.agent)?.losses ?? [];
  return (
    losses.findLast((loss) => sameSession(loss, changer) && matches(patternTarget(loss.target), path, options)) ?? null
  );
}
