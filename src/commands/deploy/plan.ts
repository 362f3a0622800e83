import { decide } from '../../domain/decide.js';
import { standsInTheWay } from '../../domain/deploy/decision.js';
import type { DeployStep } from '../../domain/deploy/records.js';
import type { State } from '../../domain/model.js';
import { commandLine } from '../../domain/suggestion.js';
import { CoordError, exitCodeOf } from '../../errors.js';
import { type PlannedStep, planLines } from '../../render/deploy/steps.js';
import { refusalError } from '../../render/refusals.js';
import type { GitStore } from '../../store/swap/git-store.js';
import type { Success } from '../verb.js';
import { lookAtAgent } from './attempt.js';
import type { Case } from './case.js';
import { targetClaim } from './claim-of.js';
import { lookAtContained } from './containment.js';
import { type Current, lookAtPushed, lookAtSync } from './currency.js';
import { askGates, commandGates } from './gates.js';
import { suggestingDeploy } from './turn.js';
import { shareWarnings } from './warnings.js';

type Look = () => Promise<{ readonly finding: string } | CoordError>;

/** Looks at every step without taking or recording anything, and lists all that would block. */
export async function showPlan(one: Case): Promise<Success> {
  const { context, order, commit } = one;
  const store = await context.store();
  const { state } = await store.latest(['deployments']);
  const steps: PlannedStep[] = [];
  const look = async (step: DeployStep, work: Look) => {
    const found = await work();
    steps.push(found instanceof CoordError ? blockedStep(step, found) : { step, status: 'ok', ...onlyFinding(found) });
  };
  const would = (step: DeployStep, finding: string) => steps.push({ step, status: 'would', finding });
  await look('agent', async () => lookAtAgent(one, store, state));
  await look('gates', async () => lookAtGates(one, state));
  await look('claim', async () => lookAtClaim(one, store, state));
  const current = await lookAtSync(one);
  await look('sync', async () => current);
  const evidence = evidenceIn(current);
  await look('pushed', async () => (evidence ? lookAtPushed(one, evidence) : current));
  await look('contains', async () => lookAtContained(one, state.deployments));
  would('recheck', 'all of it once more');
  would('run', order.command.length === 0 ? 'the program after --' : commandLine(order.command));
  would('verify', one.config.verify === null ? 'nothing: none is configured' : `look at ${one.config.verify.url}`);
  would('record', 'what came of it, and give the claim back');
  const first = steps.find(({ status }) => status === 'blocked');
  const blockers = steps.filter(({ status }) => status === 'blocked');
  const plan = { target: order.target, action: order.action, commit, ready: blockers.length === 0, steps, blockers };
  return {
    data: plan,
    text: (style) => planLines(plan, style),
    exit: first?.exit ?? 0,
    warnings: shareWarnings(one),
  };
}

function onlyFinding({ finding }: { readonly finding: string }) {
  return { finding };
}

function blockedStep(step: DeployStep, { code, message, hint, details }: CoordError): PlannedStep {
  return { step, status: 'blocked', finding: message, code, exit: exitCodeOf(code), hint: hint ?? null, details };
}

/** What the main branch is, also where HEAD is not in sync with it; null where that is not known. */
function evidenceIn(current: Current | CoordError): Current | null {
  if (!(current instanceof CoordError)) return current;
  const { upstream, upstreamCommit, fetchedAt } = current.details as Record<string, unknown>;
  if (typeof upstream !== 'string' || typeof upstreamCommit !== 'string' || typeof fetchedAt !== 'string') return null;
  return { finding: '', evidence: { upstream, upstreamCommit, fetchedAt } };
}

/** Signatures are read; programs are run only when that was asked for. */
async function lookAtGates(one: Case, state: State) {
  const asked = await askGates(one, state.deployments, one.order.checkGates ? 'all' : 'signed');
  if (asked.closed) return asked.closed;
  const programs = one.order.checkGates ? [] : commandGates(one).map((gate) => `${gate}: would run its program`);
  return { finding: [asked.finding, ...programs].filter((part) => part !== '').join(', ') };
}

async function lookAtClaim(one: Case, store: GitStore, state: State) {
  const { context, order } = one;
  const now = context.now();
  const inTheWay = standsInTheWay(state, order, now);
  if (inTheWay) return refusalError(inTheWay, now);
  const claim = await targetClaim(one, store, 1);
  const decision = decide(state, { ...claim, allowBehind: true }, now);
  if (decision.ok) return { finding: `@deploy/${order.target} is free` };
  return suggestingDeploy(refusalError(decision.refusal, now), order.target);
}
