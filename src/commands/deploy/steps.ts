import type { Config } from '../../config/config.js';
import { mayNotAsk } from '../../domain/decide.js';
import { isUnderClaim } from '../../domain/deploy/decision.js';
import type { Deployments, DeployStep } from '../../domain/deploy/records.js';
import type { GateRecord } from '../../domain/gates/gate.js';
import type { State } from '../../domain/model.js';
import { commandLine, coord, shellWord } from '../../domain/suggestion.js';
import { CoordError, programFailed } from '../../errors.js';
import { checkGates } from '../../gates/check.js';
import type { GateStep } from '../../gates/effects.js';
import { verificationError, verifiedWarnings } from '../../render/deploy/records.js';
import { configMoved, gatesClosed, mainMoved, stoppedLooking } from '../../render/deploy/refusals.js';
import { refusalError } from '../../render/refusals.js';
import { verifyEndpoint } from '../../verify/endpoint.js';
import { type Attempt, newDeployment, recordStart } from './attempt.js';
import { readAuthorityAgain } from './authority.js';
import type { DeployContext, StepResult } from './context.js';
import { usedSignatures } from './evidence.js';
import { checkContained, checkInSync, checkPushed, factsHere } from './in-sync.js';
import { beginRequest, checkFree, takeTarget, targetClaim } from './target.js';
import { endpointEffects } from './verify.js';

/** One step of a deploy, as the dry run sees it and as it is done in earnest. */
export interface Step {
  readonly name: DeployStep;
  /** Looks, and changes nothing; a text says what would be done. */
  readonly plan: (deploy: DeployContext, state: State) => Promise<StepResult> | string;
  /** The same in earnest, with what it finds kept for the steps after it; what it returns as an error ends the deploy. */
  readonly act: (attempt: Attempt) => Promise<StepResult>;
  /** Whether there is such a step for this target; absent: there is. */
  readonly applies?: (deploy: DeployContext) => boolean;
}

/** The steps of a deploy in their order, but for the last: the record is made of whatever ended it. */
export const STEPS: readonly Step[] = [
  { name: 'agent', plan: checkAgent, act: ({ deploy, state }) => checkAgent(deploy, state) },
  { name: 'gates', plan: planGates, act: openGates },
  { name: 'claim', plan: checkFree, act: takeClaim },
  { name: 'sync', plan: planInSync, act: getInSync },
  { name: 'pushed', plan: checkPushed, act: ({ deploy }) => checkPushed(deploy) },
  { name: 'contains', plan: planContained, act: getContained },
  { name: 'recheck', plan: () => 'all of it once more', act: startAndCheckAgain },
  { name: 'run', plan: planProgram, act: runProgram },
  { name: 'verify', plan: planEndpoint, act: checkEndpoint, applies: ({ config }) => config.verify !== null },
];

/** Whether the agent is alive and may deploy. */
async function checkAgent(deploy: DeployContext, state: State): Promise<StepResult> {
  const { context } = deploy;
  const { agent } = context.identity();
  const claim = await targetClaim(deploy, 1);
  const now = context.now();
  const request = beginRequest(claim, {
    attempt: newDeployment(deploy, now, claim.rules, []),
    retry: deploy.options.retry,
    checks: [],
  });
  const refusal = mayNotAsk(state, request, now);
  return refusal ? refusalError(refusal, now) : { finding: `${agent} may deploy` };
}

async function openGates(attempt: Attempt): Promise<StepResult> {
  const answers = await askGates(attempt.deploy, attempt.state.deployments, 'all');
  attempt.gates = answers.records;
  return attempt.whyNotOn() ?? answers.closed ?? answers;
}

/** Signatures are read; programs are run only when that was asked for. */
async function planGates(deploy: DeployContext, { deployments }: State): Promise<StepResult> {
  const { checkGates } = deploy.options;
  const answers = await askGates(deploy, deployments, checkGates ? 'all' : 'signed');
  if (answers.closed) return answers.closed;
  const programs = checkGates ? [] : commandGates(deploy).map((gate) => `${gate}: would run its program`);
  return { finding: [answers.finding, ...programs].filter((part) => part !== '').join(', ') };
}

