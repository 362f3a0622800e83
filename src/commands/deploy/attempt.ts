import { closedToRole, lacksSession, stopped } from '../../domain/agents/agents.js';
import { groundAsked } from '../../domain/claims/claim.js';
import { blockedEvent, type DeployBlockRequest } from '../../domain/deploy/decision.js';
import type { DeployStep, NewDeployment } from '../../domain/deploy/records.js';
import type { GateRecord } from '../../domain/gates/gate.js';
import type { State } from '../../domain/model.js';
import { coord, shellWord } from '../../domain/suggestion.js';
import { CoordError } from '../../errors.js';
import { refusalError } from '../../render/refusals.js';
import type { GitStore } from '../../store/swap/git-store.js';
import { transact } from '../../store/swap/transact.js';
import { loadedRules } from '../rules/loaded.js';
import type { Outcome } from '../verb.js';
import type { Case } from './case.js';
import { targetClaim } from './claim-of.js';
import { askGates } from './gates.js';
import type { Progress } from './progress.js';
import { Stopping } from './stopping.js';
import { takeTarget } from './turn.js';
import { deployUnderClaim } from './under-claim.js';

const MOST_WORDS = 100;
const LONGEST_WORD = 500;

/** How the target is taken. */
export interface Taking {
  /** null: does not wait. */
  readonly waitSeconds: number | null;
  readonly ttlSeconds: number;
}

/**
 * One deploy, from end to end: agent, gates, claim, then all that is done under the claim. Whatever stops it is put on
 * the record.
 */
export async function deployOnce(one: Case, progress: Progress, taking: Taking): Promise<Outcome> {
  const stopping = new Stopping(one.context);
  try {
    return await deployUnless(stopping, one, progress, taking);
  } finally {
    stopping.end();
  }
}

async function deployUnless(stopping: Stopping, one: Case, progress: Progress, taking: Taking): Promise<Outcome> {
  const startedAt = one.context.now();
  const store = await one.context.store();
  const { state } = await store.latest(['deployments']);
  const attempt = await newAttempt(one, store, startedAt);
  const allowed = await progress.step('agent', async () => lookAtAgent(one, store, state));
  if (allowed instanceof CoordError) return blocked(one, store, attempt, 'agent', allowed);
  let gates: readonly GateRecord[] = [];
  const authorised = await progress.step('gates', async () => {
    const asked = await askGates(one, state.deployments, 'all');
    gates = asked.records;
    return stopping.why() ?? asked.closed ?? asked;
  });
  if (authorised instanceof CoordError) return blocked(one, store, { ...attempt, gates }, 'gates', authorised);
  const begun = await progress.step('claim', async () => takeTarget(one, store, { ...attempt, gates }, taking));
  if (begun instanceof CoordError) return blocked(one, store, { ...attempt, gates }, 'claim', begun);
  return deployUnderClaim(one, store, progress, begun, stopping);
}

/** Whether the agent is alive and may deploy. */
export async function lookAtAgent(one: Case, store: GitStore, state: State) {
  const { context } = one;
  const { agent } = context.identity();
  const claim = await targetClaim(one, store, 1);
  const refusal =
    stopped(state, agent) ?? lacksSession(state, claim) ?? closedToRole(state, claim, groundAsked(claim), true);
  return refusal ? refusalError(refusal, context.now()) : { finding: `${agent} may deploy` };
}

async function newAttempt(
  { context, order, commit }: Case,
  store: GitStore,
  startedAt: string,
): Promise<NewDeployment> {
  const { target, action, reason, command } = order;
  const words = command.slice(0, MOST_WORDS).map((word) => word.slice(0, LONGEST_WORD));
  return {
    target,
    action,
    commit,
    rules: await loadedRules(context, store),
    command: words,
    rollback: action === 'rollback' ? { reason: reason ?? '' } : null,
    gates: [],
    startedAt,
  };
}

/** Puts the attempt on the record as blocked, as far as it may be written, and answers with what blocked it. */
export async function blocked(
  { context }: Pick<Case, 'context'>,
  store: GitStore,
  attempt: NewDeployment,
  step: DeployStep,
  error: CoordError,
): Promise<CoordError> {
  const facts = { attempt, step, why: error.message };
  const request: DeployBlockRequest = { kind: 'deploy-block', ...(await context.requestBase()), ...facts };
  const writes = step !== 'claim' && error.details.reason !== 'killed';
  try {
    const recorded = writes ? await transact(store, request, context.surroundings) : null;
    if (recorded?.ok) return withDeploy(error, recorded.result.deployment.id);
    const { state } = await store.read(['deployments']);
    store.defer(blockedEvent(state, request, context.now()));
  } catch (unrecorded) {
    // What blocked it counts; a record that cannot be written now does not hide it.
    if (!(unrecorded instanceof CoordError)) throw unrecorded;
  }
  return error;
}

/** The error with the deploy that it belongs to. */
export function withDeploy(error: CoordError, deploy: string): CoordError {
  const { code, message, hint, alternative, details } = error;
  return new CoordError(code, message, {
    ...(hint === undefined ? {} : { hint }),
    ...(alternative ? { alternative } : {}),
    details: { ...details, deploy, evidence: coord(`deploy show ${shellWord(deploy)}`) },
  });
}
