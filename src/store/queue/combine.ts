import { earlierAnswer } from '../../domain/request-ids.js';
import type { Answer, Decision, Request } from '../../domain/request-table.js';
import { epochMs, type Instant } from '../../domain/time.js';
import { CoordError } from '../../errors.js';
import type { Announced } from '../cache/operations.js';
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
import type { Store } from '../swap/store.js';
import type { RequestQueue, Taken } from './request-queue.js';

/** A holder of the lock that takes longer does not keep the others waiting: the swap decides. */
const PATIENCE_MS = 5_000;
/** So many requests at most are decided together. */
const MOST_TOGETHER = 64;

/**
 * Group commit: the request has joined the queue of this clone, and the process that gets the lock decides all that wait, in
 * their order, on one state, and writes one commit. So while one process writes, the next ones gather, and none of them polls: each
 * waits for its answer, or for the lock to combine. (The technique is that of write-ahead logs: see DeWitt et al.,
 * "Implementation techniques for main memory database systems", 1984, section 5.2.)
 *
 * What makes it right is not the lock. A request is taken by a rename, which one combiner alone can do. Before a combiner
 * writes, it announces the revision beside each request; a process that takes a request over looks first whether what was
 * announced is in the history. And of two writers only one can follow a revision, so that the other finds out.
 * @param since a revision from before the request could be written
 * @throws CoordError `unavailable` when the state kept moving, and all that the store throws.
 */
export async function decideQueued(
  store: Store,
  queue: RequestQueue,
  { request, ticket }: Taken,
  effects: Effects,
  since: string,
): Promise<Answer> {
  const listening = queue.listen(ticket);
  const patience = new Patience(effects);
  try {
    for (;;) {
      const answer = queue.answerOf(ticket);
      if (answer) return answer;
      const standing = queue.standing(ticket);
      // Somebody deleted the queue, and the answer with it, if there was one.
      if (standing === 'gone') return await decideAlone(store, request, effects, since);
      const release = await lockFor(queue, ticket, standing, patience.isOver(`${standing} ${queue.lockHolder()}`));
      if (release) await new Combiner(store, queue, effects, request.operation).run(release);
      else await listening.changed();
    }
  } finally {
    listening.close();
    queue.clear(ticket);
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

/**
 * The lock, or where one holder has had it for too long, what stands for it; null while another decides. A request that
 * a combiner has taken is its business, until it is out of patience with it too: then it was killed, or is stopped.
 */
async function lockFor(
  queue: RequestQueue,
  ticket: string,
  standing: 'waits' | 'taken',
  impatient: boolean,
): Promise<(() => Promise<void>) | null> {
  if (!impatient && (standing === 'taken' || queue.lockHolder() !== null)) return null;
  const release = await queue.tryLock();
  if (release === null && !impatient) return null;
  if (standing === 'taken') queue.takeBack(ticket);
  return release ?? (async () => undefined);
}

/** Decides once for all that wait. */
class Combiner {
  /** What is not decided yet. */
  private left: readonly Taken[];
  private readonly answers: (() => void)[] = [];

  constructor(
    private readonly store: Store,
    private readonly queue: RequestQueue,
    private readonly effects: Effects,
    /** Unlike that of any other combiner. */
    private readonly id: string,
  ) {
    this.left = queue.take(id, MOST_TOGETHER);
  }

  /** Decides all that waited, and answers before the lock is given back: who was taken is not taken for forgotten. */
  async run(release: () => Promise<void>): Promise<void> {
    try {
      await this.decideAll();
    } catch (error) {
      if (!(error instanceof CoordError)) throw error;
      for (const { ticket } of this.left) this.answers.push(() => this.queue.answer(ticket, { error }));
    } finally {
      for (const answer of this.answers) answer();
      await release();
      this.queue.nudge();
    }
  }

  private async decideAll(): Promise<void> {
    const { store, queue, effects } = this;
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      await this.setAside();
      if (this.left.length === 0) return;
      const requests = this.left.map(({ request }) => request);
      const decided = await settle(store, requests, effects);
      if (await write(store, requests, decided, effects.now(), (revision) => this.announceAll(decided, revision))) {
        for (const [index, { ticket }] of this.left.entries()) {
          this.answers.push(() => queue.answer(ticket, said(decided, index)));
        }
        return;
      }
      await giveWay(store, effects, attempt);
    }
    throw movedTooOften();
  }

  /** Leaves what was taken back to others, and what somebody has written as it is. */
  private async setAside(): Promise<void> {
    const left: Taken[] = [];
    for (const one of this.left) {
      if (!this.queue.isTaken(one.ticket, this.id)) continue;
      const written = await this.written(one.ticket);
      if (written) this.answers.push(() => this.queue.answer(one.ticket, written));
      else left.push(one);
    }
    this.left = left;
  }

  private announceAll(decided: Decided, revision: string): void {
    for (const [index, { ticket, request }] of this.left.entries()) {
      const announced = { revision, base: decided.from.revision, ...said(decided, index) };
      this.queue.announce(ticket, this.id, announced);
      this.store.operations?.announce(request.operation, announced);
    }
  }

  /** What somebody announced for a request, and then wrote. */
  private async written(ticket: string): Promise<Announced | null> {
    for (const announced of this.queue.announced(ticket)) {
      const written = await this.store.eventsSince?.(announced.revision, announced.base);
      if (written && written !== 'compacted') return announced;
    }
    return null;
  }
}

function said({ decisions }: Decided, index: number): { readonly answer: Answer } {
  return { answer: answerOf(decisions[index] as Decision) };
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
