import type { ClaimRequest } from '../../domain/claims/claim.js';
import { decide } from '../../domain/decide.js';
import { type DeployBeginRequest, standsInTheWay } from '../../domain/deploy/decision.js';
import { type Deployment, runningUnder } from '../../domain/deploy/records.js';
import { deployTarget } from '../../domain/ground/targets.js';
import type { Claim, State } from '../../domain/model.js';
import type { Refusal } from '../../domain/refusal.js';
import { coord, shellWord } from '../../domain/suggestion.js';
import { addSeconds, secondsBetween } from '../../domain/time.js';
import { CoordError } from '../../errors.js';
import { gaveUpError } from '../../render/claims.js';
import { type AskedDeploy, deployAgain, ownDeployError } from '../../render/deploy/refusals.js';
import { REMOTE_POLL_MS } from '../../store/queue/watch.js';
import { transact } from '../../store/swap/transact.js';
import type { Context } from '../../workspace/context.js';
import { ownVerbClaim } from '../claims/claim-request.js';
import { releaseClaims } from '../claims/release.js';
import { refusedClaim, waitForTurn } from '../waiting/queueing.js';
import { listening } from '../watch.js';
import type { DeployContext } from './context.js';

/** How the target is taken. */
export interface TakeOptions {
  /** null: does not wait. */
  readonly waitSeconds: number | null;
  readonly ttlSeconds: number;
}

/** The target, held for this attempt. */
export interface HeldTarget {
  readonly deployment: Deployment;
  readonly claim: Claim;
  readonly finding: string;
}

/** The request for the claim on the target that a deploy is made under. */
export async function targetClaim(
  { context, store, options, commit }: DeployContext,
  ttlSeconds: number,
): Promise<ClaimRequest> {
  return ownVerbClaim(context, store, {
    targets: [{ target: deployTarget(options.target), ttlSeconds }],
    reason: `${options.action} ${commit.slice(0, 7)}${options.reason === null ? '' : `: ${options.reason}`}`,
    head: commit,
    // What HEAD must contain is decided on what runs there; a rollback contains less, on the record.
    allowBehind: options.action === 'rollback',
  });
}

/** The request to begin an attempt under that claim. */
export function beginRequest(
  claim: ClaimRequest,
  facts: Pick<DeployBeginRequest, 'attempt' | 'retry' | 'checks'>,
): DeployBeginRequest {
  const { operation, agent, session, policy } = claim;
  return { kind: 'deploy-begin', operation, agent, session, policy, claim, ...facts };
}

/** Whether the target could be taken. */
export async function checkFree(deploy: DeployContext, state: State) {
  const { context, options } = deploy;
  const now = context.now();
  const inTheWay = standsInTheWay(state, options, now);
  if (inTheWay) return refusedTarget(deploy, inTheWay);
  const claim = await targetClaim(deploy, 1);
  const decision = decide(state, { ...claim, allowBehind: true }, now);
  return decision.ok ? { finding: `@deploy/${options.target} is free` } : refusedTarget(deploy, decision.refusal);
}

/** Claims the target and begins the attempt, at once or when it is its turn. */
export async function takeTarget(
  deploy: DeployContext,
  found: Pick<DeployBeginRequest, 'attempt' | 'checks'>,
  { waitSeconds, ttlSeconds }: TakeOptions,
): Promise<HeldTarget | CoordError> {
  const { context, store, options, commit } = deploy;
  const deadline = addSeconds(context.now(), waitSeconds ?? 0);
  let waitedFor: readonly Claim[] = [];
  const refuse = async (error: CoordError) => {
    await releaseClaims(context, store, waitedFor, commit);
    return error;
  };
  for (;;) {
    const claim = await targetClaim(deploy, ttlSeconds);
    const { agent } = claim;
    const decision = await transact(store, beginRequest(claim, { ...found, retry: options.retry }), context.effects);
    if (decision.ok) return begun(decision.result);
    const { refusal } = decision;
    const left = secondsBetween(context.now(), deadline);
    if (refusal.reason !== 'held' || waitSeconds === null) {
      return refuse(await refusedTarget(deploy, refusal));
    }
    const { conflicts } = refusal;
    const targets = [deployTarget(options.target)];
    const gaveUp = (why: 'timeout' | 'interrupted', seconds: number) =>
      refuse(suggestingDeploy(gaveUpError(why, seconds, coord('deploy list'), targets, conflicts), options));
    if (left <= 0) return gaveUp('timeout', waitSeconds);
    if (conflicts.every((conflict) => conflict.agent === agent)) {
      if (await waitForOwn(context)) return gaveUp('interrupted', waitSeconds - left);
      continue;
    }
    const waited = await waitForTurn(context, store, claim, { seconds: left, passive: false });
    if (waited instanceof CoordError) return suggestingDeploy(waited, options);
    waitedFor = waited;
  }
}

function begun(result: { readonly deployment: Deployment; readonly claims: readonly Claim[] }): HeldTarget {
  const { deployment, claims } = result;
  const [claim] = claims;
  if (!claim) throw new CoordError('fault', 'a deploy began without a claim');
  const finding = `${claim.target} · token ${claim.token} · reach ${claim.reach}`;
  return { deployment, claim, finding };
}

/** Another deploy of the very same agent: no queue is for that, since it holds the claim. */
async function waitForOwn(context: Context): Promise<boolean> {
  return listening(context, async (wakeup) => {
    await wakeup.wait(REMOTE_POLL_MS);
    return wakeup.stopped;
  });
}

/** Why the target cannot be had; of a deploy of the agent's own, what it can do about that. */
async function refusedTarget({ context, store, options }: DeployContext, refusal: Refusal): Promise<CoordError> {
  const error = await refusedClaim(context, refusal);
  const { agent } = context.identity();
  const [conflict] = refusal.reason === 'held' ? refusal.conflicts : [];
  if (conflict?.agent !== agent) return suggestingDeploy(error, options);
  const { state } = await store.read(['deployments']);
  const own = runningUnder(state.deployments, conflict.claimId);
  if (!own) return suggestingDeploy(error, options);
  return ownDeployError(own, options, conflict.expiresAt, error.details, context.now());
}

/** Whoever is refused wants to deploy, not to claim: the way on is the deploy that was typed. */
function suggestingDeploy(error: CoordError, options: AskedDeploy): CoordError {
  const { code, message, hint, details } = error;
  if (details.reason === 'unknown-deploy') {
    const why = 'once it has surely ended, with a HEAD that contains all that may run there';
    return new CoordError(code, message, {
      ...(hint === undefined ? {} : { hint }),
      alternative: { why, command: deployAgain(options, ['--retry']) },
      details,
    });
  }
  if (code !== 'held' && code !== 'timeout') return error;
  return new CoordError(code, message, {
    hint: deployAgain(options, ['--wait']),
    alternative: { why: 'see what is happening there', command: coord(`deploy list ${shellWord(options.target)}`) },
    details,
  });
}
