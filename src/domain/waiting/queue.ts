import type { EventDraft } from '../events.js';
import type { AskedTarget } from '../ground/targets.js';
import type { Mode, State, Waiter } from '../model.js';
import { type Instant, secondsBetween } from '../time.js';

/** What may have a place in the queue. */
interface Queueing {
  readonly agent: string;
  readonly targets: readonly AskedTarget[];
  readonly mode: Mode;
  readonly ticket: string | null;
}

/** The place in the queue that a request has: by its ticket, or kept from an earlier wait of its agent for the same. */
export function ownPlace(state: State, request: Queueing): Waiter | undefined {
  const wanted = new Set(request.targets.map(({ target }) => `${target.kind} ${target.text}`));
  return (
    state.waiters.find((waiter) => waiter.id === request.ticket) ??
    state.waiters.find(
      (waiter) =>
        waiter.agent === request.agent &&
        waiter.mode === request.mode &&
        !waiter.passive &&
        waiter.targets.every(({ kind, text }) => wanted.has(`${kind} ${text}`)),
    )
  );
}

export function withoutTicket(state: State, ticket: Waiter): State {
  return { ...state, waiters: state.waiters.filter((waiter) => waiter.id !== ticket.id) };
}

export function waitEnded(ticket: Waiter, outcome: string, now: Instant): EventDraft {
  return waitEvent('wait.ended', ticket, now, { outcome, waitedSeconds: secondsBetween(ticket.since, now) });
}

export function waitEvent(
  type: EventDraft['type'],
  ticket: Waiter,
  now: Instant,
  facts: Readonly<Record<string, unknown>>,
): EventDraft {
  const { agent, session } = ticket;
  return {
    type,
    at: now,
    agent,
    session,
    waiter: ticket.id,
    targets: ticket.targets.map(({ text }) => text),
    ...facts,
  };
}
