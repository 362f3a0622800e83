import type { ClaimRequest } from '../../domain/claims/claim.js';
import type { Claim, Waiter } from '../../domain/model.js';
import type { Conflict, Refusal } from '../../domain/refusal.js';
import type { Policy, RequestBase } from '../../domain/request.js';
import { coord, targetWords } from '../../domain/suggestion.js';
import { addSeconds, epochMs, type Instant, secondsBetween } from '../../domain/time.js';
import type { LeaveQueueRequest, WaitRequest, WaitResult } from '../../domain/waiting/wait.js';
import type { CoordError } from '../../errors.js';
import { absentCommits } from '../../git/refs.js';
import { gaveUpError, waitingLine } from '../../render/claims.js';
import { type AskedBy, refusalError } from '../../render/refusals.js';
import { Wakeup, watchRef } from '../../store/queue/watch.js';
import type { GitStore } from '../../store/swap/git-store.js';
import { transact } from '../../store/swap/transact.js';
import type { Context } from '../../workspace/context.js';

/** A ticket whose process died stands in the queue no longer than this. */
const TICKET_SECONDS = 20;
/** Another clone's release cannot wake this one, so the remote is asked this often. */
const REMOTE_POLL_SECONDS = 2;
const LONGEST_SLEEP_SECONDS = 5;

export interface WaitPlan {
  readonly seconds: number;
  /** Wait until the ground is free, and claim nothing. */
  readonly passive: boolean;
  /** How the claim was asked for, where not by `coord claim`. */
  readonly again?: AskedBy;
}

/**
 * Queues for the targets until it is this agent's turn. Woken by changes of the branch, not by polling; leaves the queue
 * when it gives up or is interrupted.
 * @returns the claims (none for a passive wait), or the refusal or timeout as an error.
 */
export async function waitForTurn(
  context: Context,
  store: GitStore,
  claim: ClaimRequest,
  plan: WaitPlan,
): Promise<readonly Claim[] | CoordError> {
  return listening(context, (wakeup) => new QueuedClaim(context, store, claim, plan, wakeup).wait());
}

type Waiting = Extract<WaitResult, { status: 'waiting' }>;

class QueuedClaim {
  private ticket: Waiter | null = null;
  private readonly startedAt: Instant;
  private readonly deadline: Instant;

  constructor(
    private readonly context: Context,
    private readonly store: GitStore,
    private readonly claim: ClaimRequest,
    private readonly plan: WaitPlan,
    private readonly wakeup: Wakeup,
  ) {
    this.startedAt = context.now();
    this.deadline = addSeconds(this.startedAt, plan.seconds);
  }

  async wait(): Promise<readonly Claim[] | CoordError> {
    for (;;) {
      this.wakeup.reset();
      const answer = await this.ask();
      if (!('status' in answer)) return answer;
      const now = this.context.now();
      if (this.wakeup.stopped) return this.giveUp('interrupted', answer.conflicts, now);
      if (now >= this.deadline) return this.giveUp('timeout', answer.conflicts, now);
      const { ticket, conflicts } = answer;
      await this.wakeup.wait(
        sleepMs(this.store, this.claim.policy, { deadline: this.deadline, ticket, conflicts }, now),
      );
    }
  }

  /** Asks for its turn once. */
  private async ask(): Promise<readonly Claim[] | CoordError | Waiting> {
    const decision = await transact(this.store, this.request(), this.context.effects);
    const now = this.context.now();
    if (!decision.ok) {
      await this.leave(decision.refusal.reason === 'behind' ? 'behind' : 'refused');
      return refusedClaim(this.context, decision.refusal, this.plan.again);
    }
    if (decision.result.status === 'granted') return decision.result.claims;
    const { ticket, conflicts } = decision.result;
    if (!this.ticket) this.context.host.stderr.write(`${waitingLine(ticket, conflicts, now)}\n`);
    this.ticket = ticket;
    return decision.result;
  }

