import type { CoordError } from '../../errors.js';
import { isWorker, orchestratorsOf, stopped } from '../agents/agents.js';
import { isOf, sameSession } from '../agents/ownership.js';
import { groundOf } from '../claims/conflicts.js';
import { type Changer, coverageOf, onSurface } from '../claims/land.js';
import { isLive } from '../claims/leases.js';
import { claimsToKeepAlive } from '../claims/release.js';
import { contains, matches, overlaps } from '../ground/index.js';
import type { Target } from '../ground/targets.js';
import type { Claim, State } from '../model.js';
import type { Refusal, UnclaimedPath } from '../refusal.js';
import type { Policy } from '../request.js';
import type { Instant } from '../time.js';

/** Who has changed, or is about to change, something, and what the configuration says of it. */
export interface GuardedChanger extends Changer {
  readonly policy: Pick<Policy, 'surface' | 'foldCase' | 'scratch'>;
}

/** Why a change is stopped: the agent was killed, its role does not allow it, or ground is not under a claim of its own. */
export type GuardRefusal = Extract<Refusal, { reason: 'killed' | 'role' | 'unclaimed' }>;

/** What nobody may do, whoever asks; said of a push, or of a command before it runs. */
export type Ban =
  | { readonly reason: 'deletes-main' | 'deletes-state' | 'rewrites-state'; readonly branch: string }
  | { readonly reason: 'stale'; readonly remote: string; readonly branch: string; readonly tip: string }
  | { readonly reason: 'bypass'; readonly ways: readonly string[] }
  | { readonly reason: 'deploy'; readonly target: string; readonly words: readonly string[] };

/** What a guard knows of a change. A fact that is not known is the error that says why. */
export interface GuardFacts {
  /** What nobody may do, if the change does it. */
  readonly ban?: Ban;
  /** Paths, directories and patterns that change. */
  readonly ground: readonly Target[] | CoordError;
  /** What needs a claim; null: nobody coordinates in this repository. */
  readonly surface: Pick<Policy, 'surface' | 'foldCase'> | CoordError | null;
  readonly changer: GuardedChanger | CoordError;
  readonly state: State | CoordError;
  /** Paths that need no claim after all; null: not looked up, see {@link Verdict} `excusable`. */
  readonly excused: ReadonlySet<string> | CoordError | null;
  /** Whether free ground may be claimed for the agent before the change. */
  readonly mayClaim: boolean;
}

interface Refused {
  readonly kind: 'refused';
  readonly refusal: GuardRefusal;
  /** What of the ground is not under a claim; empty where another reason stops it. */
  readonly ground: readonly Target[];
  /** Whether it may still be allowed once it is known which paths need no claim. */
  readonly excusable: boolean;
}

/** What a guard makes of a change: the one answer of the hooks of git and of those of harnesses. */
export type Verdict =
  | {
      readonly kind: 'allowed';
      /** Claims of this agent to renew, if the change is made under any claim of it: those past half of their life. */
      readonly due: readonly Claim[];
    }
  | Refused
  /** Stopped as it is, and allowed once this ground, of which nobody is known to hold a part, is claimed. */
  | (Omit<Refused, 'kind' | 'excusable'> & { readonly kind: 'claimable' })
  | { readonly kind: 'banned'; readonly ban: Ban }
  /** It cannot be decided, and the surface is touched, or what the surface is cannot be known: stopped. */
  | {
      readonly kind: 'undecided';
      readonly error: CoordError;
      readonly ground: readonly string[];
      readonly excusable: boolean;
    }
  /** It cannot be decided, and the surface is not touched: let through. */
  | { readonly kind: 'let-through'; readonly error: CoordError };

/**
 * Judges a change by what is known of it. Each part of the surface that changes must be under a live exclusive claim of
 * this agent, and nothing under a claim of another; a worker changes its scratch paths alone, and needs no claim there; a
 * killed agent changes nothing. Where it cannot be decided, the surface is closed and the rest is open.
 */
export function judgeChange(facts: GuardFacts, now: Instant): Verdict {
  const { ban, surface, ground, changer, state } = facts;
  if (ban) return { kind: 'banned', ban };
  if (isError(ground)) return { kind: 'undecided', error: ground, ground: [], excusable: false };
  if (surface === null) return { kind: 'allowed', due: [] };
  if (isError(surface)) return { kind: 'undecided', error: surface, ground: ground.map(textOf), excusable: false };
  if (isError(changer)) return closeSurface(facts, surface, ground, changer);
  if (isError(state)) return closeSurface(facts, surface, ground, state);
  const allowed = (claims: readonly Claim[]): Verdict => {
    return { kind: 'allowed', due: claims.length === 0 ? [] : claimsToKeepAlive(state, changer, now) };
  };
  const first = judgeGround(state, changer, ground, now);
  if (first.ok) return allowed(first.claims);
  const excusable = facts.excused === null && first.refusal.reason !== 'killed';
  if (excusable || first.refusal.reason === 'killed') return refused(first.refusal, ground, excusable);
  if (isError(facts.excused)) return closeSurface({ ...facts, excused: new Set() }, surface, ground, facts.excused);
  const left = without(ground, facts.excused ?? new Set());
  const verdict = judgeGround(state, changer, left, now);
  if (verdict.ok) return allowed(verdict.claims);
  const stopped = refused(verdict.refusal, left, false);
  return facts.mayClaim && verdict.refusal.reason === 'unclaimed' ? { ...stopped, kind: 'claimable' } : stopped;
}

