import type { DeployCheck } from './deploy-requests.js';
import type { Deployment, DeployStep } from './deployments.js';
import type { EventDraft, EventType } from './events.js';
import { gateEvent } from './gates/gate.js';
import type { Instant } from './time.js';

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
