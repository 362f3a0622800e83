import { closedToRole, lacksSession, stopped, touchAgent } from './agents/agents.js';
import type { ClaimRequest } from './claims/claim.js';
import { sweep } from './claims/leases.js';
import { keepAlive } from './claims/release.js';
import type { CoordEvent } from './events.js';
import type { State } from './model.js';
import type { Refusal } from './refusal.js';
import { earlierAnswer, withAnswer } from './request-ids.js';
import { type Decision, type Request, rowOf } from './request-table.js';
import type { Instant } from './time.js';

/**
 * Answers every kind of request: state in, decision out, nothing else read. Whatever is granted also sweeps what
 * expired, renews what is past half of its life, and notes that the agent was seen, in the same commit. A request id
 * that was answered before gets that answer again, and nothing else happens.
 */
export function decide<R extends Request>(state: State, request: R, now: Instant): Decision<R['kind']>;
export function decide(state: State, request: Request, now: Instant): Decision {
  return earlierAnswer(state, request, now) ?? withAnswer(decideAnew(state, request, now), request, now);
}

function decideAnew(state: State, request: Request, now: Instant): Decision {
  const refusal = mayNotAsk(state, request, now);
  if (refusal) return { ok: false, refusal };
  const row = rowOf(request);
  const swept = sweep(state, request.policy, now, row.takesOver?.(state, request));
  const outcome = row.decide(swept.state, request, now) as Decision;
  if (!outcome.ok) return outcome;
  const kept = keepAlive(outcome.state, request, now);
  const events = [...swept.events, ...outcome.events, ...kept.events];
  if (kept.state === state) return { ...outcome, state };
  return { ...outcome, state: touchAgent(kept.state, request.agent, now), events };
}

/**
 * Why this agent may not ask for that, whatever the state of the ground: it is stopped, its session is not one that may
 * have ground, or its role does not allow it; null: it may.
 */
export function mayNotAsk(state: State, request: Request, now: Instant): Refusal | null {
  const row = rowOf(request);
  const stop = row.evenIfStopped ? null : stopped(state, request.agent);
  if (stop) return stop;
  const ground = row.ground(state, request, now);
  return (
    (ground && lacksSession(state, request)) ??
    row.authority?.(state, request) ??
    (ground && closedToRole(state, request, ground, row.closedToWorkers ?? false))
  );
}

/** What goes on the record when a claim is refused. */
export function refusalEvent(request: ClaimRequest, refusal: Refusal, now: Instant): CoordEvent {
  const held = 'conflicts' in refusal ? { heldBy: [...new Set(refusal.conflicts.map(({ claimId }) => claimId))] } : {};
  const cycle = refusal.reason === 'deadlock' ? { cycle: refusal.cycle } : {};
  return {
    id: `${request.operation}.r`,
    type: refusal.reason === 'deadlock' ? 'deadlock.prevented' : 'claim.refused',
    at: now,
    agent: request.agent,
    session: request.session,
    code: refusal.code,
    reason: refusal.reason,
    targets: request.targets.map(({ target }) => target.text),
    mode: request.mode,
    ...held,
    ...cycle,
  };
}
