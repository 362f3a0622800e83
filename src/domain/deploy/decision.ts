import { ownClaims } from '../agents/ownership.js';
import { askedOfClaim, type ClaimTerms, claimFor, decideClaim, groundAsked } from '../claims/claim.js';
import { claimEvent, isLive } from '../claims/leases.js';
import { heldBy } from '../claims/takeover.js';
import type { CoordEvent, EventDraft } from '../events.js';
import type { GateRecord } from '../gates/gate.js';
import { deployTarget } from '../ground/targets.js';
import type { Claim, State } from '../model.js';
import { largestNumber, newId } from '../model.js';
import type { Refusal } from '../refusal.js';
import type { Outcome, RequestBase, Row } from '../request.js';
import type { Instant } from '../time.js';
import {
  checkEvents,
  type DeployCheck,
  type Deployment,
  type Deployments,
  type DeployStatus,
  type DeployStep,
  deployEvent,
  endedEvent,
  gateEvents,
  liveOn,
  mayHaveRun,
  type NewDeployment,
  type SyncEvidence,
  usedNonces,
  withAttempt,
  withLive,
  withPerhaps,
} from './records.js';
import type { Verification } from './verification.js';

/** Takes a deploy target for one attempt. */
export interface DeployBeginRequest extends RequestBase {
  readonly kind: 'deploy-begin';
  readonly attempt: NewDeployment;
  readonly claim: ClaimTerms;
  /** Go on although the attempt before ended without a word. */
  readonly retry: boolean;
  /** What was looked at on the way, and found in order. */
  readonly checks: readonly DeployCheck[];
}

/** Records an attempt that was stopped before it held its target. */
export interface DeployBlockRequest extends RequestBase {
  readonly kind: 'deploy-block';
  readonly attempt: NewDeployment;
  readonly step: DeployStep;
  readonly why: string;
}

/** The program is about to run. */
export interface DeployStartRequest extends RequestBase {
  readonly kind: 'deploy-start';
  readonly deploy: string;
  readonly target: string;
  readonly sync: SyncEvidence | null;
  /** What was looked at on the way, and found in order. */
  readonly checks: readonly DeployCheck[];
}

/** How an attempt ended. */
export interface DeployFinishRequest extends RequestBase {
  readonly kind: 'deploy-finish';
  readonly deploy: string;
  readonly status: 'done' | 'failed' | 'blocked';
  readonly step: DeployStep;
  readonly why: string | null;
  /** Of the program; null: it did not run. */
  readonly exit: number | null;
  /** Whether the program may have changed what runs. */
  readonly ran: boolean;
  readonly verification: Verification | null;
  /** What was looked at since the last write, and found in order. */
  readonly checks: readonly DeployCheck[];
  /** Of the second check, where they differ from the first. */
  readonly gates: readonly GateRecord[];
}

export interface DeployResult {
  readonly deployment: Deployment;
}

/** The status in words that count now: an attempt whose claim is gone has ended without a word. */
export function outcomeOf(deployment: Deployment, claims: readonly Claim[], now: Instant): DeployStatus {
  if (deployment.status !== 'running' || isUnderClaim(deployment, claims, now)) return deployment.status;
  return mayHaveRun(deployment) ? 'unknown' : 'failed';
}

/** Whether the claim that a deploy was made under is held still: the same one, by its token. */
export function isUnderClaim({ claim }: Pick<Deployment, 'claim'>, claims: readonly Claim[], now: Instant): boolean {
  return claims.some(({ id, token, ...rest }) => {
    return id === claim?.id && token === claim.token && isLive({ id, token, ...rest }, now);
  });
}

/** Records an attempt that was stopped before it held its target. */
function decideDeployBlock(state: State, request: DeployBlockRequest, now: Instant): Outcome<DeployResult> {
  const deployment = blockedAttempt(state, request, newDeployId(state), now);
  return {
    ok: true,
    state: { ...state, deployments: withAttempt(state.deployments, deployment) },
    events: [...gateEvents(deployment), endedEvent(deployment, request, now)],
    result: { deployment },
    summary: `${deployment.action} ${nameOf(deployment)} blocked: ${deployment.why}`,
  };
}

/** The same as an event alone, for what writes nothing: a stopped agent may not, and polling is not to flood history. */
export function blockedEvent(state: State, request: DeployBlockRequest, now: Instant): CoordEvent {
  const deployment = blockedAttempt(state, request, `d-${request.operation}`, now);
  return { id: `${request.operation}.r`, ...endedEvent(deployment, request, now) };
}

function blockedAttempt(state: State, request: DeployBlockRequest, id: string, now: Instant): Deployment {
  const { step, why } = request;
  return { ...newAttempt(state, request, id, null), status: 'blocked', step, why, finishedAt: now };
}

