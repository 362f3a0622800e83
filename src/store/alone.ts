import type { Answer, Decision, Request } from '../domain/request.js';
import { CoordError } from '../errors.js';
import { type Surroundings, settle, write } from './deciding.js';
import type { Store } from './store.js';

/** A writer that lost so many races gives up. */
export const ATTEMPTS = 200;
const LONGEST_PAUSE_MS = 100;

/**
 * Decides and writes until no other writer comes first.
 * @param since the revision from which on somebody else may have written this very request; absent: nobody can have
 */
export async function decideAlone(
  store: Store,
  request: Request,
  around: Surroundings,
  since?: string,
): Promise<Answer> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const decided = await settle(store, [request], around);
    if (since !== undefined && (await store.isPerformed?.(request.operation, since))) throw answerLost();
    if (await write(store, [request], decided, around.now())) return answerOf(decided.decisions[0] as Decision);
    await giveWay(store, around, attempt);
  }
  throw movedTooOften();
}

/** Waits before the next attempt, for a random time that grows. */
export async function giveWay(store: Store, around: Surroundings, attempt: number): Promise<void> {
  if (!store.paced) await around.pause(around.random() * Math.min(2 ** attempt, LONGEST_PAUSE_MS));
}

export function answerOf(decision: Decision): Answer {
  if (!decision.ok) return decision;
  const { ok, result, summary } = decision;
  return { ok, result, summary };
}

export function movedTooOften(): CoordError {
  return new CoordError('unavailable', `the coordination state moved ${ATTEMPTS} times before this could be written`, {
    hint: 'nothing was changed; repeat the command',
  });
}

function answerLost(): CoordError {
  return new CoordError('unavailable', 'this was done, but its answer was lost: the queue of this clone was deleted', {
    hint: 'coord status shows what you hold',
  });
}
