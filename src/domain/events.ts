import type { Instant } from './time.js';

export const EVENT_TYPES = [
  'claim.granted',
  'claim.refused',
  'claim.renewed',
  'claim.released',
  'claim.expired',
  'claim.lost',
  'claim.offered',
  'claim.declined',
  'claim.handed-off',
  'work.landed',
  'work.pushed',
  'work.submitted',
  'work.integrated',
  'work.done',
  'work.declined',
  'work.withdrawn',
  'wait.started',
  'wait.ended',
  'deadlock.prevented',
  'deadlock.suspected',
  'agent.started',
  'agent.ended',
  'agent.killed',
  'agent.revived',
  'note.added',
  'gate.checked',
  'deploy.checked',
  'deploy.started',
  'deploy.done',
  'deploy.failed',
  'deploy.blocked',
  'guard.refused',
  'guard.passed',
  'task.added',
  'task.edited',
  'task.taken',
  'task.submitted',
  'task.done',
  'task.returned',
  'task.reopened',
  'task.dropped',
  'task.late',
  'history.compacted',
] as const;

export type EventType = (typeof EVENT_TYPES)[number];

/** An event before the operation that it belongs to numbers it. */
export interface EventDraft {
  readonly type: EventType;
  readonly at: Instant;
  readonly agent: string;
  readonly session: string | null;
  /** Facts of the type: target, token, claim, commit, reason, … */
  readonly [fact: string]: unknown;
}

/** What happened, as it stands in the body of a coordination commit: one line of JSON. */
export interface CoordEvent extends EventDraft {
  readonly id: string;
}

/** Gives the events of one operation their ids, unique as long as the operation's id is. */
export function numberEvents(operation: string, drafts: readonly EventDraft[]): CoordEvent[] {
  return drafts.map((draft, index) => ({ id: `${operation}.${index + 1}`, ...draft }));
}

/** What one commit at the root of a compacted history stands for. */
export interface Compacted {
  /** The newest of the commits that are gone: the root has its tree. */
  readonly commit: string;
  readonly commits: number;
  /** When the first and the last of them were made. */
  readonly from: Instant;
  readonly to: Instant;
}

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
