import type { Config } from '../../config/config.js';
import { mayHaveRun } from '../../domain/deploy/records.js';
import { deployTarget } from '../../domain/ground/targets.js';
import { coord } from '../../domain/suggestion.js';
import { CoordError } from '../../errors.js';
import { namedCommit } from '../../git/refs.js';
import { deployedLines, type PlannedStep, planLines } from '../../render/deploy/records.js';
import { notAtRollback, unrecorded } from '../../render/deploy/refusals.js';
import { addressOf } from '../../verify/address.js';
import type { Context } from '../../workspace/context.js';
import { readTtl, readWait } from '../input.js';
import type { Input, Outcome, Success, Verb } from '../verb.js';
import { Attempt, newDeployment, recordBlocked, recordEnd, withDeploy } from './attempt.js';
import { readAuthority } from './authority.js';
import { type DeployContext, type DeployOptions, Progress, readOptions, targetConfig } from './context.js';
import { STEPS, type Step } from './steps.js';
import type { TakeOptions } from './target.js';

/** Short, so that a deploy that was killed is soon known to have ended; it is renewed while the deploy runs. */
const CLAIM_SECONDS = 120;

export const deploy: Verb = {
  arguments: [['<target>', 'a name under "deploy" in coord.config.json on the main branch, such as prod']],
  options: [
    ['--dry-run', 'show what would be done, and change nothing; each step, and all that would block'],
    ['--check-gates', 'with --dry-run: also run the programs of gates'],
    ['--wait [duration]', 'wait your turn, first come, first served; for another deploy of the target to end'],
    ['--retry', 'try again; although the last deploy never reported its outcome'],
    ['--rollback-to <commit>', 'roll back openly to this commit, which ran there before; HEAD must be at it'],
    ['--reason <text>', 'why; it is recorded with the rollback'],
    ['--ttl <duration>', 'time to live, such as 45m; of the claim (2m), renewed while the deploy goes on'],
    ['--json-stream', 'one JSON line per step on standard output; the last line is what --json prints'],
  ],
  examples: [
    ['coord deploy prod -- npm run deploy', 'gates, claim, sync-check, the program, a look at what runs, the record'],
    ['coord deploy prod --dry-run', 'what would block it'],
    ['coord deploy prod --rollback-to 1f3c2a9 --reason "login is broken" -- npm run deploy', 'back to what ran before'],
  ],
  notes: [
    'The program finds COORD_TARGET, COORD_COMMIT, COORD_TOKEN and COORD_DEPLOY in its environment. It is stopped when',
    'the claim is lost: exit 4. Its own exit code is passed on. What it was started with is recorded, so put',
    'secrets into its environment. Exit 6: a gate is closed. Exit 5: not current, or it would take back what runs now.',
  ],
  answers: {
    'deployment?': 'Deployment',
    'target?': ['text', 'this and the rest: with --dry-run'],
    'action?': "'deploy' | 'rollback'",
    'commit?': 'commit',
    'ready?': 'boolean',
    'steps?': 'object[]',
    'blockers?': 'object[]',
  },
  async run(context, input) {
    const options = readOptions(input);
    context.identity();
    const here = await context.config();
    const taking = { waitSeconds: readWait(input, here), ttlSeconds: readClaimTtl(input, here, options.target) };
    const authority = await readAuthority(context);
    if (authority instanceof CoordError) return cannotBegin(context, options, authority);
    const config = targetConfig(authority, options.target);
    // Before anything is run: where to look at the end must be an address that can be asked.
    if (config.verify) addressOf(config.verify.url);
    const { head } = authority;
    const commit = options.back === null ? head : await namedCommit(context.git, options.back);
    const deploy: DeployContext = { context, store: await context.store(), options, authority, config, commit };
    // Before the gates: their programs judge what lies in the worktree.
    if (head !== commit && !options.dryRun) return cannotBegin(context, options, notAtRollback(head, commit));
    return withShareWarnings(
      deploy,
      options.dryRun
        ? await planDeploy(deploy)
        : await deployNow(deploy, new Progress(context, input.flag('jsonStream')), taking),
    );
  },
};

function readClaimTtl(input: Input, config: Config, target: string): number {
  const asked = input.text('ttl');
  if (asked !== undefined) return readTtl(asked, config);
  const name = deployTarget(target).text;
  const resource = Object.hasOwn(config.resources, name) ? config.resources[name]?.ttlSeconds : null;
  return Math.min(resource ?? CLAIM_SECONDS, config.ttl.maxSeconds);
}

/** The main branch cannot be known, so neither can its gates: on the record where the target is known at least here. */
async function cannotBegin(context: Context, options: DeployOptions, error: CoordError): Promise<CoordError> {
  const { deploy: known } = await context.config();
  const { commit } = await context.head();
  if (options.dryRun || commit === null || !Object.hasOwn(known, options.target)) return error;
  const attempt = newDeployment({ options, commit }, context.now(), null, []);
  return recordBlocked({ context, store: await context.store() }, attempt, 'sync', error);
}

/** What a deploy cannot promise where no remote decides between clones. */
function withShareWarnings({ authority, config }: DeployContext, outcome: Outcome): Outcome {
  if (outcome instanceof CoordError) return outcome;
  const warnings = [
    ...(outcome.warnings ?? []),
    ...(authority.config.share
      ? []
      : ['"share" is false: other clones neither see this deploy nor wait for it, and what runs is known here only']),
    ...(config.verify === null ? ['no "verify" is configured: nothing has checked that it runs'] : []),
  ];
  return { ...outcome, warnings };
}

/** How far an attempt has come: the step that it is at, and why it ends there. */
interface End {
  step: Step['name'];
  error: CoordError | null;
}

/** Deploys in earnest: one step after the other, until one ends it. Whatever comes of it is put on the record. */
async function deployNow(deploy: DeployContext, progress: Progress, taking: TakeOptions): Promise<Outcome> {
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
async function planDeploy(deploy: DeployContext): Promise<Success> {
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
  steps.push({ step: 'record', status: 'would', finding: 'record the outcome, and give the claim back' });
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
