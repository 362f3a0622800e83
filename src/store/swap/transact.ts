import { type Answer, type Decision, type Kind, type Request, rowOf } from '../../domain/request-table.js';
import { decideQueued } from '../queue/combine.js';
import { answerOf, decideAlone, type Effects, settle, write } from './deciding.js';
import type { Store } from './store.js';

export type { Effects } from './deciding.js';

/**
 * Decides a request on the current state and writes the decision by compare-and-swap. A lost race decides again on
 * fresh state; an old decision is never applied. A refusal takes no lock and writes nothing. Where other processes of this
 * clone write at the same time, one of them decides for all of them and writes one commit (`combine.ts`).
 * @throws CoordError `unavailable` when the state kept moving, and all that the store throws.
 */
export async function transact<R extends Request>(
  store: Store,
  request: R,
  effects: Effects,
): Promise<Answer<R['kind']>>;
export async function transact(store: Store, request: Request, effects: Effects): Promise<Answer> {
  await store.begin?.();
  try {
    const answer = await decideAndWrite(store, request, effects);
    if (answer.ok && MAKE_CLAIMS.includes(request.kind) && 'claims' in answer.result)
      effects.claimed(answer.result.claims);
    return answer;
  } finally {
    store.end?.();
  }
}

/** The requests that are answered with claims which the agent has from then on. */
const MAKE_CLAIMS: readonly Kind[] = ['claim', 'wait', 'take-over', 'accept', 'task-take'];

async function decideAndWrite(store: Store, request: Request, effects: Effects): Promise<Answer> {
  const first = await settle(store, [request], effects);
  const { queue } = store;
  // What writes nothing need not wait for anybody, nor does a writer that is alone.
  if (first.state === first.from.state || queue?.isIdle()) {
    if (await write(store, [request], first, effects.now())) return answerOf(first.decisions[0] as Decision);
  }
  const ticket = rowOf(request).combinable ? (queue?.enqueue(request) ?? null) : null;
  if (queue && ticket !== null) return decideQueued(store, queue, { request, ticket }, effects, first.from.revision);
  return store.exclusively(() => decideAlone(store, request, effects));
}