/** Why the target cannot be had although nobody else claims it: an attempt that runs, or has ended without a word. */
export function standsInTheWay(
  state: State,
  { target, retry }: { readonly target: string; readonly retry: boolean },
  now: Instant,
): Refusal | null {
  const running = runningOn(state.deployments, target);
  if (!running) return null;
  const claim = state.claims.find(({ id }) => id === running.claim?.id);
  if (claim && isUnderClaim(running, state.claims, now)) return heldBy(claim);
  if (!mayHaveRun(running) || retry) return null;
  return {
    code: 'unavailable',
    reason: 'unknown-deploy',
    deployment: running,
    live: liveOn(state.deployments, target),
  };
}

/**
 * Takes the target for one attempt, and puts the attempt on the record. The record, not the claim alone, is what a second
 * caller meets, so that even the same agent cannot deploy twice at once. What an attempt left that ended without a word
 * is never taken for done: its commit may run, and is kept as such.
 */
function decideDeployBegin(
  state: State,
  request: DeployBeginRequest,
  now: Instant,
): Outcome<DeployResult & { readonly claims: readonly Claim[] }> {
  const { target } = request.attempt;
  const inTheWay = standsInTheWay(state, { target, retry: request.retry }, now) ?? alreadyUsed(state, request);
  if (inTheWay) return { ok: false, refusal: inTheWay };
  const claimed = decideClaim(state, claimFor(request), now);
  if (!claimed.ok) return claimed;
  const [claim] = claimed.result.claims;
  const settled = settle(claimed.state.deployments, target, now);
  const held = { ...claimed.state, deployments: settled.deployments };
  const deployment = newAttempt(held, request, newDeployId(held), claim ?? null);
  return {
    ok: true,
    state: { ...held, deployments: withAttempt(held.deployments, deployment) },
    // Its checks name the commit: from here on the history bears the record out.
    events: [
      ...settled.events,
      ...checkEvents(deployment, request.checks),
      ...gateEvents(deployment),
      ...claimed.events,
    ],
    result: { deployment, claims: claimed.result.claims },
    summary: `${deployment.action} ${nameOf(deployment)} begins`,
  };
}

/** Puts on the record that the program is about to run: from here on, nobody but its own process knows what it did. */
function decideDeployStart(state: State, request: DeployStartRequest, now: Instant): Outcome<DeployResult> {
  const known = state.deployments.attempts.find(({ id }) => id === request.deploy);
  if (known?.status !== 'running' || !isUnderClaim(known, state.claims, now)) {
    return { ok: false, refusal: lostRefusal(state, request, now) };
  }
  const { checks, sync } = request;
  const deployment: Deployment = { ...known, step: 'run', sync };
  return {
    ok: true,
    state: { ...state, deployments: withAttempt(state.deployments, deployment) },
    events: [
      ...checkEvents(deployment, checks),
      deployEvent('deploy.started', deployment, now, { record: deployment }),
    ],
    result: { deployment },
    summary: `${deployment.action} ${nameOf(deployment)} runs its program`,
  };
}

/**
 * Records how the attempt ended, and gives its claim back. Only who still holds the claim can have succeeded; whoever
 * lost it may have undone what came after, so its commit may run.
 */
function decideDeployFinish(state: State, request: DeployFinishRequest, now: Instant): Outcome<DeployResult> {
  const known = state.deployments.attempts.find(({ id, agent }) => id === request.deploy && agent === request.agent);
  const summary = `${request.agent} ended ${request.deploy}: ${request.status}`;
  if (!known) return { ok: false, refusal: { code: 'usage', reason: 'no-deploy', deploy: request.deploy } };
  if (known.status !== 'running' && known.status !== 'unknown') {
    return { ok: true, state, events: [], result: { deployment: known }, summary };
  }
  const holds = isUnderClaim(known, state.claims, now);
  const lost = request.status === 'done' && !holds;
  const { step, exit, verification, ran } = request;
  const deployment: Deployment = {
    ...known,
    status: lost ? 'failed' : request.status,
    step,
    exit,
    verification,
    why: lost ? 'the claim was lost before the end could be recorded' : request.why,
    finishedAt: now,
    gates: [...known.gates, ...request.gates],
  };
  const attempted = withAttempt(state.deployments, deployment);
  const succeeded = deployment.status === 'done';
  const claim = holds ? state.claims.find(({ id }) => id === known.claim?.id) : undefined;
  return {
    ok: true,
    state: {
      ...state,
      claims: claim ? state.claims.filter(({ id }) => id !== claim.id) : state.claims,
      deployments: succeeded
        ? withLive(attempted, deployment, now)
        : ran
          ? withPerhaps(attempted, deployment, now)
          : attempted,
    },
    events: [
      ...checkEvents(deployment, request.checks),
      ...gateEvents({ ...deployment, gates: request.gates }),
      endedEvent(deployment, request, now),
      ...(claim ? [claimEvent('claim.released', claim, now, { commit: null, exit })] : []),
    ],
    result: { deployment },
    summary: `${deployment.action} ${nameOf(deployment)} ${deployment.status}${deployment.why ? `: ${deployment.why}` : ''}`,
  };
}

