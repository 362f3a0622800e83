import type { KeepAliveRequest, ReleaseRequest, RenewRequest } from '../../src/domain/claims/release.js';
import { decide } from '../../src/domain/decide.js';
import type { Target } from '../../src/domain/ground/targets.js';
import type { State } from '../../src/domain/model.js';
import type { Refusal } from '../../src/domain/refusal.js';
import type { Granted } from '../../src/domain/request.js';
import type { Request, Results } from '../../src/domain/request-table.js';
import type { Instant } from '../../src/domain/time.js';
import { at, claimOf, POLICY, START } from './requests.js';

export { at, claimOf, POLICY, START };

/** The decision on a request that must be granted. */
export function granted<R extends Request>(
  state: State,
  request: R,
  now: Instant = START,
): Granted<Results[R['kind']]> {
  const decision = decide(state, request, now);
  if (!decision.ok) throw new Error(`refused: ${JSON.stringify(decision.refusal)}`);
  return decision as Granted<Results[R['kind']]>;
}

/** The refusal of a request that must not be granted. */
export function refused(state: State, request: Request, now: Instant = START): Refusal {
  const decision = decide(state, request, now);
  if (decision.ok) throw new Error(`was granted: ${decision.summary}`);
  return decision.refusal;
}

/** The state after these requests, each of which must be granted. */
export function stateAfter(state: State, requests: readonly Request[], now: Instant = START): State {
  return requests.reduce((before, request) => granted(before, request, now).state, state);
}

export function path(text: string): Target {
  return { kind: 'path', text };
}

let operations = 0;

/** What every request starts with. */
export function baseOf(agent: string) {
  operations += 1;
  return { operation: `request${operations}`, agent, session: null, policy: POLICY };
}

export function releaseOf(agent: string, changes: Partial<ReleaseRequest> = {}): ReleaseRequest {
  const all = { targets: null, commit: null, commitNamed: false, changes: null, uncommitted: false };
  return { ...baseOf(agent), kind: 'release', ...all, ...changes };
}

export function renewOf(agent: string, changes: Partial<RenewRequest> = {}): RenewRequest {
  return { ...baseOf(agent), kind: 'renew', targets: null, ttlSeconds: null, ...changes };
}

export function keepAliveOf(agent: string, changes: Partial<KeepAliveRequest> = {}): KeepAliveRequest {
  return { ...baseOf(agent), kind: 'keep-alive', ...changes };
}
