import type { Decision, Request } from '../domain/request.js';
import { earlierAnswer } from '../domain/requests.js';
import type { Instant } from '../domain/time.js';
import type { Store } from './store.js';

/**
 * The answer that the request id of this request was given before, as the arbiter knows it; null when it is new, or there
 * is none.
 */
export async function answerBefore<R extends Request>(
  store: Store,
  request: R,
  now: Instant,
): Promise<Decision<R['kind']> | null> {
  if ((request.requestId ?? null) === null) return null;
  const { state } = await store.latest(['requests']);
  return earlierAnswer(state, request, now);
}

/** Whether a request id was answered before: then whatever else would stop the request does not. */
export async function isAnswered(store: Store, requestId: string | null): Promise<boolean> {
  if (requestId === null) return false;
  const { state } = await store.latest(['requests']);
  return state.requests.some(({ id }) => id === requestId);
}
