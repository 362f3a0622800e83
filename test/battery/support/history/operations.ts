import type { CoordEvent } from '../../../../src/domain/events.js';
import { isDeferredEvent } from '../../../../src/domain/events.js';
import type { BranchCommit } from './branch.js';

/** What one request of one agent did: some events of a commit, which may have those of others beside them. */
export interface Operation {
  readonly id: string;
  /** Index of the commit. */
  readonly index: number;
  /** Who did it; null where nothing tells. */
  readonly actor: string | null;
  readonly events: readonly CoordEvent[];
  /** What is wrong with it. */
  readonly problems: readonly string[];
  /** Claims that it renewed by the way, before half of their life was over. */
  readonly early: string[];
}

/** Who comes, goes, and does what is kept by a clone until it writes, which may be long after. */
function rides({ type, along }: CoordEvent): boolean {
  return along !== undefined && type.startsWith('agent.');
}

const ALONG = ' with ';

/** The operation that carried one, which is it itself in most cases. */
export function carrierOf(id: string): string {
  return id.split(ALONG)[0] ?? id;
}

/** The operations of a commit in their order; refusals and the like, which only ride with it, are left out. */
export function operationsOf({ events }: BranchCommit, index: number): Operation[] {
  const groups = new Map<string, CoordEvent[]>();
  for (const event of events.filter((one) => !isDeferredEvent(one) && !rides(one))) {
    // What went along with it is of an operation of its own.
    const along = typeof event.along === 'string' ? `${ALONG}${event.along}` : '';
    const id = `${event.id.slice(0, event.id.lastIndexOf('.'))}${along}`;
    groups.set(id, [...(groups.get(id) ?? []), event]);
  }
  return [...groups].map(([id, own]) => {
    const actors = actorsOf(own);
    const problems = actors.length < 2 ? [] : [`${id}: one operation of ${actors.join(' and ')}`];
    return { id, index, actor: actors[0] ?? null, events: own, problems, early: [] };
  });
}

function actorsOf(events: readonly CoordEvent[]): string[] {
  // Stopping an agent declines what is offered to it, and integrating takes over what its author held.
  const forOthers = events.some(({ type }) => type === 'agent.killed' || type === 'work.integrated');
  return [...new Set(events.flatMap((event) => actorOf(event, forOthers) ?? []))];
}

function actorOf(event: CoordEvent, forOthers: boolean): string | null {
  switch (event.type) {
    case 'claim.granted':
    case 'claim.renewed':
    case 'claim.offered':
    case 'claim.handed-off':
    case 'wait.started':
    case 'note.added':
    case 'agent.started':
    case 'agent.ended':
    case 'work.landed':
    case 'work.pushed':
    case 'work.submitted':
    case 'work.integrated':
    case 'work.declined':
    case 'work.withdrawn':
    case 'task.added':
    case 'task.edited':
    case 'task.taken':
    case 'task.submitted':
    case 'task.done':
    case 'task.returned':
    case 'task.dropped':
    case 'task.late':
      return event.agent;
    case 'claim.released':
      return forOthers ? null : event.agent;
    case 'claim.declined':
      return forOthers ? null : String(event.by);
    case 'claim.lost':
    case 'agent.killed':
    case 'agent.revived':
      return String(event.by);
    // Whoever comes by sweeps what is over.
    case 'wait.ended':
      return event.outcome === 'lapsed' || event.outcome === 'revoked' ? null : event.agent;
    default:
      return null;
  }
}

/** Whether it did nothing but keep claims alive, and sweep what is over: any command of the holder does. */
export function onlyKeepsAlive({ events }: Operation): boolean {
  return events.every(
    ({ type, reason, outcome }) =>
      (type === 'claim.renewed' && reason === undefined) ||
      type === 'claim.expired' ||
      (type === 'wait.ended' && outcome === 'lapsed'),
  );
}

/** Whether it only took, refreshed or left a place in the queue: who is refused in the end did that before. */
export function onlyQueues({ events }: Operation): boolean {
  return events.every(
    ({ type, reason }) =>
      type.startsWith('wait.') ||
      type.startsWith('deadlock.') ||
      type === 'claim.expired' ||
      (type === 'claim.renewed' && reason === undefined),
  );
}
