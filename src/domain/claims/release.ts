import { ownClaims, sameSession } from '../agents/ownership.js';
import { runningUnder } from '../deploy/records.js';
import type { EventDraft } from '../events.js';
import { matches } from '../ground/index.js';
import { isDeployTarget, isLandTarget, isOnceTarget, type Target } from '../ground/targets.js';
import type { Claim, PathContent, Release, State } from '../model.js';
import type { Outcome, RequestBase, Row } from '../request.js';
import { tasksOn } from '../tasks/standing.js';
import { isTaskTarget } from '../tasks/task.js';
import type { Instant } from '../time.js';
import type { ClaimResult } from './claim.js';
import { groundOf, sameTarget } from './conflicts.js';
import { claimEvent, claimsBy, extend, isLive, isPastHalf } from './leases.js';

/** Older releases are forgotten first: a bound on the size of the state, far above what a fleet has in flight. */
const RELEASES_KEPT = 500;

/** A path that differs between the base of a claim and the released commit. */
export interface Change extends PathContent {
  readonly base: string;
  /** The name that it had at the base; null: the same, or it was not there. */
  readonly from: string | null;
}

export interface ReleaseRequest extends RequestBase {
  readonly kind: 'release';
  /** null: all claims of this agent. */
  readonly targets: readonly Target[] | null;
  /** The commit that holds the work; null: none (unborn branch). */
  readonly commit: string | null;
  /** Whether the caller named the commit; otherwise it is HEAD. */
  readonly commitNamed: boolean;
  /** What the work changed on the ground of the claims, by their bases; null: not known. */
  readonly changes: readonly Change[] | null;
  /** Released even with uncommitted changes. */
  readonly uncommitted: boolean;
}

export interface ReleaseResult {
  readonly released: readonly Claim[];
  readonly commit: string | null;
}

/** Gives the agent's claims back, with the commit that holds the work; the ground of a task goes with the task alone. */
function decideRelease(state: State, request: ReleaseRequest, now: Instant): Outcome<ReleaseResult> {
  const owned = ownClaims(state, request, request.targets, now);
  if ('refusal' in owned) return { ok: false, refusal: owned.refusal };
  const deploys = owned.claims.flatMap(({ id }) => runningUnder(state.deployments, id) ?? []);
  if (request.targets === null && deploys.length > 0) {
    // Without its claim a deploy is stopped: that must have been meant.
    return { ok: false, refusal: { code: 'held', reason: 'deploying', deploys } };
  }
  const bound = owned.claims.filter((claim) => tasksOn(state, claim).length > 0);
  const claims = owned.claims.filter((claim) => !bound.includes(claim));
  if (bound.length > 0 && (request.targets !== null || claims.length === 0)) {
    const tasks = [...new Set(bound.flatMap((claim) => tasksOn(state, claim)))];
    const targets = bound.map(({ target }) => target);
    return { ok: false, refusal: { code: 'usage', reason: 'task-ground', targets, tasks } };
  }
  const { commit, agent } = request;
  return {
    ok: true,
    ...releaseClaims(state, claims, request, now),
    result: { released: claims, commit },
    summary: `release ${claims.map((claim) => claim.target).join(', ')} by ${agent}${
      commit === null ? '' : ` at ${commit.slice(0, 7)}`
    }`,
  };
}

/** How claims are given back: at which commit, and what else is known of it. */
type Giving = Pick<ReleaseRequest, 'commit' | 'commitNamed' | 'changes' | 'uncommitted' | 'policy'>;

/** Takes claims out of the state as given back; the next holder must have the commit that holds their work. */
export function releaseClaims(
  state: State,
  claims: readonly Claim[],
  giving: Giving,
  now: Instant,
): { readonly state: State; readonly events: EventDraft[] } {
  const { commit, policy, uncommitted } = giving;
  if (claims.length === 0) return { state, events: [] };
  const gone = new Set(claims.map((claim) => claim.id));
  // What stands for a task holds no work.
  const holdsWork = (claim: Claim) => !isTaskTarget(groundOf(claim));
  const bound = new Map(claims.map((claim) => [claim.id, holdsWork(claim) ? boundBy(claim, giving, now) : []]));
  const releases = [...bound.values()].flat();
  return {
    state: {
      ...state,
      claims: state.claims.filter((claim) => !gone.has(claim.id)),
      releases: recordReleases(state.releases, releases, policy.foldCase),
    },
    events: claims.map((claim) =>
      claimEvent('claim.released', claim, now, {
        commit: holdsWork(claim) ? commit : null,
        ...bindsOf(bound.get(claim.id) ?? []),
        ...(uncommitted ? { uncommitted: true } : {}),
      }),
    ),
  };
}

