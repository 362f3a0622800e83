import type { ClaimRequest } from '../../src/domain/claims/claim.js';
import { patternTarget } from '../../src/domain/ground/patterns.js';
import type { Policy } from '../../src/domain/request.js';
import { addSeconds, type Instant } from '../../src/domain/time.js';
import type { WaitRequest } from '../../src/domain/waiting/wait.js';

/** The instant at which unit tests begin. */
export const START: Instant = '2026-11-21T12:00:00.000Z';

export function at(seconds: number): Instant {
  return addSeconds(START, seconds);
}

export const POLICY: Policy = {
  skewSeconds: 30,
  defaultTtlSeconds: 1800,
  foldCase: false,
  surface: [patternTarget('src/**')],
  scratch: [],
  lockOrder: 'detect',
  watched: null,
  requiredRules: null,
  tasks: { by: 'everybody', attempts: 3 },
};

let operations = 0;

/** A claim request as the command line makes it, for one agent and some targets. */
export function claimOf(
  agent: string,
  targets: string | readonly string[],
  changes: Partial<ClaimRequest> = {},
): ClaimRequest {
  operations += 1;
  return {
    kind: 'claim',
    operation: `op${operations}`,
    agent,
    session: null,
    policy: POLICY,
    targets: [targets].flat().map((text) => ({ target: patternTarget(text), ttlSeconds: 1800 })),
    mode: 'exclusive',
    reason: null,
    expectSeconds: null,
    head: null,
    contains: {},
    allowBehind: false,
    reach: 'clone',
    rules: null,
    ticket: null,
    ...changes,
  };
}

/** The same as a place in the queue. */
export function waitOf(
  agent: string,
  targets: string | readonly string[],
  changes: Partial<ClaimRequest> & { readonly passive?: boolean } = {},
): WaitRequest {
  const { passive = false, ...rest } = changes;
  const claim = claimOf(agent, targets, rest);
  const { operation, session, policy } = claim;
  return { kind: 'wait', operation, agent, session, policy, claim, ticketSeconds: 20, passive };
}
