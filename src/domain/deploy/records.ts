import type { EventDraft, EventType } from '../events.js';
import { type GateRecord, gateEvent } from '../gates/gate.js';
import type { Instant } from '../time.js';
import type { Verification } from './verification.js';

/** The steps of a deploy, in their order. */
export const DEPLOY_STEPS = [
  'agent',
  'gates',
  'claim',
  'sync',
  'pushed',
  'contains',
  'recheck',
  'run',
  'verify',
  'record',
] as const;

export type DeployStep = (typeof DEPLOY_STEPS)[number];

export type DeployAction = 'deploy' | 'rollback';

/**
 * `running` without a live claim is an attempt that ended without a word (see `outcomeOf`); `unknown` is the same
 * on the record, written when somebody went on all the same.
 */
export type DeployStatus = 'running' | 'done' | 'failed' | 'blocked' | 'unknown';

/** What the sync-check found: which commit of the remote's main branch HEAD was compared with, and when. */
export interface SyncEvidence {
  /** `origin/main`. */
  readonly upstream: string;
  readonly upstreamCommit: string;
  readonly fetchedAt: Instant;
}

/** One attempt to deploy, with both kinds of evidence, which never stand for each other. */
export interface Deployment {
  /** `d1`, `d2`, … */
  readonly id: string;
  readonly target: string;
  readonly action: DeployAction;
  readonly status: DeployStatus;
  /** The step that was reached. */
  readonly step: DeployStep;
  readonly commit: string;
  /** What was known to run on the target before; null: nothing was. */
  readonly previous: string | null;
  readonly agent: string;
  readonly session: string | null;
  /** Digest of the rules that the agent had loaded. */
  readonly rules: string | null;
  /** The program and its arguments, cut where they are long. */
  readonly command: readonly string[];
  readonly startedAt: Instant;
  readonly finishedAt: Instant | null;
  /** Exit code of the program; null: it did not run, or nobody saw it end. */
  readonly exit: number | null;
  /** Why it was blocked or failed, in a sentence. */
  readonly why: string | null;
  readonly rollback: { readonly reason: string } | null;
  /** Coordination: the claim on the target; null: it was never held. */
  readonly claim: { readonly id: string; readonly token: number; readonly base: string | null } | null;
  /** Coordination: the copy was current. */
  readonly sync: SyncEvidence | null;
  /** Authorisation: the gates. */
  readonly gates: readonly GateRecord[];
  /** What the live URL showed; null: nobody looked. */
  readonly verification: Verification | null;
}

/** What is to be deployed where, as it is put on the record. */
export type NewDeployment = Pick<
  Deployment,
  'target' | 'action' | 'commit' | 'rules' | 'command' | 'rollback' | 'gates' | 'startedAt'
>;

/** A step that was found in order. */
export interface DeployCheck {
  readonly step: DeployStep;
  readonly finding: string;
  readonly at: Instant;
}

/** A commit that may run on a target: of an attempt that has run its program and is not known to have succeeded. */
export interface Candidate {
  readonly deploy: string;
  readonly commit: string;
  readonly agent: string;
  readonly at: Instant;
}

/** What is known to run on a target. */
export interface LiveTarget {
  readonly target: string;
  /** The last attempt that was seen to succeed; null: none was. */
  readonly live: Candidate | null;
  /** What may run instead, since attempts after it ended otherwise, oldest first. */
  readonly perhaps: readonly Candidate[];
  /** Of the signatures that have opened a deploy here: each opens one. */
  readonly nonces: readonly string[];
}

/** `deployments.json`. */
export interface Deployments {
  /** Sorted by target. */
  readonly targets: readonly LiveTarget[];
  /** The newest of each target, oldest first. */
  readonly attempts: readonly Deployment[];
}

export const NO_DEPLOYMENTS: Deployments = { targets: [], attempts: [] };

const ATTEMPTS_KEPT = 20;
const PERHAPS_KEPT = 20;
const NONCES_KEPT = 500;

/** What is known of a target; of one that was never deployed to, nothing. */
export function liveOn({ targets }: Deployments, target: string): LiveTarget {
  return targets.find((known) => known.target === target) ?? { target, live: null, perhaps: [], nonces: [] };
}

/** All that may run on a target, the likeliest first. */
export function candidatesOn(deployments: Deployments, target: string): readonly Candidate[] {
  const { live, perhaps } = liveOn(deployments, target);
  const all = [...(live ? [live] : []), ...perhaps];
  return all.filter((one, index) => all.findIndex(({ commit }) => commit === one.commit) === index);
}

/** Whether its program may have run. */
export function mayHaveRun({ step }: Pick<Deployment, 'step'>): boolean {
  return DEPLOY_STEPS.indexOf(step) >= DEPLOY_STEPS.indexOf('run');
}

/** The attempt that runs under a claim, as far as the record tells. */
export function runningUnder({ attempts }: Deployments, claim: string): Deployment | undefined {
  return attempts.find(({ status, claim: under }) => status === 'running' && under?.id === claim);
}

/** Puts an attempt on the record, in the place of the one with its id; the oldest of its target is forgotten. */
export function withAttempt({ targets, attempts }: Deployments, attempt: Deployment): Deployments {
  const isKnown = attempts.some(({ id }) => id === attempt.id);
  const all = isKnown ? attempts.map((one) => (one.id === attempt.id ? attempt : one)) : [...attempts, attempt];
  const ofTarget = all.filter(({ target }) => target === attempt.target);
  // One that runs is never forgotten: its end is still to be told.
  const old = ofTarget.slice(0, -ATTEMPTS_KEPT).filter(({ status }) => status !== 'running');
  return { targets, attempts: all.filter((one) => !old.includes(one)) };
}

/** The target runs this commit now: it was seen. */
export function withLive(deployments: Deployments, { target, ...attempt }: Deployment, now: Instant): Deployments {
  const used = attempt.gates.flatMap(({ nonces }) => nonces);
  const nonces = [...new Set([...liveOn(deployments, target).nonces, ...used])].slice(-NONCES_KEPT);
  return withTarget(deployments, { target, live: candidateOf(attempt, now), perhaps: [], nonces });
}

/**
 * The target may run this commit now. Forgetting the oldest loses nothing: what a later deploy could go to had to contain it.
 */
export function withPerhaps(deployments: Deployments, { target, ...attempt }: Deployment, now: Instant): Deployments {
  const known = liveOn(deployments, target);
  const others = known.perhaps.filter(({ commit }) => commit !== attempt.commit);
  return withTarget(deployments, {
    ...known,
    perhaps: [...others, candidateOf(attempt, now)].slice(-PERHAPS_KEPT),
  });
}

function candidateOf({ id, commit, agent }: Pick<Deployment, 'id' | 'commit' | 'agent'>, at: Instant): Candidate {
  return { deploy: id, commit, agent, at };
}

function withTarget({ targets, attempts }: Deployments, changed: LiveTarget): Deployments {
  const others = targets.filter(({ target }) => target !== changed.target);
  return { attempts, targets: [...others, changed].sort((a, b) => (a.target < b.target ? -1 : 1)) };
}

/** The nonces of signatures that have opened a deploy already. */
export function usedNonces({ targets }: Deployments): readonly string[] {
  return targets.flatMap(({ nonces }) => nonces);
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