/**
 * What the next holder must have. A reader changed nothing, and a holder whose HEAD did not move committed nothing:
 * neither binds anybody, unless a commit was named.
 */
export function bindingCommit(claim: Claim, given: Pick<ReleaseRequest, 'commit' | 'commitNamed'>): string | null {
  const changedNothing = claim.mode === 'shared' || claim.base === given.commit;
  return changedNothing && !given.commitNamed ? null : given.commit;
}

/** The release of a claim at the commit that the next holder must have; none where there is no such commit. */
export function releaseOf(
  claim: Claim,
  commit: string | null,
  now: Instant,
  changes: Release['changes'] = null,
  uncommitted = false,
): Release[] {
  const { target, kind, agent, token, base } = claim;
  return commit === null ? [] : [{ target, kind, agent, token, at: now, commit, base, changes, uncommitted }];
}

/** Ids of the claims whose release at this commit binds the next holder. */
export function bindingClaims(claims: readonly Claim[], giving: Giving, now: Instant): string[] {
  return claims.filter((claim) => bindsOf(boundBy(claim, giving, now)).binds !== undefined).map(({ id }) => id);
}

/** How many paths a release binds, as its event says it; absent: none. */
function bindsOf(releases: readonly Release[]): { readonly binds?: number | 'all' } {
  if (releases.some(({ changes }) => changes === null)) return { binds: 'all' };
  const binds = releases.reduce((sum, { changes }) => sum + (changes?.length ?? 0), 0);
  return binds === 0 ? {} : { binds };
}

/**
 * What binds the next holder: the paths that the work changed on this ground, those that a rename took elsewhere under
 * their new names. Where they are not known, all of the ground. A commit that was named binds in any case.
 */
function boundBy(claim: Claim, giving: Giving, now: Instant): Release[] {
  const { commit, commitNamed, uncommitted, policy } = giving;
  const options = { foldCase: policy.foldCase };
  const isOn = (path: string) => matches(groundOf(claim), path, options);
  const changed = giving.changes?.filter(
    ({ base, path, from }) => base === claim.base && (isOn(path) || (from !== null && isOn(from))),
  );
  const work = changed?.map(({ path, blob }): PathContent => ({ path, blob })) ?? [];
  if (work.length > 0 && (claim.mode !== 'shared' || commitNamed)) {
    return releaseOf(claim, commit, now, work, uncommitted);
  }
  const binding = changed === undefined || commitNamed ? bindingCommit(claim, giving) : null;
  if (binding !== null) return releaseOf(claim, binding, now, null, uncommitted);
  // Binds nobody, and is told to the next holder.
  return uncommitted ? releaseOf(claim, commit, now, [], true) : [];
}

/** Keeps of each path, and of each target whose changes are not known, the last release. */
export function recordReleases(
  before: readonly Release[],
  added: readonly Release[],
  foldCase: boolean,
): readonly Release[] {
  if (added.length === 0) return before;
  const newer = new Set(added.flatMap(({ changes }) => changes?.map(({ path }) => path) ?? []));
  const left = before.flatMap((release): Release[] => {
    const { changes } = release;
    const again = added.filter((one) => sameTarget(groundOf(one), groundOf(release), foldCase));
    if (again.some((one) => one.changes === null)) return [];
    if (changes === null) return [release];
    const rest = changes.some(({ path }) => newer.has(path)) ? changes.filter(({ path }) => !newer.has(path)) : changes;
    const uncommitted = release.uncommitted && again.length === 0;
    if (rest.length === 0 && !uncommitted) return [];
    const same = rest === changes && uncommitted === release.uncommitted;
    return same ? [release] : [{ ...release, changes: rest, uncommitted }];
  });
  return [...left, ...added].slice(-RELEASES_KEPT);
}

/** A commit was asked for only where the caller named it. */
export function askedCommit(
  commit: string | null,
  { commitNamed }: Pick<ReleaseRequest, 'commitNamed'>,
): string | null {
  return commitNamed ? commit : null;
}

