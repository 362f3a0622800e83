import type { AnsweredRequest, State } from './model.js';
import type { Granted } from './request.js';
import { askedOf, type Decision, type Request } from './request-table.js';
import { fingerprint } from './text.js';
import { type Instant, secondsBetween } from './time.js';

/** How long the answer to a request id can be had again. */
const KEPT_SECONDS = 86_400;
const MOST_KEPT = 500;
/** All answers together, in characters of JSON: what each write with a request id costs at most. */
const MOST_CHARACTERS = 256 * 1024;
const LONGEST_ID = 128;

/** 1 to 128 printable characters, spaces among them but not alone. */
export function isRequestId(text: string): boolean {
  return text.trim() !== '' && [...text].length <= LONGEST_ID && !/[\p{C}\p{Zl}\p{Zp}]/u.test(text);
}

/**
 * The answer that was given to this request id before, whatever has happened since; a refusal when it was given to
 * another request; null when the id is new, or there is none.
 */
export function earlierAnswer<R extends Request>(state: State, request: R, now: Instant): Decision<R['kind']> | null;
export function earlierAnswer(state: State, request: Request, now: Instant): Decision | null {
  const id = request.requestId ?? null;
  if (id === null) return null;
  const known = state.requests.find((answered) => answered.id === id && isKept(answered, now));
  if (!known) return null;
  const { agent, kind, at, answer } = known;
  if (known.fingerprint !== fingerprintOf(request)) {
    return { ok: false, refusal: { code: 'usage', reason: 'request-id', id, agent, kind, at } };
  }
  const result = answer as unknown as Granted<never>['result'];
  return { ok: true, state, events: [], result, summary: `answer of ${id} again` };
}

/** Adds the answer to the new state, in the very write that has the effect; a place in the queue is no answer yet. */
export function withAnswer(decision: Decision, request: Request, now: Instant): Decision {
  const id = request.requestId ?? null;
  if (id === null || !decision.ok || ('status' in decision.result && decision.result.status === 'waiting')) {
    return decision;
  }
  const { agent, kind } = request;
  const answer = decision.result as unknown as AnsweredRequest['answer'];
  const answered: AnsweredRequest = { id, agent, kind, fingerprint: fingerprintOf(request), at: now, answer };
  return { ...decision, state: { ...decision.state, requests: bounded([...decision.state.requests, answered], now) } };
}

function isKept({ at }: AnsweredRequest, now: Instant): boolean {
  return secondsBetween(at, now) < KEPT_SECONDS;
}

/** The newest answers that fit the bounds; the newest of all is always kept. */
function bounded(answers: readonly AnsweredRequest[], now: Instant): AnsweredRequest[] {
  const newest = answers.filter((answered) => isKept(answered, now)).slice(-MOST_KEPT);
  let characters = 0;
  const room = newest.findLastIndex((answered) => {
    characters += JSON.stringify(answered.answer).length;
    return characters > MOST_CHARACTERS;
  });
  return newest.slice(Math.min(room + 1, newest.length - 1));
}

function fingerprintOf(request: Request): string {
  return fingerprint(askedOf(request));
}
