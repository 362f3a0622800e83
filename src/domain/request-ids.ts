import { isLive } from './claims/leases.js';
import type { CoordEvent } from './events.js';
import type { AnsweredRequest, Claim, State } from './model.js';
import type { Granted } from './request.js';
import { type Answer, askedOf, type Decision, type Request } from './request-table.js';
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

/**
 * Whether an answer that was lost may still be given: what it tells of is so, and its agent has done nothing since that
 * would make the same words a new request, such as to claim again what it had released.
 * @param events of the commit that wrote it, and of those after it
 */
export function stillStands(
  state: State,
  request: Request,
  answer: Answer,
  events: { readonly own: readonly CoordEvent[]; readonly later: readonly CoordEvent[] },
  now: Instant,
): boolean {
  const { agent, operation } = request;
  const own = events.own.filter(({ id, type }) => id.startsWith(`${operation}.`) && type !== 'task.added');
  const subjects = new Set(own.flatMap(subjectsOf));
  const isAboutAll = 'targets' in request && request.targets === null;
  const hasGoneOn = events.later.some((event) => {
    if (event.agent !== agent || event.type === 'claim.renewed') return false;
    return subjectsOf(event).some((subject) => isAboutAll || subjects.has(subject));
  });
  const claims = answer.ok && 'claims' in answer.result ? (answer.result.claims as readonly Claim[]) : [];
  const isHeld = ({ id, token }: Claim) =>
    state.claims.some((claim) => claim.id === id && claim.token === token && isLive(claim, now));
  return !hasGoneOn && claims.every(isHeld);
}

/** The claimed target, or the task, that an event tells of. */
function subjectsOf({ type, target, task }: CoordEvent): string[] {
  if (type.startsWith('claim.') && typeof target === 'string') return [`claim ${target}`];
  return type.startsWith('task.') && typeof task === 'string' ? [`task ${task}`] : [];
}