export const RELEASE_ROWS = {
  release: {
    decide: decideRelease,
    fields: {
      targets: 'asked',
      commit: askedCommit,
      commitNamed: 'asked',
      changes: 'found',
      uncommitted: 'found',
    },
    parts: ({ targets }) => (targets === null ? ['deployments'] : []),
    combinable: true,
    ground: () => null,
    offline: true,
  },
} as const satisfies { readonly release: Row<ReleaseRequest> };

export interface RenewRequest extends RequestBase {
  readonly kind: 'renew';
  /** null: all claims of this agent. */
  readonly targets: readonly Target[] | null;
  /** A longer time to live from now on; null keeps each claim's own. Never shortens one. */
  readonly ttlSeconds: number | null;
}

/** Renews what is past half of its life; made for commands that otherwise only read. */
export interface KeepAliveRequest extends RequestBase {
  readonly kind: 'keep-alive';
}

/** Extends the agent's claims by their own time to live; refused as lost when one of them is gone. */
function decideRenew(state: State, request: RenewRequest, now: Instant): Outcome<ClaimResult> {
  const owned = ownClaims(state, request, request.targets, now);
  if ('refusal' in owned) return { ok: false, refusal: owned.refusal };
  const renewed = owned.claims.map((claim) => extend(claim, now, request.ttlSeconds ?? claim.ttlSeconds));
  return {
    ok: true,
    state: replaceClaims(state, renewed),
    events: renewed.map((claim) => renewal(claim, now)),
    result: { claims: renewed },
    summary: `renew ${renewed.map((claim) => claim.target).join(', ')} by ${request.agent}`,
  };
}

/** Renews nothing by itself: {@link keepAlive} runs with every request. */
function decideKeepAlive(state: State, request: KeepAliveRequest): Outcome<ClaimResult> {
  const claims = state.claims.filter((claim) => claim.agent === request.agent);
  return { ok: true, state, events: [], result: { claims }, summary: `keep the claims of ${request.agent} alive` };
}

/** Renews the agent's live claims that are past half of their life: whoever works need not think of renewing. */
export function keepAlive(
  state: State,
  actor: { readonly agent: string; readonly session: string | null },
  now: Instant,
): { state: State; events: EventDraft[] } {
  const due = claimsToKeepAlive(state, actor, now).map((claim) => extend(claim, now));
  return { state: replaceClaims(state, due), events: due.map((claim) => renewal(claim, now)) };
}

/**
 * The live claims of this agent that are past half of their life. The run of a `coord once` is left out, and so are a
 * deploy and a turn to land: only their own process may keep them alive, or a killed one would never be seen to have ended.
 */
export function claimsToKeepAlive(
  state: Pick<State, 'claims'>,
  actor: { readonly agent: string; readonly session: string | null },
  now: Instant,
): Claim[] {
  return claimsBy(state, actor.agent).filter(
    (claim) =>
      !isOnceTarget(groundOf(claim)) &&
      !isDeployTarget(groundOf(claim)) &&
      !isLandTarget(groundOf(claim)) &&
      sameSession(claim, actor) &&
      isLive(claim, now) &&
      isPastHalf(claim, now),
  );
}

function renewal(claim: Claim, now: Instant): EventDraft {
  return claimEvent('claim.renewed', claim, now, { expiresAt: claim.expiresAt });
}

/** The state with each of these claims in the place of the one with its id. */
export function replaceClaims(state: State, changed: readonly Claim[]): State {
  if (changed.length === 0) return state;
  const byId = new Map(changed.map((claim) => [claim.id, claim]));
  return { ...state, claims: state.claims.map((claim) => byId.get(claim.id) ?? claim) };
}

export const RENEW_ROWS = {
  renew: {
    decide: decideRenew,
    repeatable: true,
    fields: { targets: 'asked', ttlSeconds: 'asked' },
    parts: () => [],
    combinable: true,
    ground: () => null,
    offline: true,
  },
  'keep-alive': {
    decide: decideKeepAlive,
    repeatable: true,
    fields: {},
    parts: () => [],
    combinable: true,
    ground: () => null,
  },
} as const satisfies { readonly renew: Row<RenewRequest>; readonly 'keep-alive': Row<KeepAliveRequest> };
