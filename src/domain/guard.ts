import { isWorker, orchestratorsOf, stopped } from './agents/agents.js';
import { type Changer, coverageOf, onSurface } from './claims/land.js';
import { matches } from './ground/index.js';
import type { Claim, State } from './model.js';
import type { Refusal } from './refusal.js';
import type { Policy } from './request.js';
import type { Instant } from './time.js';

/** Who has changed, or is about to change, something, and what the configuration says of it. */
export interface GuardedChanger extends Changer {
  readonly policy: Pick<Policy, 'surface' | 'foldCase' | 'scratch'>;
}

/** Why a change is stopped: the agent was killed, its role does not allow it, or paths are not under a claim of its own. */
export type GuardRefusal = Extract<Refusal, { reason: 'killed' | 'role' | 'unclaimed' }>;

/** What a guard says of a change. */
export type GuardVerdict =
  | {
      readonly ok: true;
      /** This agent's live exclusive claims that the change is made under; none off the surface. */
      readonly claims: readonly Claim[];
    }
  | { readonly ok: false; readonly refusal: GuardRefusal };

/**
 * Whether an agent may change these paths now; the one answer of every guard, before an edit as before a commit. Each path
 * of the surface must be under a live exclusive claim of this agent, and none under a claim of another. A worker changes
 * its scratch paths alone, and needs no claim there; a killed agent changes nothing.
 * @param paths relative to the root of the repository, NFC; both names of a rename
 */
export function guardChanges(
  state: State,
  changer: GuardedChanger,
  paths: readonly string[],
  now: Instant,
): GuardVerdict {
  const stop = stopped(state, changer.agent);
  if (stop) return { ok: false, refusal: stop };
  const limited = isWorker(state, changer.agent);
  const targets = limited ? paths.filter((path) => !inScratch(changer, path)) : [];
  if (targets.length > 0) {
    const orchestrators = orchestratorsOf(state);
    return { ok: false, refusal: { code: 'closed', reason: 'role', targets, orchestrators } };
  }
  const judged = limited ? { ...changer, policy: { ...changer.policy, surface: [] } } : changer;
  const standings = paths.map((path) => coverageOf(state, judged, path, now));
  const unclaimed = standings.flatMap((standing) => standing.unclaimed ?? []);
  if (unclaimed.length > 0) return { ok: false, refusal: { code: 'lost', reason: 'unclaimed', paths: unclaimed } };
  return { ok: true, claims: [...new Set(standings.flatMap(({ claims }) => claims))] };
}

/** The paths whose change needs a claim: those that a guard stops where it cannot decide. */
export function surfacePaths(policy: Changer['policy'], paths: readonly string[]): string[] {
  return paths.filter((path) => onSurface(policy, path));
}

function inScratch({ policy }: GuardedChanger, path: string): boolean {
  return policy.scratch.some((pattern) => matches(pattern, path, { foldCase: policy.foldCase }));
}
