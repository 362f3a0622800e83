import type { ClaimRequest } from '../../domain/claims/claim.js';
import type { Claim, Waiter } from '../../domain/model.js';
import type { Conflict, Refusal } from '../../domain/refusal.js';
import type { Policy, RequestBase } from '../../domain/request.js';
import { coord, targetWords } from '../../domain/suggestion.js';
import { addSeconds, epochMs, type Instant, secondsBetween } from '../../domain/time.js';
import type { LeaveQueueRequest, WaitRequest } from '../../domain/waiting/wait.js';
import type { CoordError } from '../../errors.js';
import { gaveUpError, suspectedLine, waitingLine } from '../../render/claims.js';
import { type AskedBy, refusalError } from '../../render/refusals.js';
import { REMOTE_POLL_MS } from '../../store/queue/watch.js';
import type { GitStore } from '../../store/swap/git-store.js';
import { transact } from '../../store/swap/transact.js';
import type { Context } from '../../workspace/context.js';
import { placed } from '../claims/whereabouts.js';
import { listening } from '../watch.js';

/** A ticket whose process died stands in the queue no longer than this. */
const TICKET_SECONDS = 20;
const LONGEST_SLEEP_MS = 5_000;

interface WaitPlan {
  readonly seconds: number;
  /** Wait until the ground is free, and claim nothing. */
  readonly passive: boolean;
  /** How the claim was asked for, where not by `coord claim`. */
  readonly again?: AskedBy;
}

/** An answer that is not the last: whom to wait for, and the place in the queue where there is one. */
export class StillWaiting {
  constructor(
    readonly conflicts: readonly Conflict[],
    readonly ticket: Pick<Waiter, 'expiresAt'> | null = null,
  ) {}
}

/**
 * Asks until there is a last answer: woken by changes of the state, not by polling.
 * @param giveUp what it ends with when the time is over, or the process is asked to stop
 */
export function askInTime<T>(
  context: Context,
  store: GitStore,
  { seconds, policy }: { readonly seconds: number; readonly policy: Policy },
  ask: () => Promise<T | StillWaiting>,
  giveUp: (why: 'timeout' | 'interrupted', waitedSeconds: number, conflicts: readonly Conflict[]) => Promise<T>,
): Promise<T> {
  const startedAt = context.now();
  const deadline = addSeconds(startedAt, seconds);
  return listening(context, async (wakeup) => {
    for (;;) {
      wakeup.reset();
      const answer = await ask();
      if (!(answer instanceof StillWaiting)) return answer;
      const now = context.now();
      const why = wakeup.stopped ? 'interrupted' : now >= deadline ? 'timeout' : null;
      if (why !== null) return giveUp(why, Math.floor(secondsBetween(startedAt, now)), answer.conflicts);
      await wakeup.wait(sleepMs(store, policy, deadline, answer, now));
    }
  });
}

/**
 * Queues for the targets until it is this agent's turn; leaves the queue when it gives up or is interrupted.
 * @returns the claims (none for a passive wait), or the refusal or timeout as an error.
 */
export async function waitForTurn(
  context: Context,
  store: GitStore,
  claim: ClaimRequest,
  { seconds, passive, again }: WaitPlan,
): Promise<readonly Claim[] | CoordError> {
  const { agent, session, policy, requestId = null } = claim;
  let ticket: Waiter | null = null;
  const request = (): WaitRequest => ({
    ...{ kind: 'wait', operation: context.newId(), agent, session, policy, requestId, passive },
    claim: { ...claim, ticket: ticket?.id ?? null },
    ticketSeconds: ticketSeconds(store, policy),
  });
  const ask = async () => {
    const decision = await transact(store, request(), context.effects);
    if (!decision.ok) {
      await leaveQueue(context, store, claim, ticket, decision.refusal.reason === 'behind' ? 'behind' : 'refused');
      return refusedClaim(context, decision.refusal, again);
    }
    if (decision.result.status === 'granted') return decision.result.claims;
    const { conflicts } = decision.result;
    const now = context.now();
    const place = decision.result.ticket;
    if (!ticket) context.tell(waitingLine(place, conflicts, now));
    if (place.suspected && !ticket?.suspected) {
      const holders = conflicts.map(({ agent: other }) => other);
      context.tell(suspectedLine(place, [...new Set(holders)], agent, now));
    }
    ticket = place;
    return new StillWaiting(conflicts, ticket);
  };
  return askInTime(context, store, { seconds, policy }, ask, async (why, waitedSeconds, conflicts) => {
    await leaveQueue(context, store, claim, ticket, why);
    const targets = claim.targets.map(({ target }) => target);
    const { verb, tail, targets: named = true } = again ?? { verb: passive ? 'status' : 'claim', tail: '' };
    const repeat = coord(`${verb}${named ? ` ${targetWords(targets)}` : ''} --wait${tail}`);
    return gaveUpError(why, waitedSeconds, repeat, targets, conflicts);
  });
}

/** How long a place in the queue lives, unless its process refreshes it. */
export function ticketSeconds(store: GitStore, { skewSeconds }: Policy): number {
  return TICKET_SECONDS + (store.reach === 'remote' ? skewSeconds : 0);
}

/** Gives a place in the queue up, where there is one. */
export async function leaveQueue(
  context: Context,
  store: GitStore,
  { agent, session, policy }: Pick<RequestBase, 'agent' | 'session' | 'policy'>,
  ticket: { readonly id: string } | null,
  outcome: LeaveQueueRequest['outcome'],
): Promise<void> {
  if (ticket === null) return;
  const operation = context.newId();
  const request = { kind: 'leave-queue' as const, operation, agent, session, policy, ticket: ticket.id, outcome };
  await transact(store, request, context.effects);
}

/** Milliseconds until something is due: the ticket's refresh, a claim that may be taken over, the deadline. */
function sleepMs(
  store: GitStore,
  { skewSeconds }: Policy,
  deadline: Instant,
  { ticket, conflicts }: StillWaiting,
  now: Instant,
): number {
  const refreshAt = ticket ? [addSeconds(now, Math.max(1, secondsBetween(now, ticket.expiresAt) / 2))] : [];
  const freeAt = conflicts.map(({ expiresAt }) => addSeconds(expiresAt, skewSeconds));
  const longest = store.reach === 'remote' ? REMOTE_POLL_MS : LONGEST_SLEEP_MS;
  const next = [...refreshAt, deadline, ...freeAt].filter((instant) => instant > now);
  return Math.max(10, Math.min(longest, ...next.map((instant) => epochMs(instant) - epochMs(now))));
}

/** The refusal of a claim in words; for work that HEAD lacks, it says where that is. */
export async function refusedClaim(context: Context, refusal: Refusal, again?: AskedBy): Promise<CoordError> {
  return refusalError(await placed(context, refusal), context.now(), again);
}
