import { isWorker, orchestratorsOf } from './agents/agents.js';
import { sameSession } from './agents/ownership.js';
import { groundOf } from './claims/conflicts.js';
import { onSurface } from './claims/land.js';
import { isLive } from './claims/leases.js';
import { contains, overlaps } from './ground/index.js';
import type { Target } from './ground/targets.js';
import { type GuardedChanger, type GuardVerdict, guardChanges } from './guard.js';
import type { Claim, State } from './model.js';
import type { UnclaimedPath } from './refusal.js';
import type { Instant } from './time.js';

/**
 * As {@link guardChanges}, of ground that is named by directories and patterns too, before it is changed. A part of which
 * not all can be shown to be under claims of this agent counts as not claimed.
 */
export function guardGround(
  state: State,
  changer: GuardedChanger,
  ground: readonly Target[],
  now: Instant,
): GuardVerdict {
  const paths = ground.filter(({ kind }) => kind === 'path').map(({ text }) => text);
  const areas = ground.filter(({ kind }) => kind !== 'path');
  const verdict = guardChanges(state, changer, paths, now);
  if (areas.length === 0 || (!verdict.ok && verdict.refusal.reason === 'killed')) return verdict;
  const limited = isWorker(state, changer.agent);
  const options = { foldCase: changer.policy.foldCase };
  const closed = limited
    ? areas.filter((area) => !changer.policy.scratch.some((part) => contains(part, area, options)))
    : [];
  if (closed.length > 0) {
    const targets = [...(!verdict.ok && verdict.refusal.reason === 'role' ? verdict.refusal.targets : [])];
    const all = [...targets, ...closed.map(({ text }) => text)];
    return {
      ok: false,
      refusal: { code: 'closed', reason: 'role', targets: all, orchestrators: orchestratorsOf(state) },
    };
  }
  if (!verdict.ok && verdict.refusal.reason === 'role') return verdict;
  const unclaimed = limited ? [] : areas.flatMap((area) => unclaimedArea(state, changer, area, now) ?? []);
  const before = !verdict.ok && verdict.refusal.reason === 'unclaimed' ? verdict.refusal.paths : [];
  if (unclaimed.length === 0) return verdict;
  return { ok: false, refusal: { code: 'lost', reason: 'unclaimed', paths: [...before, ...unclaimed] } };
}

/** Whether a change of this ground may touch the surface. */
export function touchesSurface(policy: GuardedChanger['policy'], target: Target): boolean {
  if (target.kind === 'path') return onSurface(policy, target.text);
  return policy.surface.some((part) => overlaps(part, target, { foldCase: policy.foldCase }));
}

/** Why an area may not be changed; null when it may. */
function unclaimedArea(state: State, changer: GuardedChanger, area: Target, now: Instant): UnclaimedPath | null {
  const options = { foldCase: changer.policy.foldCase };
  const live = state.claims.filter((claim) => claim.kind !== 'resource' && isLive(claim, now));
  const isOwn = (claim: Claim) => claim.agent === changer.agent;
  const covers = (claim: Claim) => contains(groundOf(claim), area, options);
  const usable = (claim: Claim) => isOwn(claim) && claim.mode === 'exclusive' && sameSession(claim, changer);
  if (live.some((claim) => usable(claim) && covers(claim))) return null;
  const holder = live.find(
    (claim) => !isOwn(claim) && claim.mode === 'exclusive' && overlaps(groundOf(claim), area, options),
  );
  if (!holder && !touchesSurface(changer.policy, area)) return null;
  const unusable = live.find((claim) => isOwn(claim) && !usable(claim) && covers(claim));
  const why = unusable
    ? sameSession(unusable, changer)
      ? 'shared'
      : 'other-session'
    : holder
      ? 'held-by-other'
      : 'not-held';
  return { path: area.text, why, holder: holder ?? unusable ?? null, loss: null };
}
