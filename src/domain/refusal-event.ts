import type { CoordEvent } from './events.js';
import type { Refusal } from './refusal.js';
import type { ClaimRequest, Request } from './request.js';
import type { Instant } from './time.js';

/** The claim that a request asks for, at once or when it is its turn; null for all others. */
export function claimIn(request: Request): ClaimRequest | null {
  if (request.kind === 'claim') return request;
  return request.kind === 'wait' || request.kind === 'steal' || request.kind === 'once-begin' ? request.claim : null;
}

/** Whether an event is the refusal of a claim. */
export function isRefusalEvent({ type }: Pick<CoordEvent, 'type'>): boolean {
  return type === 'claim.refused' || type === 'deadlock.prevented';
}

const DEFERRED: readonly string[] = ['guard.refused', 'guard.passed', 'gate.checked'];

/** Whether an event is gathered before it is recorded, and so might be recorded twice. */
export function isDeferredEvent(event: Pick<CoordEvent, 'type'>): boolean {
  return isRefusalEvent(event) || DEFERRED.includes(event.type);
}

/** What goes on the record when a claim is refused. */
export function refusalEvent(request: ClaimRequest, refusal: Refusal, now: Instant): CoordEvent {
  const held = refusal.code === 'held' ? { heldBy: [...new Set(refusal.conflicts.map(({ claimId }) => claimId))] } : {};
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
