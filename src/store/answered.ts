import type { Store } from './store.js';

/**
 * Whether a request id was answered before, as the arbiter knows it: such a request is only answered again, so whatever
 * else would stop it does not.
 */
export async function isAnswered(store: Store, requestId: string | null): Promise<boolean> {
  if (requestId === null) return false;
  const { state } = await store.latest(['requests']);
  return state.requests.some(({ id }) => id === requestId);
}
