import type { State } from '../model.js';
import type { Refusal } from '../refusal.js';
import { claimIn } from '../refusal-event.js';
import type { Request } from '../request.js';
import { findAgent } from './agents.js';

/** With `"requireSession": true`, what a session must have loaded before it is granted ground. */
export interface RequiredRules {
  /** Digest of the rules in force; null: there are none, and any session will do. */
  readonly digest: string | null;
}

/**
 * Why this request is not granted: it asks for ground, the configuration demands a session that has loaded the rules in
 * force, and the agent's record shows none. What gives ground back, renews or only waits is never refused for it.
 */
export function lacksSession(state: State, request: Request): Refusal | null {
  const required = request.policy.requiredRules;
  // A request that an older coord made offline has no such field.
  if (!required || !grantsGround(request)) return null;
  const agent = findAgent(state, request.agent);
  const refuse = (why: SessionLack): Refusal => ({
    code: 'closed',
    reason: 'session-required',
    why,
    loaded: agent?.rules ?? null,
    inForce: required.digest,
  });
  if ((agent?.session ?? null) === null) return refuse('no-session');
  if (agent?.session !== request.session) return refuse('other-session');
  return required.digest === null || agent.rules === required.digest ? null : refuse('older-rules');
}

/** `other-session`: the agent has one, but this command does not run in it. */
export type SessionLack = 'no-session' | 'other-session' | 'older-rules';

function grantsGround(request: Request): boolean {
  if (request.kind === 'wait') return !request.passive;
  return claimIn(request) !== null || ['accept', 'land', 'integrate'].includes(request.kind);
}
