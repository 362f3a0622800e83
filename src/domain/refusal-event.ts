import type { ClaimRequest } from './claims/claim.js';
import type { CoordEvent } from './events.js';
import type { Refusal } from './refusal.js';
import type { Instant } from './time.js';

/** Whether an event is the refusal of a claim. */
export function isRefusalEvent({ type }: Pick<CoordEvent, 'type'>): boolean {
  return type === 'claim.refused' || type === 'deadlock.prevented';
}

/** Events that are gathered before they are recorded, where nothing else is written. */
const DEFERRED: readonly string[] = ['guard.refused', 'guard.passed', 'gate.checked', 'deploy.blocked'];

/** Whether an event is gathered before it is recorded, and so might be recorded twice. */
export function isDeferredEvent(event: Pick<CoordEvent, 'type'>): boolean {
  return isRefusalEvent(event) || DEFERRED.includes(event.type);
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
