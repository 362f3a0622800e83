import { withTokenBase } from '../../domain/claims/leases.js';
import type { NeededWork } from '../../domain/claims/work.js';
import { refusalEvent } from '../../domain/decide.js';
import { numberEvents } from '../../domain/events.js';
import type { Claim, State } from '../../domain/model.js';
import { stillStands } from '../../domain/request-ids.js';
import {
  type Answer,
  claimIn,
  type Decision,
  partsOf,
  questionOf,
  type Request,
  withAnswers,
  withWatched,
} from '../../domain/request-table.js';
import { afterRider, type Carrying, decideCarrying, type Rider, requestsIn } from '../../domain/riders.js';
import { coord } from '../../domain/suggestion.js';
import { plural } from '../../domain/text.js';
import type { Instant } from '../../domain/time.js';
import { CoordError } from '../../errors.js';
import { compactedAway } from './state-messages.js';
import type { Entry, Snapshot, Store } from './store.js';

/** What a transaction needs from the edge. */
export interface Effects {
  now(): Instant;
  /** For the key of each work, whether `head` has it; false also where this clone cannot tell. */
  hasWork(head: string | null, work: readonly NeededWork[]): Promise<Readonly<Record<string, boolean>>>;
  /** Takes note of what was granted to the one who asks, in the worktree that it works in. */
  claimed(claims: readonly Claim[]): void;
  /** For how many seconds this clone has watched each claim, by renewal. */
  watch(claims: readonly Claim[]): Readonly<Record<string, number>>;
  /** Resolves after about this many milliseconds. */
  pause(ms: number): Promise<void>;
  /** A number from 0 up to 1. */
  random(): number;
}

/** Requests that were decided one after the other, each on the state that the one before it left. */
export interface Decided {
  readonly from: Snapshot;
  /** The same object as that of `from` when nothing is to be written. */
  readonly state: State;
  /** One a request, in their order; null: that takes what only its own clone can tell. */
  readonly decisions: readonly (Decision | null)[];
}

/**
 * Decides requests on what is known here, after what this clone has granted by itself; where that would write nothing, once
 * more on what the arbiter knows: a write is checked by its swap, refusals and answers that write nothing are not.
 * @param foreign the operations of those that another clone asks, of which this one can tell neither what HEAD has nor what was watched
 */
export async function settle(
  store: Store,
  requests: readonly Request[],
  effects: Effects,
  foreign: ReadonlySet<string> = new Set(),
): Promise<Decided> {
  const [known, first] = await readFor(store, requests, foreign);
  const decided = await decideInOrder(known, first, effects, foreign);
  if (decided.state !== known.state) return decided;
  // Which delivers what is due: so it is the last to ask what goes along.
  const { revision } = await store.latest(partsOf(first.flatMap(requestsIn)));
  if (revision === known.revision) return decided;
  const [latest, then] = await readFor(store, requests, foreign);
  return decideInOrder(latest, then, effects, foreign);
}

/** The state with the parts that the requests are decided on, and they, the first of this clone with what goes along. */
async function readFor(
  store: Store,
  requests: readonly Request[],
  foreign: ReadonlySet<string>,
): Promise<[Snapshot, readonly Carrying[]]> {
  const along = (await store.along?.()) ?? [];
  const first = along.length === 0 ? undefined : requests.find(({ operation }) => !foreign.has(operation));
  const carrying = requests.map((one): Carrying => (one === first ? { ...one, along } : one));
  return [await store.read(partsOf(carrying.flatMap(requestsIn))), carrying];
}

async function decideInOrder(
  from: Snapshot,
  requests: readonly Carrying[],
  effects: Effects,
  foreign: ReadonlySet<string>,
): Promise<Decided> {
  const begun = withTokenBase(from.state, effects.now());
  let state = begun;
  const decisions: (Decision | null)[] = [];
  for (const request of requests) {
    const decision = foreign.has(request.operation)
      ? decideForAnother(state, request, effects)
      : await decideWithFacts(state, request, effects);
    if (decision?.ok) state = decision.state;
    decisions.push(decision);
  }
  if (state === begun) return { from, state: from.state, decisions };
  // Where no token was given, the claims stay as they are, and so does their file.
  const isGiven = state.lastToken !== begun.lastToken;
  return { from, state: isGiven ? state : { ...state, lastToken: from.state.lastToken }, decisions };
}

function decideForAnother(state: State, request: Request, effects: Effects): Decision | null {
  const now = effects.now();
  const isPlain = request.policy.watched === null && questionOf(state, request, now).work.length === 0;
  return isPlain ? decideCarrying(state, request, now) : null;
}

async function decideWithFacts(state: State, { along = [], ...own }: Carrying, effects: Effects): Promise<Decision> {
  const riders: Rider[] = [];
  let ridden = state;
  for (const rider of along) {
    const known = { ...rider, request: await withFacts(ridden, rider.request, effects) };
    riders.push(known);
    ridden = afterRider(ridden, known, effects.now());
  }
  const known = await withFacts(ridden, own as Request, effects);
  return decideCarrying(state, { ...known, along: riders }, effects.now());
}