  private request(): WaitRequest {
    const operation = this.context.newId();
    const { agent, session, policy } = this.claim;
    return {
      kind: 'wait',
      operation,
      agent,
      session,
      policy,
      requestId: this.claim.requestId ?? null,
      claim: { ...this.claim, ticket: this.ticket?.id ?? null },
      ticketSeconds: ticketSeconds(this.store, policy),
      passive: this.plan.passive,
    };
  }

  private async giveUp(why: 'timeout' | 'interrupted', conflicts: readonly Conflict[], now: Instant) {
    await this.leave(why);
    const targets = this.claim.targets.map(({ target }) => target);
    const { verb, tail } = this.plan.again ?? { verb: this.plan.passive ? 'status' : 'claim', tail: '' };
    const again = coord(`${verb} ${targetWords(targets)} --wait${tail}`);
    return gaveUpError(why, secondsBetween(this.startedAt, now), again, targets, conflicts);
  }

  private async leave(outcome: LeaveQueueRequest['outcome']): Promise<void> {
    if (this.ticket) await leaveQueue(this.context, this.store, this.claim, this.ticket.id, outcome);
  }
}

/** How long a place in the queue lives, unless its process refreshes it. */
export function ticketSeconds(store: GitStore, { skewSeconds }: Policy): number {
  return TICKET_SECONDS + (store.reach === 'remote' ? skewSeconds : 0);
}

/** Gives a place in the queue up. */
export async function leaveQueue(
  context: Context,
  store: GitStore,
  { agent, session, policy }: Pick<RequestBase, 'agent' | 'session' | 'policy'>,
  ticket: string,
  outcome: LeaveQueueRequest['outcome'],
): Promise<void> {
  const operation = context.newId();
  const request = { kind: 'leave-queue' as const, operation, agent, session, policy, ticket, outcome };
  await transact(store, request, context.effects);
}

/** Milliseconds until something is due: the ticket's refresh, a claim that may be taken over, the deadline. */
export function sleepMs(
  store: GitStore,
  { skewSeconds }: Policy,
  due: {
    readonly deadline: Instant;
    readonly ticket: Pick<Waiter, 'expiresAt'> | null;
    readonly conflicts: readonly Conflict[];
  },
  now: Instant,
): number {
  const { ticket, deadline, conflicts } = due;
  const refreshAt = ticket ? [addSeconds(now, Math.max(1, secondsBetween(now, ticket.expiresAt) / 2))] : [];
  const freeAt = conflicts.map(({ expiresAt }) => addSeconds(expiresAt, skewSeconds));
  const longest = store.reach === 'remote' ? REMOTE_POLL_SECONDS : LONGEST_SLEEP_SECONDS;
  const next = [...refreshAt, deadline, addSeconds(now, longest), ...freeAt].filter((instant) => instant > now);
  return Math.max(10, Math.min(...next.map(epochMs)) - epochMs(now));
}

/** Runs the work with a wakeup that rings whenever the state moves, and stops when the process is asked to stop. */
export async function listening<T>(context: Context, work: (wakeup: Wakeup) => Promise<T>): Promise<T> {
  const wakeup = new Wakeup();
  const { ref } = await context.config();
  const watcher = watchRef({ repository: context.repository, ref, onChange: () => wakeup.ring() });
  const unlisten = context.host.onStop(() => wakeup.stop());
  try {
    return await work(wakeup);
  } finally {
    unlisten();
    watcher.close();
  }
}

/** The refusal of a claim in words; for work that HEAD lacks, it says whether this clone could bring it in. */
export async function refusedClaim(context: Context, refusal: Refusal, again?: AskedBy): Promise<CoordError> {
  const commits = refusal.reason === 'behind' ? refusal.missing.map(({ commit }) => commit) : [];
  return refusalError(refusal, context.now(), await absentCommits(context.git, commits), again);
}
