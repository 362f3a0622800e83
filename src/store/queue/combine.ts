import { earlierAnswer } from '../../domain/request-ids.js';
import { type Answer, type Decision, type Request, rowOf } from '../../domain/request-table.js';
import { epochMs, type Instant } from '../../domain/time.js';
import { CoordError } from '../../errors.js';
import {
  ATTEMPTS,
  answerOf,
  type Decided,
  decideAlone,
  type Effects,
  giveWay,
  movedTooOften,
  settle,
  write,
} from '../swap/deciding.js';
import { type Store, UNKNOWN_OUTCOME } from '../swap/store.js';
import type { Release } from './local-lock.js';
import type { Asked, Batch, RequestQueue, Said, Standing } from './request-queue.js';

/** A holder of the lock that takes longer does not keep the others waiting: the swap decides. */
const PATIENCE_MS = 5_000;
/** So many requests at most are decided together. */
const MOST_TOGETHER = 64;
/** For so long a process that has its own answer goes on for the others: what it takes to write is loaded already. */
const FOR_OTHERS_MS = 150;

/**
 * Group commit: the process that gets the lock decides its request and all that wait, in their order, on one state, and
 * writes one commit; between clones, it makes one push. So while one process writes, the next ones gather, and none of them
 * polls: each waits for its answer, or for the lock to combine. (The technique is that of write-ahead logs: see DeWitt et al.,
 * "Implementation techniques for main memory database systems", 1984, section 5.2.)
 *
 * What makes it right is not the lock. A request is taken by a rename, which one combiner alone can do. Before a combiner
 * writes, it announces the revision, with all answers; a process that takes a request over looks first whether what was
 * announced is in the history. And of two writers only one can follow a revision, so that the other finds out.
 * @throws CoordError `unavailable` when the state kept moving, and all that the store throws.
 */
export async function decideTogether(
  store: Store,
  queue: RequestQueue,
  request: Request,
  effects: Effects,
): Promise<Answer> {
  const since = (await store.tip?.()) ?? null;
  if (since === null || queue.lockHolder() === null) {
    await store.hear?.(queue.tip());
    const first = await settle(store, [request], effects);
    // What writes nothing need not wait for anybody.
    if (first.state === first.from.state) return answerOf(first.decisions[0] as Decision);
    const release = queue.tryLock();
    if (release) return new Combiner(store, queue, effects, request.operation).lead(request, first, release);
  }
  // What this clone has granted by itself goes along with what it writes itself.
  if (queue.isShared && ((await store.along?.()) ?? []).length > 0) {
    const release = await queue.waitForLock(effects);
    return new Combiner(store, queue, effects, request.operation).lead(request, null, release);
  }
  store.operations?.begin(request);
  const ticket = queue.enqueue(request);
  if (ticket === null) return store.exclusively(() => decideAlone(store, request, effects));
  try {
    const said = await answerFor(store, queue, ticket, request, effects);
    if (said !== null && 'answer' in said) {
      await store.follow?.(said.standing);
      return said.answer;
    }
  } finally {
    queue.clear(ticket);
  }
  return store.exclusively(() => decideAlone(store, request, effects, since ?? undefined));
}

/** What a combiner says, this process itself if need be; null: somebody deleted the queue, and the answer with it, if there was one. */
async function answerFor(
  store: Store,
  queue: RequestQueue,
  ticket: string,
  request: Request,
  effects: Effects,
): Promise<Exclude<Said, { error: CoordError }> | null> {
  const listening = queue.listen(ticket);
  const patience = new Patience(effects);
  try {
    for (;;) {
      const standing = queue.standing(ticket);
      // It is answered before it is gone.
      const said = queue.answerOf(ticket);
      if (said !== null || standing === 'gone') return said;
      const holder = queue.lockHolder();
      const impatient = patience.isOver(`${standing} ${holder}`);
      const release = impatient || (standing !== 'taken' && holder === null) ? queue.tryLock() : null;
      if (release === null && !impatient) {
        await listening.changed();
        continue;
      }
      if (standing !== 'waits') queue.takeBack(ticket);
      await new Combiner(store, queue, effects, request.operation).lead(null, null, release ?? (() => undefined));
    }
  } finally {
    listening.close();
  }
}

/** How long one and the same thing has been waited for. */
class Patience {
  private cause: string | null = null;
  private sinceMs = 0;

  constructor(private readonly effects: Effects) {}

  isOver(cause: string): boolean {
    const nowMs = epochMs(this.effects.now());
    if (cause !== this.cause) {
      this.cause = cause;
      this.sinceMs = nowMs;
    }
    return Math.abs(nowMs - this.sinceMs) > PATIENCE_MS;
  }
}

/** One that is decided here, by its ticket; null: that of this very process, which has none. */
interface Open extends Asked {
  readonly ticket: string | null;
}

/** Decides for all that wait, until they are none or it has done enough for others. */
class Combiner {
  /** What is not decided yet. */
  private left: readonly Open[] = [];
  private readonly said: [Open, Said][] = [];
  private announced = false;
  /** Whether somebody could not be told: who takes the request back looks for what was announced. */
  private isFull = false;
  /** Unlike that of any other combiner. */
  private readonly id: string;

  constructor(
    private readonly store: Store,
    private readonly queue: RequestQueue,
    private readonly effects: Effects,
    operation: string,
  ) {
    this.id = queue.nameOf(operation);
  }