async function takeClaim(attempt: Attempt): Promise<StepResult> {
  const begun = await takeTarget(
    attempt.deploy,
    { attempt: await attempt.record(), checks: attempt.progress.unrecorded() },
    attempt.taking,
  );
  if (begun instanceof CoordError) return begun;
  attempt.hold(begun);
  return begun;
}

async function planInSync(deploy: DeployContext): Promise<StepResult> {
  return checkInSync(deploy, await factsHere(deploy));
}

async function getInSync(attempt: Attempt): Promise<StepResult> {
  const inSync = await checkInSync(attempt.deploy, await factsHere(attempt.deploy));
  if (!(inSync instanceof CoordError)) attempt.inSync = inSync;
  return inSync;
}

async function planContained(deploy: DeployContext, { deployments }: State): Promise<StepResult> {
  return checkContained(deploy, deployments);
}

/** On the state as the claim left it: what runs there changes only under that claim. */
async function getContained({ deploy }: Attempt): Promise<StepResult> {
  return checkContained(deploy, (await deploy.store.read(['deployments'])).state.deployments);
}

/**
 * All of it once more, just before the program, once it is on record that it is about to run: first the gates that can be
 * asked twice, which may take long, then at one moment what the remote, the state and the worktree say.
 */
async function startAndCheckAgain(attempt: Attempt): Promise<StepResult> {
  const started = await recordStart(attempt);
  if (started) return started;
  const before = attempt.deploy;
  const { context, store } = before;
  const closed = await signedAgain(attempt);
  if (closed) return closed;
  const [authority, facts, { state }] = await Promise.all([
    readAuthorityAgain(context, before.authority),
    factsHere(before),
    store.latest(['deployments']),
  ]);
  if (authority instanceof CoordError) return authority;
  if (JSON.stringify(authority.config) !== JSON.stringify(before.authority.config)) return configMoved();
  const deploy: DeployContext = { ...before, authority };
  const inSync = await checkInSync(deploy, { ...facts, upstream: authority.upstream });
  if (inSync instanceof CoordError) return inSync;
  const { upstream, upstreamCommit } = inSync.evidence;
  const from = before.authority.upstream.commit;
  if (upstreamCommit !== from) {
    if (before.options.action === 'deploy') return mainMoved(upstream, from, upstreamCommit);
    // For the way back it may move; who may sign is then what it says now.
    attempt.deploy = deploy;
    const closedNow = await signedAgain(attempt);
    if (closedNow) return closedNow;
  }
  const allowed = await checkAgent(deploy, state);
  if (allowed instanceof CoordError) return allowed;
  const { deployment, claim } = attempt.held();
  if (!isUnderClaim(deployment, state.claims, context.now())) {
    const target = { target: claim.target, why: 'taken-over' as const, holder: null, loss: null };
    return refusalError({ code: 'lost', reason: 'lost', targets: [target], held: [] }, context.now());
  }
  return attempt.whyNotOn() ?? { finding: 'nothing has changed' };
}

/** The gates that cost nothing are asked again; a program is not run twice, but must have been asked about this commit. */
async function signedAgain(attempt: Attempt): Promise<CoordError | null> {
  const { deploy, gates } = attempt;
  const { state } = await deploy.store.read(['deployments']);
  const again = await askGates(deploy, state.deployments, 'signed');
  attempt.rechecked = again.records;
  if (again.closed) return again.closed;
  const isOpen = (record: GateRecord) => record.open && record.commit === deploy.commit;
  const open = [...gates, ...again.records].filter(isOpen);
  return deploy.config.gates.every((name) => open.some(({ gate }) => gate === name)) ? null : configMoved();
}

function planProgram({ options: { command } }: DeployContext): string {
  return command.length === 0 ? 'the program after --' : commandLine(command);
}

