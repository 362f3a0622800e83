import type { DeployFinishRequest } from '../../domain/deploy/decision.js';
import type { Deployment, DeployStep } from '../../domain/deploy/records.js';
import type { Verification } from '../../domain/deploy/verification.js';
import type { GateRecord } from '../../domain/gates/gate.js';
import { coord } from '../../domain/suggestion.js';
import { CoordError } from '../../errors.js';
import { unrecorded } from '../../render/deploy/refusals.js';
import { deployedLines } from '../../render/deploy/steps.js';
import { refusalError } from '../../render/refusals.js';
import type { GitStore } from '../../store/swap/git-store.js';
import { transact } from '../../store/swap/transact.js';
import type { Outcome } from '../verb.js';
import { withDeploy } from './attempt.js';
import type { Case } from './case.js';
import { lookAtContained } from './containment.js';
import { lookAtPushed, lookAtSync } from './currency.js';
import { Hold } from './hold.js';
import type { Progress } from './progress.js';
import { checkAgain } from './recheck.js';
import { runProgram } from './run-program.js';
import type { Stopping } from './stopping.js';
import type { Begun } from './turn.js';
import { checkEndpoint } from './verification.js';

/** How an attempt ended, as far as its own process knows. */
interface End {
  readonly status: 'done' | 'failed' | 'blocked';
  readonly step: DeployStep;
  /** What is answered, where it did not succeed by coord's own judgement. */
  readonly error: CoordError | null;
  readonly why: string | null;
  readonly exit: number | null;
  /** Whether the program may have changed what runs. */
  readonly ran: boolean;
  readonly verification: Verification | null;
  readonly gates: readonly GateRecord[];
  readonly warnings?: readonly string[];
}

const NOTHING_RAN = { exit: null, ran: false, verification: null, gates: [] } as const;

/** All that is done while the target is held; whatever comes of it is recorded, and the claim given back. */
export async function deployUnderClaim(
  one: Case,
  store: GitStore,
  progress: Progress,
  begun: Begun,
  stopping: Stopping,
): Promise<Outcome> {
  const hold = new Hold(one.context, store, begun.claim, stopping);
  const reached: { step: DeployStep; ran: boolean } = { step: 'claim', ran: false };
  try {
    const end = await pursue(one, store, progress, begun, hold, reached);
    return await record(one, store, progress, begun, end);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const failed: End = { ...NOTHING_RAN, status: 'failed', step: reached.step, error: null, why, ran: reached.ran };
    await finish(one, store, progress, begun, failed).catch(() => undefined);
    throw error;
  } finally {
    await hold.end();
  }
}

async function pursue(
  one: Case,
  store: GitStore,
  progress: Progress,
  begun: Begun,
  hold: Hold,
  reached: { step: DeployStep; ran: boolean },
): Promise<End> {
  const stopped = async <T extends { readonly finding: string }>(
    step: DeployStep,
    work: () => Promise<T | CoordError>,
  ) => {
    reached.step = step;
    return progress.step(step, async () => hold.whyNotOn() ?? (await work()));
  };
  const current = await stopped('sync', () => lookAtSync(one));
  if (current instanceof CoordError) return blockedAt('sync', current);
  const pushed = await stopped('pushed', () => lookAtPushed(one, current));
  if (pushed instanceof CoordError) return blockedAt('pushed', pushed);
  const { state } = await store.read(['deployments']);
  const contained = await stopped('contains', () => lookAtContained(one, state.deployments));
  if (contained instanceof CoordError) return blockedAt('contains', contained);
  const again = await stopped('recheck', async () => {
    const started = await start(one, store, progress, begun, current.evidence);
    return started ?? (await checkAgain(one, store, begun, current));
  });
  if (again instanceof CoordError) return blockedAt('recheck', again);
  const stop = hold.whyNotOn();
  if (stop) return blockedAt('recheck', stop);
  return runAndVerify(one, progress, begun, hold, reached, again.gates);
}

function blockedAt(step: DeployStep, error: CoordError): End {
  const gates = (error.details.gates ?? []) as readonly GateRecord[];
  return { ...NOTHING_RAN, status: 'blocked', step, error, why: error.message, gates };
}