function refused(refusal: GuardRefusal, ground: readonly Target[], excusable: boolean): Refused {
  const paths = new Set(refusal.reason === 'unclaimed' ? refusal.paths.map(({ path }) => path) : []);
  return { kind: 'refused', refusal, ground: ground.filter(({ text }) => paths.has(text)), excusable };
}

function closeSurface(
  { excused }: GuardFacts,
  surface: Changer['policy'],
  ground: readonly Target[],
  error: CoordError,
): Verdict {
  const known = excused === null || isError(excused) ? new Set<string>() : excused;
  const closed = without(ground, known).filter((target) => touchesSurface(surface, target));
  if (closed.length === 0) return { kind: 'let-through', error };
  return { kind: 'undecided', error, ground: closed.map(textOf), excusable: excused === null };
}

type GroundVerdict =
  /** With the live exclusive claims of this agent that the change is made under; none off the surface. */
  { readonly ok: true; readonly claims: readonly Claim[] } | { readonly ok: false; readonly refusal: GuardRefusal };

/**
 * Whether an agent may change this ground now. A part that is named by a directory or a pattern, and of which not all can
 * be shown to be under claims of this agent, counts as not claimed.
 * @param ground paths relative to the root of the repository, NFC; both names of a rename
 */
export function judgeGround(
  state: State,
  changer: GuardedChanger,
  ground: readonly Target[],
  now: Instant,
): GroundVerdict {
  const stop = stopped(state, changer.agent);
  if (stop) return { ok: false, refusal: stop };
  const limited = isWorker(state, changer.agent);
  const closed = limited ? ground.filter((target) => !inScratch(changer, target)).map(textOf) : [];
  if (closed.length > 0) {
    const orchestrators = orchestratorsOf(state);
    return { ok: false, refusal: { code: 'closed', reason: 'role', targets: closed, orchestrators } };
  }
  const paths = ground.filter(({ kind }) => kind === 'path');
  const areas = limited ? [] : ground.filter(({ kind }) => kind !== 'path');
  const judged = limited ? { ...changer, policy: { ...changer.policy, surface: [] } } : changer;
  const standings = paths.map(({ text }) => coverageOf(state, judged, text, now));
  const unclaimed = [
    ...standings.flatMap((standing) => standing.unclaimed ?? []),
    ...areas.flatMap((area) => unclaimedArea(state, changer, area, now) ?? []),
  ];
  if (unclaimed.length > 0) return { ok: false, refusal: { code: 'lost', reason: 'unclaimed', paths: unclaimed } };
  return { ok: true, claims: [...new Set(standings.flatMap(({ claims }) => claims))] };
}

/** Whether a change of this ground may touch the surface. */
export function touchesSurface(policy: Changer['policy'], target: Target): boolean {
  if (target.kind === 'path') return onSurface(policy, target.text);
  return policy.surface.some((part) => overlaps(part, target, { foldCase: policy.foldCase }));
}

function inScratch({ policy }: GuardedChanger, target: Target): boolean {
  const options = { foldCase: policy.foldCase };
  return policy.scratch.some((part) =>
    target.kind === 'path' ? matches(part, target.text, options) : contains(part, target, options),
  );
}

/** Why an area may not be changed; null when it may. */
function unclaimedArea(state: State, changer: GuardedChanger, area: Target, now: Instant): UnclaimedPath | null {
  const options = { foldCase: changer.policy.foldCase };
  const live = (isMeant: (claim: Claim) => boolean) =>
    state.claims.find((claim) => isMeant(claim) && claim.kind !== 'resource' && isLive(claim, now));
  const isOwn = (claim: Claim) => isOf(claim, changer);
  const covers = (claim: Claim) => contains(groundOf(claim), area, options);
  const usable = (claim: Claim) => isOwn(claim) && claim.mode === 'exclusive' && sameSession(claim, changer);
  if (live((claim) => usable(claim) && covers(claim))) return null;
  const holder = live(
    (claim) => !isOwn(claim) && claim.mode === 'exclusive' && overlaps(groundOf(claim), area, options),
  );
  if (!holder && !touchesSurface(changer.policy, area)) return null;
  const unusable = live((claim) => isOwn(claim) && !usable(claim) && covers(claim));
  const why = unusable
    ? sameSession(unusable, changer)
      ? 'shared'
      : 'other-session'
    : holder
      ? 'held-by-other'
      : 'not-held';
  return { path: area.text, why, holder: holder ?? unusable ?? null, loss: null };
}

function without(ground: readonly Target[], excused: ReadonlySet<string>): Target[] {
  return ground.filter(({ kind, text }) => kind !== 'path' || !excused.has(text));
}

function textOf({ text }: Target): string {
  return text;
}

function isError<T>(fact: T | CoordError): fact is CoordError {
  return fact instanceof Error;
}
