import { isLive } from './claims/leases.js';
import type { CoordEvent } from './events.js';
import type { Claim, State } from './model.js';
import type { Answer, Request } from './request-table.js';
import type { Instant } from './time.js';

/**
 * Whether an answer that was lost may still be given: what it tells of is so, and its agent has done nothing since that
 * would make the same words a new request, such as to claim again what it had released.
 * @param events of the commit that wrote it, and of those after it
 */
export function stillStands(
  state: State,
  request: Request,
  answer: Answer,
  events: { readonly own: readonly CoordEvent[]; readonly later: readonly CoordEvent[] },
  now: Instant,
): boolean {
  const { agent, operation } = request;
  const own = events.own.filter(({ id, type }) => id.startsWith(`${operation}.`) && type !== 'task.added');
  const subjects = new Set(own.flatMap(subjectsOf));
  const isAboutAll = 'targets' in request && request.targets === null;
  const hasGoneOn = events.later.some((event) => {
    if (event.agent !== agent || event.type === 'claim.renewed') return false;
    return subjectsOf(event).some((subject) => isAboutAll || subjects.has(subject));
  });
  const claims = answer.ok && 'claims' in answer.result ? (answer.result.claims as readonly Claim[]) : [];
  const isHeld = ({ id, token }: Claim) =>
    state.claims.some((claim) => claim.id === id && claim.token === token && isLive(claim, now));
  return !hasGoneOn && claims.every(isHeld);
}

/** The claimed target, or the task, that an event tells of. */
function subjectsOf({ type, target, task }: CoordEvent): string[] {
  if (type.startsWith('claim.') && typeof target === 'string') return [`claim ${target}`];
  return type.startsWith('task.') && typeof task === 'string' ? [`task ${task}`] : [];
}