/** The request with what only git, and the time that passed in this clone, can tell of it on this state. */
async function withFacts<R extends Request>(state: State, request: R, effects: Effects): Promise<R> {
  let known: Request = request.policy.watched === null ? request : withWatched(request, effects.watch(state.claims));
  const asked = new Set<string>();
  for (;;) {
    const question = questionOf(state, known, effects.now());
    const work = question.work.filter(({ key }) => !asked.has(key));
    if (work.length === 0) return known as R;
    for (const { key } of work) asked.add(key);
    known = withAnswers(known, await effects.hasWork(question.head, work));
  }
}

/**
 * Writes what was decided, in one commit.
 * @param announce see {@link Store.swap}
 * @returns false when another writer came first: then nothing of it holds, and all is to be decided again
 */
export async function write(
  store: Store,
  requests: readonly Request[],
  { from, state, decisions }: Decided,
  now: Instant,
  announce?: (revision: string) => void,
): Promise<boolean> {
  return state === from.state || store.swap(from, state, entryOf(requests, decisions, now), announce);
}

/** Puts a refusal on its way into the history: it rides with the next write of the clone that asked. */
export function recordRefusal(store: Store, request: Request, answer: Answer, now: Instant): void {
  const claim = answer.ok ? null : claimIn(request);
  // A request that makes no sense is nobody's refusal.
  if (claim && !answer.ok && answer.refusal.code !== 'usage') store.defer(refusalEvent(claim, answer.refusal, now));
}

/** Writes what was decided of one request, which may be looked for in the history from then on. */
export async function writeAlone(store: Store, request: Request, decided: Decided, now: Instant): Promise<boolean> {
  const { operations } = store;
  const answer = answerOf(decided.decisions[0] as Decision);
  if (decided.state !== decided.from.state) operations?.begin(request);
  const base = decided.from.revision;
  return write(store, [request], decided, now, (revision) => {
    operations?.announce(request.operation, { revision, base, answer });
  });
}

/** What came of an operation that was announced before. */
interface Outcome {
  readonly answer: Answer;
  /** Whether it can be given again. */
  readonly stands: boolean;
}

/**
 * The outcome of this operation, where something that was announced for it has been written; null: nothing has.
 * @param isTakenUp from another process: what this one has announced was refused, or is known to be written
 * @throws CoordError `unavailable` when a history that was compacted cannot tell
 */
export async function outcomeOf(
  store: Store,
  request: Request,
  now: Instant,
  isTakenUp = false,
): Promise<Outcome | null> {
  for (const { revision, base, answer } of store.operations?.announced(request.operation) ?? []) {
    const written = await store.eventsSince?.(revision, base);
    if (written === 'compacted' && isTakenUp) throw compactedAway();
    if (!written || written === 'compacted') continue;
    const { state } = await store.read();
    return { answer, stands: stillStands(state, request, answer, written, now) };
  }
  return null;
}

/** One commit for all that was granted: its subject a sentence, its events in the order of the requests. */
function entryOf(requests: readonly Request[], decisions: readonly (Decision | null)[], at: Instant): Entry {
  const granted = requests.flatMap((request, index) => {
    const decision = decisions[index];
    return decision?.ok ? [{ request, decision }] : [];
  });
  const summaries = granted.map(({ decision }) => decision.summary);
  return {
    operation: granted[0]?.request.operation ?? '',
    others: granted.slice(1).map(({ request }) => request.operation),
    agent: granted[0]?.request.agent ?? '',
    at,
    summary:
      summaries.length === 1 ? (summaries[0] ?? '') : `${plural(summaries.length, 'request')}: ${summaries.join('; ')}`,
    events: granted.flatMap(({ request, decision }) => numberEvents(request.operation, decision.events)),
  };
}

/** A writer that lost so many races gives up. */
export const ATTEMPTS = 200;
const LONGEST_PAUSE_MS = 100;

/**
 * Decides and writes until no other writer comes first.
 * @param since the revision from which on somebody else may have written this very request; absent: nobody can have
 */
export async function decideAlone(store: Store, request: Request, effects: Effects, since?: string): Promise<Answer> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const earlier = attempt === 0 ? null : await outcomeOf(store, request, effects.now());
    if (earlier) return earlier.answer;
    const decided = await settle(store, [request], effects);
    if (since !== undefined && (await store.isPerformed?.(request.operation, since))) throw answerLost();
    if (await writeAlone(store, request, decided, effects.now())) return answerOf(decided.decisions[0] as Decision);
    await giveWay(store, effects, attempt);
  }
  throw movedTooOften();
}

/** Waits before the next attempt, for a random time that grows. */
export async function giveWay(store: Store, effects: Effects, attempt: number): Promise<void> {
  if (!store.paced) await effects.pause(effects.random() * Math.min(2 ** attempt, LONGEST_PAUSE_MS));
}

export function answerOf(decision: Decision): Answer {
  if (!decision.ok) return decision;
  const { ok, result, summary, rode } = decision;
  return rode === undefined ? { ok, result, summary } : { ok, result, summary, rode };
}

export function movedTooOften(): CoordError {
  return new CoordError('unavailable', `the coordination state moved ${ATTEMPTS} times before this could be written`, {
    hint: 'nothing was changed; repeat the command',
  });
}

function answerLost(): CoordError {
  return new CoordError('unavailable', 'this was done, but its answer was lost: the queue of this clone was deleted', {
    hint: `${coord('status')} shows what you hold`,
  });
}
