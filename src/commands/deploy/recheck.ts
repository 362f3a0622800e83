import { isUnderClaim } from '../../domain/deploy/decision.js';
import type { GateRecord } from '../../domain/gates/gate.js';
import { CoordError } from '../../errors.js';
import { configMoved, mainMoved } from '../../render/deploy/refusals.js';
import { refusalError } from '../../render/refusals.js';
import type { GitStore } from '../../store/swap/git-store.js';
import { lookAtAgent } from './attempt.js';
import { readAuthority } from './authority.js';
import type { Case } from './case.js';
import { type Current, lookAtSync } from './currency.js';
import { askGates } from './gates.js';
import type { Begun } from './turn.js';

/** What the second check found; `gates` are the records of those that were asked again. */
export interface CheckedAgain {
  readonly finding: string;
  readonly gates: readonly GateRecord[];
}

/**
 * All of it once more, just before the program: what needs longest first, and the fetch of the main branch, beside the
 * state as its arbiter has it, last.
 */
export async function checkAgain(
  one: Case,
  store: GitStore,
  begun: Begun,
  before: Current,
): Promise<CheckedAgain | CoordError> {
  const authority = await readAuthority(one.context);
  if (authority instanceof CoordError) return authority;
  if (JSON.stringify(authority.config) !== JSON.stringify(one.authority.config)) return configMoved();
  const gates = await signedAgain(one, store, begun);
  if (gates instanceof CoordError) return gates;
  const [current, { state }] = await Promise.all([lookAtSync(one), store.latest(['deployments'])]);
  if (current instanceof CoordError) return current;
  const { upstream, upstreamCommit } = before.evidence;
  if (one.order.action === 'deploy' && current.evidence.upstreamCommit !== upstreamCommit) {
    return mainMoved(upstream, upstreamCommit, current.evidence.upstreamCommit);
  }
  const allowed = await lookAtAgent(one, store, state);
  if (allowed instanceof CoordError) return allowed;
  if (!isUnderClaim(begun.deployment, state.claims, one.context.now())) return lostClaim(begun, one);
  return { finding: 'nothing has changed', gates };
}

/** The gates that cost nothing are asked again; a program is not run twice, but must have been asked about this commit. */
async function signedAgain(one: Case, store: GitStore, { deployment }: Begun) {
  const { state } = await store.read(['deployments']);
  const again = await askGates(one, state.deployments, 'signed');
  if (again.closed) return again.closed;
  const asked = [...deployment.gates, ...again.records];
  const open = asked.filter((record) => record.open && record.commit === one.commit);
  const lacking = one.config.gates.filter((name) => !open.some(({ gate }) => gate === name));
  return lacking.length === 0 ? again.records : configMoved();
}

function lostClaim({ claim }: Begun, { context }: Case): CoordError {
  const target = { target: claim.target, why: 'taken-over' as const, holder: null, loss: null };
  return refusalError({ code: 'lost', reason: 'lost', targets: [target], held: [] }, context.now());
}
