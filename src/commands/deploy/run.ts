import { mayHaveRun } from '../../domain/deploy/records.js';
import { coord } from '../../domain/suggestion.js';
import { CoordError } from '../../errors.js';
import { unrecorded } from '../../render/deploy/refusals.js';
import { deployedLines, type PlannedStep, planLines } from '../../render/deploy/steps.js';
import type { Outcome, Success } from '../verb.js';
import { Attempt, recordBlocked, recordEnd, withDeploy } from './attempt.js';
import type { DeployContext } from './context.js';
import type { Progress } from './progress.js';
import { STEPS, type Step } from './steps.js';
import type { TakeOptions } from './target.js';

/** How far an attempt has come: the step that it is at, and why it ends there. */
interface End {
  step: Step['name'];
  error: CoordError | null;
}

/** Deploys in earnest: one step after the other, until one ends it. Whatever comes of it is put on the record. */
export async function deployNow(deploy: DeployContext, progress: Progress, taking: TakeOptions): Promise<Outcome> {
  const { state } = await deploy.store.latest(['deployments']);
  const attempt = new Attempt(deploy, state, progress, taking);
  const end: End = { step: 'agent', error: null };
  try {
    await pursue(attempt, end);
    return await record(attempt, end);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    if (attempt.begun) await recordEnd(attempt, end.step, why).catch(() => undefined);
    throw error;
  } finally {
    await attempt.end();
  }
}

async function pursue(attempt: Attempt, end: End): Promise<void> {
  for (const { name, act, applies } of STEPS) {
    if (applies?.(attempt.deploy) === false) continue;
    end.step = name;
    // Once the program may have run, it is the step itself that sees to being stopped.
    const stop = mayHaveRun({ step: name }) ? null : attempt.whyNotOn();
    const result = await attempt.progress.step(name, async () => stop ?? act(attempt));
    if (result instanceof CoordError) {
      end.error = result;
      return;
    }
  }
  end.step = 'record';
}

/** Records the end, and says it. */
async function record(attempt: Attempt, { step, error }: End): Promise<Outcome> {
  const { deploy, begun, exit, warnings } = attempt;
  const { context, store } = deploy;
  if (begun === null) {
    return recordBlocked(deploy, await attempt.record(), step, error ?? new CoordError('fault', 'nothing was held'));
  }
  let deployment = begun.deployment;
  const result = await attempt.progress.step('record', async () => {
    const recorded = await recordEnd(attempt, step, error?.message ?? null);
    if (recorded instanceof CoordError) return recorded;
    deployment = recorded;
    return { finding: recorded.id };
  });
  if (result instanceof CoordError) {
    const end = { status: error === null ? 'done' : 'failed', exit, why: error?.message ?? null };
    return unrecorded(deployment, end, result);
  }
  if (error !== null && error.code !== 'program') return withDeploy(error, deployment.id);
  if (error === null && deployment.status === 'failed') {
    const lost = new CoordError('lost', deployment.why ?? 'the claim was lost', { hint: coord('deploy list') });
    return withDeploy(lost, deployment.id);
  }
  const { deployments } = (await store.read(['deployments'])).state;
  return {
    data: { deployment },
    text: (style) => deployedLines(deployment, deployments, context.now(), style),
    ...(error === null ? {} : { failure: withDeploy(error, deployment.id) }),
    warnings,
  };
}

/** Looks at every step without taking or recording anything, and lists all that would block. */
export async function planDeploy(deploy: DeployContext): Promise<Success> {
  const { options, commit } = deploy;
  const { state } = await deploy.store.latest(['deployments']);
  const steps: PlannedStep[] = [];
  let failure: CoordError | undefined;
  for (const { name: step, plan } of STEPS) {
    const result = await plan(deploy, state);
    if (typeof result === 'string') steps.push({ step, status: 'would', finding: result });
    else if (result instanceof CoordError) {
      failure ??= result;
      steps.push(blockedStep(step, result));
    } else steps.push({ step, status: 'ok', finding: result.finding });
  }
  steps.push({ step: 'record', status: 'would', finding: 'put the outcome on record, and give the claim back' });
  const blockers = steps.filter(({ status }) => status === 'blocked');
  const plan = {
    ...{ target: options.target, action: options.action, commit },
    ...{ ready: blockers.length === 0, steps, blockers },
  };
  return { data: plan, text: (style) => planLines(plan, style), ...(failure ? { failure } : {}) };
}

function blockedStep(step: Step['name'], { code, exit, message, hint, details }: CoordError): PlannedStep {
  return { step, status: 'blocked', finding: message, code, exit, hint: hint ?? null, details };
}