/** Writes that the program is about to run, before the last look: who is killed from here on leaves that word. */
async function start(
  { context, order }: Case,
  store: GitStore,
  progress: Progress,
  { deployment }: Begun,
  sync: Deployment['sync'],
): Promise<CoordError | null> {
  const facts = { deploy: deployment.id, target: order.target, sync, checks: progress.unrecorded() };
  const request = { kind: 'deploy-start' as const, ...(await context.requestBase()), ...facts };
  const decision = await transact(store, request, context.surroundings);
  return decision.ok ? null : refusalError(decision.refusal, context.now());
}

async function runAndVerify(
  one: Case,
  progress: Progress,
  begun: Begun,
  hold: Hold,
  reached: { step: DeployStep; ran: boolean },
  gates: readonly GateRecord[],
): Promise<End> {
  Object.assign(reached, { step: 'run', ran: true });
  await progress.begin('run');
  const ran = await runProgram(one, begun, hold);
  const base: End = { ...NOTHING_RAN, status: 'failed', step: 'run', error: null, why: null, gates };
  if (ran instanceof CoordError) {
    await progress.end('run', 'failed', ran.message);
    return { ...base, error: ran, why: ran.message };
  }
  const { exit, lost } = ran;
  const after: End = { ...base, exit, ran: true };
  if (lost !== null || exit !== 0) {
    const why = lost === null ? `the program ended with exit ${exit}` : `${lost.message}; the program was stopped`;
    await progress.end('run', 'failed', why);
    return { ...after, error: lost, why };
  }
  await progress.end('run', 'ok', 'exit 0');
  reached.step = 'verify';
  if (one.config.verify === null) return { ...after, status: 'done', step: 'record' };
  await progress.begin('verify');
  const seen = await checkEndpoint(one, begun, hold);
  const verification = seen?.verification ?? null;
  const finding = verification?.finding ?? 'not looked at';
  await progress.end('verify', verification?.ok ? 'ok' : 'failed', finding);
  if (seen === null || seen.error) {
    return { ...after, step: 'verify', verification, error: seen?.error ?? null, why: seen?.error?.message ?? finding };
  }
  return { ...after, status: 'done', step: 'record', verification, warnings: seen.warnings };
}

async function finish(
  { context }: Case,
  store: GitStore,
  progress: Progress,
  { deployment, own }: Begun,
  { status, step, why, exit, ran, verification, gates }: End,
) {
  const facts = {
    deploy: deployment.id,
    status,
    step,
    why,
    exit,
    ran,
    verification,
    gates,
    release: own,
    checks: progress.unrecorded(),
  };
  const request: DeployFinishRequest = { kind: 'deploy-finish', ...(await context.requestBase()), ...facts };
  return transact(store, request, context.surroundings);
}

/** Records the end, and says it. */
async function record(one: Case, store: GitStore, progress: Progress, begun: Begun, end: End): Promise<Outcome> {
  const { context } = one;
  await progress.begin('record');
  const decision = await finish(one, store, progress, begun, end).catch((error: unknown) => {
    if (!(error instanceof CoordError)) throw error;
    return error;
  });
  if (decision instanceof CoordError || !decision.ok) {
    const cause = decision instanceof CoordError ? decision : refusalError(decision.refusal, context.now());
    await progress.end('record', 'failed', cause.message);
    return unrecorded(begun.deployment, end, cause);
  }
  const { deployment } = decision.result;
  await progress.end('record', 'ok', deployment.id);
  if (end.error !== null) return withDeploy(end.error, deployment.id);
  if (deployment.status === 'failed' && end.status === 'done') {
    return withDeploy(
      new CoordError('lost', deployment.why ?? 'the claim was lost', { hint: coord('deploy list') }),
      deployment.id,
    );
  }
  const { deployments } = (await store.read(['deployments'])).state;
  return {
    data: { deployment },
    text: (style) => deployedLines(deployment, deployments, context.now(), style),
    exit: end.exit ?? 0,
    warnings: end.warnings ?? [],
  };
}