/** Runs the program under the claim; it has changed something unless it could not be started. */
async function runProgram(attempt: Attempt): Promise<StepResult> {
  const { context, options, commit } = attempt.deploy;
  const { deployment, claim, lease } = attempt.held();
  const env = {
    COORD_TOKEN: String(claim.token),
    COORD_COMMIT: commit,
    COORD_TARGET: options.target,
    COORD_DEPLOY: deployment.id,
    COORD_AGENT: claim.agent,
    ...(claim.session ? { COORD_SESSION: claim.session } : {}),
  };
  attempt.ran = true;
  const ended = await lease.runProgram(context, options.command, env).catch((error: unknown) => {
    if (!(error instanceof CoordError)) throw error;
    attempt.ran = false;
    return error;
  });
  if (ended instanceof CoordError) return ended;
  const { exit, lost } = ended;
  attempt.exit = exit;
  if (lost) {
    const { code, message, hint = '', details } = lost;
    return new CoordError(code, `${message}; the program was stopped`, { hint, details });
  }
  return exit === 0
    ? { finding: 'exit 0' }
    : programFailed(exit, coord(`deploy show ${shellWord(deployment.id)}`), { exit });
}

function planEndpoint({ config: { verify } }: DeployContext): string {
  return verify === null ? 'nothing: none is configured' : `look at ${verify.url}`;
}

/** Looks at the live URL of the target, where the configuration names it. */
async function checkEndpoint(attempt: Attempt): Promise<StepResult> {
  const { context, config, options, commit } = attempt.deploy;
  const { deployment, lease } = attempt.held();
  if (config.verify === null) return { finding: 'nothing: none is configured' };
  const commits = { commit, previous: deployment.previous };
  const verification = await verifyEndpoint(config.verify, commits, endpointEffects(context, lease.over));
  attempt.verification = verification;
  if (verification.ok) {
    attempt.warnings.push(...verifiedWarnings(verification, options.target));
    return { finding: verification.finding };
  }
  const stopped = lease.whyNotOn();
  if (stopped?.code === 'timeout') return stoppedLooking(options.target);
  return stopped ?? verificationError(verification, { target: options.target });
}

/** What the gates of a target answered. */
export interface GateAnswers {
  readonly records: readonly GateRecord[];
  /** Why the target is closed; null: every gate is open. */
  readonly closed: CoordError | null;
  readonly finding: string;
}

/**
 * Asks the gates before the target; `signed` are those that can be asked twice, since no program is run for them. A target
 * without a gate is closed.
 */
async function askGates(
  deploy: DeployContext,
  deployments: Deployments,
  which: 'all' | 'signed',
): Promise<GateAnswers> {
  const { context, options, config, commit, authority } = deploy;
  const { target, action } = options;
  const programs = which === 'all' ? [] : commandGates(deploy);
  const gates = config.gates.filter((gate) => !programs.includes(gate));
  // With programs alone there is nothing to ask; without any gate there is: whether one is missing.
  if (gates.length === 0 && programs.length > 0) return { records: [], closed: null, finding: '' };
  const records = await checkGates(context, {
    target,
    commit,
    action,
    // Programs use no signature up.
    usedNonces: gates.every((gate) => commandGates(deploy).includes(gate))
      ? []
      : await usedSignatures(context, deployments),
    config: { config: withGates(authority.config, target, gates), from: authority.from },
    onStep: (step) => showEnd(deploy, step),
  });
  const closed = records.filter(({ open }) => !open);
  return {
    records,
    closed: closed.length === 0 ? null : gatesClosed(closed, target),
    finding: records.map(({ gate }) => `${gate} open`).join(', '),
  };
}

/** The end of what the program of a closed gate wrote: shown, and never recorded, since it may hold secrets. */
function showEnd({ context }: DeployContext, step: GateStep): void {
  if (step.step !== 'checked' || step.record.open) return;
  for (const line of step.lastLines) context.tell(line);
}

/** The gates of a target that run a program. */
function commandGates({ authority, config }: DeployContext): readonly string[] {
  const { gates } = authority.config;
  return config.gates.filter((gate) => Object.hasOwn(gates, gate) && gates[gate]?.type === 'command');
}

function withGates(config: Config, target: string, gates: readonly string[]): Config {
  const known = config.deploy[target];
  return known ? { ...config, deploy: { ...config.deploy, [target]: { ...known, gates } } } : config;
}
