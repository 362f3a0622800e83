import { type Answer, type Decision, type Kind, type Request, rowOf } from '../../domain/request-table.js';
import { CoordError } from '../../errors.js';
import { decideTogether } from '../queue/combine.js';
import { answerOf, decideAlone, type Effects, outcomeOf, recordRefusal, settle } from './deciding.js';
import { type Store, UNKNOWN_OUTCOME } from './store.js';

export type { Effects } from './deciding.js';

/**
 * Decides a request on the current state and writes the decision by compare-and-swap. A lost race decides again on
 * fresh state; an old decision is never applied. A refusal takes no lock and writes nothing. Where other processes of this
 * clone write at the same time, one of them decides for all of them and writes one commit (`combine.ts`). A request whose
 * answer an earlier process did not get gets that one, if it was written; else it is decided, as the same operation.
 * What this clone has granted by itself goes along, in the same commit.
 * @throws CoordError `unavailable` when the state kept moving, and all that the store throws.
 */
export async function transact<R extends Request>(
  store: Store,
  request: R,
  effects: Effects,
): Promise<Answer<R['kind']>>;
export async function transact(store: Store, request: Request, effects: Effects): Promise<Answer> {
  const answer = (await takeUp(store, request, effects)) ?? (await asOperation(store, request, effects, true));
  if (answer.ok && answer.rode) await store.rode?.(answer.rode);
  if (answer.ok && MAKE_CLAIMS.includes(request.kind) && 'claims' in answer.result)
    effects.claimed(answer.result.claims);
  recordRefusal(store, request, answer, effects.now());
  return answer;
}

/** The requests that are answered with claims which the agent has from then on. */
const MAKE_CLAIMS: readonly Kind[] = ['claim', 'wait', 'take-over', 'accept', 'task-take'];

/** Goes on with the operation of the same request that was left without an outcome; null: there is none. */
async function takeUp(store: Store, request: Request, effects: Effects): Promise<Answer | null> {
  const { operations } = store;
  const operation = operations?.takeUp(request) ?? null;
  if (operation === null) return null;
  const same = { ...request, operation };
  const outcome = await store
    .latest()
    .then(() => outcomeOf(store, same, effects.now(), true))
    .catch((error: unknown) => {
      operations?.leave(operation);
      throw error;
    });
  // What was announced and is not there may still come, so that a failure of this try settles nothing.
  if (outcome === null) return asOperation(store, same, effects, false);
  operations?.end(operation);
  return outcome.stands ? outcome.answer : null;
}

/**
 * Decides and writes as one operation, which is kept for whoever repeats the request where its outcome is not learnt.
 * @param isFirst nothing was announced for it before
 */
async function asOperation(store: Store, request: Request, effects: Effects, isFirst: boolean): Promise<Answer> {
  const { operations } = store;
  try {
    const answer = await decideAndWrite(store, request, effects);
    operations?.end(request.operation);
    return answer;
  } catch (error) {
    const isKnown = isFirst && error instanceof CoordError && error.details.reason !== UNKNOWN_OUTCOME;
    if (isKnown) operations?.end(request.operation);
    else operations?.leave(request.operation);
    throw error;
  }
}

async function decideAndWrite(store: Store, request: Request, effects: Effects): Promise<Answer> {
  const queue = rowOf(request).combinable ? await store.queue?.() : undefined;
  if (queue) return decideTogether(store, queue, request, effects);
  const first = await settle(store, [request], effects);
  // What writes nothing need not wait for anybody.
  if (first.state === first.from.state) return answerOf(first.decisions[0] as Decision);
  store.operations?.begin(request);
  return store.exclusively(() => decideAlone(store, request, effects));
}
