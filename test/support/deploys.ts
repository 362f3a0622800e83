import type { DeployBeginRequest, DeployFinishRequest, DeployStartRequest } from '../../src/domain/deploy/decision.js';
import type { GateRecord } from '../../src/domain/gates/gate.js';
import { baseOf, claimOf, START } from './decisions.js';

export interface Asked {
  readonly commit?: string;
  readonly retry?: boolean;
  readonly gates?: readonly GateRecord[];
  readonly target?: string;
}

export function beginOf(
  agent: string,
  { commit = '1'.repeat(40), retry = false, gates = [], target = 'prod' }: Asked = {},
): DeployBeginRequest {
  const claim = { ...claimOf(agent, `@deploy/${target}`, { head: commit }), byOwnVerb: true as const };
  const { operation, session, policy } = claim;
  const facts = { target, action: 'deploy' as const, commit, gates, rules: null, command: ['x'], rollback: null };
  const attempt = { ...facts, startedAt: START };
  const checks = [{ step: 'agent' as const, finding: `${agent} may deploy`, at: START }];
  return { kind: 'deploy-begin', operation, agent, session, policy, attempt, claim, retry, checks };
}

export function startOf(agent: string, deploy: string): DeployStartRequest {
  return { kind: 'deploy-start', ...baseOf(agent), deploy, target: 'prod', sync: null, checks: [] };
}

export function finishOf(
  agent: string,
  deploy: string,
  changes: Partial<DeployFinishRequest> = {},
): DeployFinishRequest {
  const base = { status: 'done', step: 'record', why: null, exit: 0, ran: true, verification: null } as const;
  const facts = { ...base, gates: [], checks: [], ...changes };
  return { kind: 'deploy-finish', ...baseOf(agent), deploy, ...facts };
}