/** The newest attempt is always kept, and knows how many came before it. */
function newDeployId(state: State): string {
  return newId(state, 'd', largestNumber(state.deployments.attempts));
}

function newAttempt(
  state: State,
  request: DeployBeginRequest | DeployBlockRequest,
  id: string,
  claim: Claim | null,
): Deployment {
  const { agent, session, attempt } = request;
  return {
    id,
    target: attempt.target,
    action: attempt.action,
    status: 'running',
    step: 'claim',
    commit: attempt.commit,
    previous: liveOn(state.deployments, attempt.target).live?.commit ?? null,
    agent,
    session,
    rules: attempt.rules,
    command: attempt.command,
    startedAt: attempt.startedAt,
    finishedAt: null,
    exit: null,
    why: null,
    rollback: attempt.rollback,
    claim: claim && { id: claim.id, token: claim.token, base: claim.base },
    sync: null,
    gates: attempt.gates,
    verification: null,
  };
}

/** What is to be said of an attempt that ended without a word, now that its claim is gone. */
function settle(
  deployments: Deployments,
  target: string,
  now: Instant,
): { deployments: Deployments; events: EventDraft[] } {
  const running = runningOn(deployments, target);
  if (!running) return { deployments, events: [] };
  const ran = mayHaveRun(running);
  const ended: Deployment = {
    ...running,
    status: ran ? 'unknown' : 'failed',
    finishedAt: now,
    why: ran ? 'its end was never recorded' : 'it never reported its outcome, and its program had not started',
  };
  const attempted = withAttempt(deployments, ended);
  return {
    deployments: ran ? withPerhaps(attempted, ended, now) : attempted,
    events: [endedEvent(ended, ended, now)],
  };
}

function runningOn({ attempts }: Deployments, target: string): Deployment | undefined {
  return attempts.findLast((attempt) => attempt.target === target && attempt.status === 'running');
}

/** Each signature opens one deploy that succeeds. */
function alreadyUsed(state: State, { attempt }: DeployBeginRequest): Refusal | null {
  const used = new Set(usedNonces(state.deployments));
  const gate = attempt.gates.find(({ nonces }) => nonces.some((nonce) => used.has(nonce)));
  return gate ? { code: 'closed', reason: 'used-signature', gate: gate.gate, target: attempt.target } : null;
}

function lostRefusal(state: State, request: DeployStartRequest, now: Instant): Refusal {
  const target = deployTarget(request.target);
  const owned = ownClaims(state, request, [target], now);
  if ('refusal' in owned) return owned.refusal;
  const [holder] = owned.claims;
  const lost = { target: target.text, why: 'taken-over' as const, holder: holder ?? null, loss: null };
  return { code: 'lost', reason: 'lost', targets: [lost], held: [] };
}

function nameOf({ target, commit, agent }: Deployment): string {
  return `${target} at ${commit.slice(0, 7)} by ${agent}`;
}

const DEPLOYMENTS = { parts: () => ['deployments'] as const, combinable: false } as const;

/** What somebody asked for with an attempt: another program is another deploy, and takes up none that was left. */
function askedOfAttempt({ target, action, commit, command, rollback }: NewDeployment): unknown {
  return { target, action, commit, command, rollback };
}

export const DEPLOY_ROWS = {
  'deploy-begin': {
    ...DEPLOYMENTS,
    decide: decideDeployBegin,
    fields: { attempt: askedOfAttempt, claim: askedOfClaim, retry: 'asked', checks: 'found' },
    ground: (_state, { claim }) => groundAsked(claim),
    closedToWorkers: true,
  },
  'deploy-block': {
    ...DEPLOYMENTS,
    decide: decideDeployBlock,
    fields: { attempt: 'found', step: 'found', why: 'found' },
    ground: () => null,
  },
  'deploy-start': {
    ...DEPLOYMENTS,
    decide: decideDeployStart,
    repeatable: true,
    fields: { deploy: 'found', target: 'asked', sync: 'found', checks: 'found' },
    ground: () => null,
  },
  'deploy-finish': {
    ...DEPLOYMENTS,
    decide: decideDeployFinish,
    repeatable: true,
    fields: {
      deploy: 'found',
      status: 'found',
      step: 'found',
      why: 'found',
      exit: 'found',
      ran: 'found',
      verification: 'found',
      checks: 'found',
      gates: 'found',
    },
    ground: () => null,
    evenIfStopped: true,
  },
} as const satisfies {
  readonly 'deploy-begin': Row<DeployBeginRequest>;
  readonly 'deploy-block': Row<DeployBlockRequest>;
  readonly 'deploy-start': Row<DeployStartRequest>;
  readonly 'deploy-finish': Row<DeployFinishRequest>;
};
