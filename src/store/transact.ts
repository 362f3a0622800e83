import { questionOf, withAnswers } from '../domain/causal.js';
import { decide } from '../domain/decide.js';
import { numberEvents } from '../domain/events.js';
import type { Claim, State } from '../domain/model.js';
import { withWatched } from '../domain/observed.js';
import { claimIn, refusalEvent } from '../domain/refusal-event.js';
import type { Decision, Granted, Refused, Request } from '../domain/request.js';
import type { Instant } from '../domain/time.js';
import { CoordError } from '../errors.js';
import type { Part, Snapshot, Store } from './store.js';

/** What a transaction needs from the edge. */
export interface Surroundings {
  now(): Instant;
  /** For each commit, whether `head` contains it; false also where this clone cannot tell. */
  containment(head: string | null, commits: readonly string[]): Promise<Readonly<Record<string, boolean>>>;
  /** For how many seconds this clone has watched each claim, by renewal. */
  watch(claims: readonly Claim[]): Readonly<Record<string, number>>;
  /** Resolves after about this many milliseconds. */
  pause(ms: number): Promise<void>;
  /** A number from 0 up to 1. */
  random(): number;
}

const ATTEMPTS = 200;
const LONGEST_PAUSE_MS = 100;

/**
 * Decides a request on the current state and writes the decision by compare-and-swap. A lost race decides again on
 * fresh state; an old decision is never applied. A refusal takes no lock and writes nothing.
 * @throws CoordError `unavailable` when the state kept moving, and all that the store throws.
 */
export async function transact<R extends Request>(
  store: Store,
  request: R,
  around: Surroundings,
): Promise<Decision<R['kind']>> {
  await store.begin?.();
  const parts = partsOf(request);
  const first = await settle(store, request, around, parts, await store.read(parts));
  if (!first.decision.ok) return refuse(store, request, first.decision, around.now());
  if (first.decision.state === first.snapshot.state) return first.decision;
  return store.exclusively(async () => {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const { snapshot, decision } = await settle(store, request, around, parts, await store.read(parts));
      if (!decision.ok) return refuse(store, request, decision, around.now());
      if (await write(store, request, snapshot, decision, around.now())) return decision;
      if (!store.paced) await around.pause(around.random() * Math.min(2 ** attempt, LONGEST_PAUSE_MS));
    }
    throw new CoordError('unavailable', `the coordination state moved ${ATTEMPTS} times before this could be written`, {
      hint: 'nothing was changed; repeat the command',
    });
  });
}

/** The parts of the state that a request decides on or writes. */
function partsOf(request: Request): readonly Part[] {
  const own = ownPartsOf(request);
  return (request.requestId ?? null) === null ? own : [...own, 'requests'];
}

function ownPartsOf(request: Request): readonly Part[] {
  switch (request.kind) {
    case 'note':
      return ['log'];
    case 'handoff':
      return request.note === null ? [] : ['log'];
    case 'once-begin':
    case 'once-finish':
    case 'once-forget':
      return ['onces'];
    case 'submit':
    case 'integrate':
    case 'drop-submission':
      return ['log', 'submissions'];
    case 'deploy-block':
    case 'deploy-begin':
    case 'deploy-start':
    case 'deploy-finish':
      return ['deployments'];
    default:
      return [];
  }
}

interface Settled<K extends Request['kind']> {
  readonly snapshot: Snapshot;
  readonly decision: Decision<K>;
}

/** Decides on what is known here, and before it refuses or has nothing to write, once more on what the arbiter knows. */
async function settle<R extends Request>(
  store: Store,
  request: R,
  around: Surroundings,
  parts: readonly Part[],
  known: Snapshot,
): Promise<Settled<R['kind']>> {
  const decision = await decideWithFacts(known.state, request, around);
  // A write is checked by its swap; an answer that writes nothing is not.
  if (decision.ok && decision.state !== known.state) return { snapshot: known, decision };
  const latest = await store.latest(parts);
  if (latest.revision === known.revision) return { snapshot: known, decision };
  return { snapshot: latest, decision: await decideWithFacts(latest.state, request, around) };
}

async function decideWithFacts<R extends Request>(
  state: State,
  request: R,
  around: Surroundings,
): Promise<Decision<R['kind']>> {
  const watching = request.policy.watched === null ? request : withWatched(request, around.watch(state.claims));
  const { head, commits } = questionOf(state, watching, around.now());
  if (commits.length === 0) return decide(state, watching, around.now());
  return decide(state, withAnswers(watching, await around.containment(head, commits)), around.now());
}

async function write(
  store: Store,
  request: Request,
  snapshot: Snapshot,
  decision: Granted<unknown>,
  now: Instant,
): Promise<boolean> {
  if (decision.state === snapshot.state) return true;
  return store.swap(snapshot, decision.state, {
    operation: request.operation,
    agent: request.agent,
    at: now,
    summary: decision.summary,
    events: numberEvents(request.operation, decision.events),
  });
}

function refuse(store: Store, request: Request, refused: Refused, now: Instant): Refused {
  const claim = claimIn(request);
  // A request that makes no sense is nobody's refusal.
  if (claim && refused.refusal.code !== 'usage') store.defer(refusalEvent(claim, refused.refusal, now));
  return refused;
}