  /**
   * Decides all that wait, and answers before the lock is given back: who was taken is not taken for forgotten.
   * @param own decided with them, without a ticket
   * @param first what was decided of it alone
   */
  async lead(own: Request, first: Decided | null, release: Release): Promise<Answer>;
  async lead(own: null, first: null, release: Release): Promise<null>;
  async lead(own: Request | null, first: Decided | null, release: Release): Promise<Answer | null> {
    const { queue, effects } = this;
    const begun = epochMs(effects.now());
    let asked: Open[] = own === null ? [] : [{ ticket: null, request: own, clone: queue.clone }];
    let answer: Answer | null = null;
    try {
      do {
        this.left = [...queue.take(this.id, MOST_TOGETHER), ...asked];
        if (this.left.length === 0) break;
        await this.decideAll(this.left.length === 1 && asked.length === 1 ? first : null).catch((error: unknown) => {
          for (const one of this.left) this.said.push([one, whyNot(one, error, queue.clone)]);
        });
        asked = [];
        answer = this.tell() ?? answer;
      } while (!this.isFull && epochMs(effects.now()) - begun < FOR_OTHERS_MS && queue.hasWaiting());
      return answer;
    } finally {
      if (this.announced && !this.isFull) queue.forget(this.id);
      release();
      queue.nudge();
    }
  }

  /** Tells everybody what came of it. @returns the answer of this very process, if there is one */
  private tell(): Answer | null {
    const said = this.said.splice(0);
    for (const [{ ticket }, one] of said) {
      if (ticket !== null && !this.queue.answer(ticket, one)) this.isFull = true;
    }
    const [, own] = said.find(([{ ticket }]) => ticket === null) ?? [];
    if (own && 'error' in own) throw own.error;
    return own && 'answer' in own ? own.answer : null;
  }

  private async decideAll(first: Decided | null): Promise<void> {
    const { store, queue, effects } = this;
    if (first === null) await store.hear?.(queue.tip());
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      await this.setAside(attempt);
      if (this.left.length === 0) return;
      const { left } = this;
      const requests = left.map(({ request }) => request);
      const foreign = new Set(
        left.filter(({ clone }) => clone !== queue.clone).map(({ request }) => request.operation),
      );
      const decided = attempt === 0 && first !== null ? first : await settle(store, requests, effects, foreign);
      let { revision } = decided.from;
      const written = await write(store, requests, decided, effects.now(), (next) => {
        revision = next;
        this.announceAll(decided, next);
      });
      if (written) {
        const standing = { revision, clone: queue.clone };
        if (queue.isShared && revision !== decided.from.revision) queue.recordTip(standing);
        for (const [index, one] of left.entries()) this.said.push([one, saidOf(decided, index, standing)]);
        return;
      }
      await giveWay(store, effects, attempt);
    }
    throw movedTooOften();
  }

  /** Leaves what was taken back to others, and what somebody has written as it is. */
  private async setAside(attempt: number): Promise<void> {
    const left: Open[] = [];
    const announced = this.queue.announced();
    for (const one of this.left) {
      if (one.ticket !== null && !this.queue.isTaken(one.ticket, this.id)) continue;
      // Nobody else can have decided what this process alone knows of, before it has tried to.
      const written = one.ticket === null && attempt === 0 ? null : await this.written(one, announced);
      if (written) this.said.push([one, written]);
      else left.push(one);
    }
    this.left = left;
  }

  private announceAll({ from, decisions }: Decided, revision: string): void {
    const { store, queue } = this;
    const base = from.revision;
    const answers: Record<string, Answer> = {};
    for (const [index, { ticket, request, clone }] of this.left.entries()) {
      const decision = decisions[index];
      if (!decision) continue;
      const answer = answerOf(decision);
      answers[request.operation] = answer;
      if (ticket === null) store.operations?.begin(request);
      if (rowOf(request).repeatable !== true)
        store.operations?.of(clone).announce(request.operation, { revision, base, answer });
    }
    // What one process alone waits for, nobody takes over.
    if (this.left.every(({ ticket }) => ticket === null)) return;
    this.announced = true;
    queue.announce(this.id, { revision, base, clone: queue.clone, answers });
  }

  /** What somebody announced for a request, and then wrote. */
  private async written({ request, clone }: Open, batches: readonly Batch[]): Promise<Said | null> {
    const { store, queue } = this;
    const found = batches.flatMap(({ answers, ...batch }) => {
      const answer = answers[request.operation];
      return answer ? [{ ...batch, answer }] : [];
    });
    const noted = rowOf(request).repeatable ? [] : (store.operations?.of(clone).announced(request.operation) ?? []);
    for (const one of [...found, ...noted.map((announced) => ({ clone: queue.clone, ...announced }))]) {
      const written = await store.eventsSince?.(one.revision, one.base);
      if (written && written !== 'compacted') return { answer: one.answer, standing: one };
    }
    return null;
  }
}

function saidOf({ decisions }: Decided, index: number, standing: Standing): Said {
  const decision = decisions[index];
  return decision ? { answer: answerOf(decision), standing } : { alone: true };
}

/** What one is told that was not decided. What is wrong with this clone is another's business only where it may have been written. */
function whyNot({ clone }: Open, error: unknown, here: string): Said {
  if (!(error instanceof CoordError)) throw error;
  return clone === here || error.details.reason === UNKNOWN_OUTCOME ? { error } : { alone: true };
}

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
