import { ownClaims } from '../agents/ownership.js';
import { closedToRole, decideClaim } from '../claims/claim.js';
import { claimEvent } from '../claims/leases.js';
import { heldBy } from '../claims/takeover.js';
import type { CoordEvent, EventDraft, EventType } from '../events.js';
import { gateEvent } from '../gates/gate.js';
import { deployTarget } from '../ground/targets.js';
import type { Claim, State } from '../model.js';
import type { Refusal } from '../refusal.js';
import type { Decision } from '../request.js';
import type { Instant } from '../time.js';
import {
  type Deployment,
  type Deployments,
  type DeployStep,
  isUnderClaim,
  liveOn,
  mayHaveRun,
  usedNonces,
  withAttempt,
  withLive,
  withPerhaps,
} from './records.js';
import type {
  DeployBeginRequest,
  DeployBlockRequest,
  DeployCheck,
  DeployFinishRequest,
  DeployStartRequest,
} from './requests.js';

/** Records an attempt that was stopped before it held its target. */
export function decideDeployBlock(state: State, request: DeployBlockRequest, now: Instant): Decision<'deploy-block'> {
  const deployment = blockedAttempt(state, request, now);
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
  const deployment = blockedAttempt(state, request, now);
  return { id: `${request.operation}.r`, ...endedEvent(deployment, request, now) };
}

function blockedAttempt(state: State, request: DeployBlockRequest, now: Instant): Deployment {
  const { step, why } = request;
  return { ...newAttempt(state, request, null), status: 'blocked', step, why, finishedAt: now };
}

/** Whether this agent may deploy at all: a worker may not. */
export function closedToDeploy(
  state: State,
  { agent, policy, target }: Pick<DeployBeginRequest, 'agent' | 'policy'> & { readonly target: string },
): Refusal | null {
  const asked = { agent, policy: { ...policy, scratch: [] }, targets: [{ target: deployTarget(target) }] };
  return closedToRole(state, asked);
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
export function decideDeployBegin(state: State, request: DeployBeginRequest, now: Instant): Decision<'deploy-begin'> {
  const { target } = request.attempt;
  const inTheWay =
    closedToDeploy(state, { ...request, target }) ??
    standsInTheWay(state, { target, retry: request.retry }, now) ??
    alreadyUsed(state, request);
  if (inTheWay) return { ok: false, refusal: inTheWay };
  const claimed = decideClaim(state, request.claim, now);
  if (!claimed.ok) return claimed;
  const [claim] = claimed.result.claims;
  const settled = settle(claimed.state.deployments, target, now);
  const deployment = newAttempt({ ...claimed.state, deployments: settled.deployments }, request, claim ?? null);
  return {
    ok: true,
    state: { ...claimed.state, deployments: withAttempt(settled.deployments, deployment) },
    events: [...settled.events, ...gateEvents(deployment), ...claimed.events],
    result: { deployment, claims: claimed.result.claims },
    summary: `${deployment.action} ${nameOf(deployment)} begins`,
  };
}

/** Puts on the record that the program is about to run: from here on, nobody but its own process knows what it did. */
export function decideDeployStart(state: State, request: DeployStartRequest, now: Instant): Decision<'deploy-start'> {
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
export function decideDeployFinish(
  state: State,
  request: DeployFinishRequest,
  now: Instant,
): Decision<'deploy-finish'> {
  const known = state.deployments.attempts.find(({ id, agent }) => id === request.deploy && agent === request.agent);
  const summary = `${request.deploy} ended: ${request.status}`;
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
  const isLive = deployment.status === 'done';
  const claim = holds && request.release ? state.claims.find(({ id }) => id === known.claim?.id) : undefined;
  return {
    ok: true,
    state: {
      ...state,
      claims: claim ? state.claims.filter(({ id }) => id !== claim.id) : state.claims,
      deployments: isLive
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

function newAttempt(state: State, request: DeployBeginRequest | DeployBlockRequest, claim: Claim | null): Deployment {
  const { operation, agent, session, attempt } = request;
  return {
    id: `d${operation}`,
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
    why: ran ? 'its end was never recorded' : 'it ended without a word, before its program was started',
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

/** What every event of a deploy says. */
export function deployEvent(
  type: EventType,
  deployment: Deployment,
  at: Instant,
  facts: Readonly<Record<string, unknown>>,
): EventDraft {
  const { agent, session, id, target, commit, action, claim } = deployment;
  return { type, at, agent, session, deploy: id, target, commit, action, token: claim?.token ?? null, ...facts };
}

/** That steps were found in order. */
export function checkEvents(deployment: Deployment, checks: readonly DeployCheck[]): EventDraft[] {
  return checks.map(({ step, finding, at }) => deployEvent('deploy.checked', deployment, at, { step, finding }));
}

/** That a gate was asked, and what it answered. */
export function gateEvents({ id, gates, agent, session }: Deployment): EventDraft[] {
  return gates.map((record) => ({ ...gateEvent(record, agent, session), deploy: id }));
}

const ENDED: Readonly<Record<Deployment['status'], EventType>> = {
  running: 'deploy.started',
  done: 'deploy.done',
  failed: 'deploy.failed',
  blocked: 'deploy.blocked',
  unknown: 'deploy.failed',
};

/** How it ended, with the whole record: the history remembers it when the state no longer does. */
export function endedEvent(deployment: Deployment, { step }: { readonly step: DeployStep }, now: Instant): EventDraft {
  const { status, why, exit } = deployment;
  return deployEvent(ENDED[status], deployment, now, {
    step,
    outcome: status,
    ...(exit === null ? {} : { exit }),
    ...(why === null ? {} : { why }),
    record: deployment,
  });
}
