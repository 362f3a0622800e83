import { isWorker } from '../../domain/agents/agents.js';
import type { Conflict, Refusal } from '../../domain/refusal.js';
import type { Answer } from '../../domain/request-table.js';
import { coord, shellWord } from '../../domain/suggestion.js';
import type { TakeResult, TaskTakeRequest } from '../../domain/tasks/take.js';
import { addSeconds, type Instant, secondsBetween } from '../../domain/time.js';
import { CoordError } from '../../errors.js';
import { absentCommits } from '../../git/refs.js';
import { refusalError } from '../../render/refusals.js';
import { takenLines } from '../../render/tasks.js';
import type { Wakeup } from '../../store/queue/watch.js';
import type { GitStore } from '../../store/swap/git-store.js';
import { transact } from '../../store/swap/transact.js';
import type { Context } from '../../workspace/context.js';
import { changedRulesWarning } from '../../workspace/rules.js';
import { CLAIM_OPTIONS, claimTerms } from '../claims/claim-request.js';
import { readTtl, readWait } from '../input.js';
import type { Input, Verb } from '../verb.js';
import { leaveQueue, listening, sleepMs, ticketSeconds } from '../waiting/queueing.js';
import { taskArgument, taskBase, viewOf, viewsOf } from './tasks.js';

export const taskTake: Verb = {
  arguments: [['[id]', 'the task; the next one that is ready and free when none is named']],
  options: [
    ...CLAIM_OPTIONS.filter(([flags]) => flags !== '--shared'),
    ['--wait [duration]', 'wait your turn, first come first served; at most 9m unless the config says otherwise'],
    ['--another', 'beside the one that you have'],
  ],
  examples: [
    ['coord task take', 'the next task, with its paths claimed'],
    ['coord task take t12', 'that one'],
    ['coord task take --wait', 'wait until one is ready and free'],
  ],
  notes: [
    'You get the task and all of its paths, or nothing. It lasts as long as its claims, and is lost with them: each of your',
    'commands renews them. coord land closes it; coord task done closes one that lands nothing.',
  ],
  async run(context, input) {
    const seconds = readWait(input, await context.config());
    const store = await context.store();
    const request = await takeRequest(context, input, store);
    const answer =
      seconds === null ? await takeOnce(context, store, request) : await takeInTime(context, store, request, seconds);
    if (answer instanceof CoordError) return answer;
    const { claims, again } = answer;
    const task = await viewOf(context, store, answer.task);
    const { state } = await store.read(['tasks']);
    const before = await viewsOf(
      context,
      store,
      state.tasks.tasks.filter(({ id }) => task.after.includes(id)),
    );
    const now = context.now();
    return {
      data: { task, claims, again, before },
      text: (style) =>
        takenLines({ task, claims, again, before, byWorker: isWorker(state, request.agent) }, now, style),
      warnings: await changedRulesWarning(context, request.rules),
    };
  },
};

/** The request that the command line asks for. @throws CoordError `usage` for options that make no sense. */
async function takeRequest(context: Context, input: Input, store: GitStore): Promise<TaskTakeRequest> {
  const terms = await claimTerms(context, input, store, []);
  const { reason, expectSeconds, head, contains, allowBehind, reach, rules, ticket } = terms;
  return {
    ...{ kind: 'task-take', ...(await taskBase(context)), id: taskArgument(input), another: input.flag('another') },
    ...{ reason, expectSeconds, head, contains, allowBehind, reach, rules, ticket },
    ttl: await lifeOfTasks(context, input.text('ttl')),
    ticketSeconds: null,
  };
}

/** How long the claims of a task live. */
export async function lifeOfTasks(context: Context, asked: string | undefined): Promise<TaskTakeRequest['ttl']> {
  const config = await context.config();
  const named = Object.entries(config.resources).flatMap(([name, { ttlSeconds }]) =>
    ttlSeconds === null ? [] : [[name, Math.min(ttlSeconds, config.ttl.maxSeconds)] as const],
  );
  return {
    asked: asked === undefined ? null : readTtl(asked, config),
    byDefault: config.ttl.defaultSeconds,
    resources: Object.fromEntries(named),
  };
}

type Taken = Extract<TakeResult, { readonly again: boolean }>;

async function takeOnce(context: Context, store: GitStore, request: TaskTakeRequest): Promise<Taken | CoordError> {
  const decision = await transact(store, request, context.effects);
  if (!decision.ok) return refused(context, decision.refusal, request);
  if ('task' in decision.result) return decision.result;
  throw new CoordError('fault', 'a task was queued for, and nobody asked to wait');
}

async function refused(context: Context, refusal: Refusal, { id }: TaskTakeRequest): Promise<CoordError> {
  const commits = refusal.reason === 'behind' ? refusal.missing.map(({ commit }) => commit) : [];
  return takeRefused(refusal, id, context.now(), await absentCommits(context.git, commits));
}

/** Waits for a task: woken by changes of the state, as a wait for ground is, and with a place in its queue for one task. */
function takeInTime(context: Context, store: GitStore, request: TaskTakeRequest, seconds: number) {
  return listening(context, (wakeup) => new QueuedTake(context, store, request, seconds, wakeup).wait());
}

class QueuedTake {
  private ticket: { readonly id: string; readonly expiresAt: Instant } | null = null;
  private told = false;
  private readonly startedAt: Instant;
  private readonly deadline: Instant;

  constructor(
    private readonly context: Context,
    private readonly store: GitStore,
    private readonly request: TaskTakeRequest,
    seconds: number,
    private readonly wakeup: Wakeup,
  ) {
    this.startedAt = context.now();
    this.deadline = addSeconds(this.startedAt, seconds);
  }

  async wait(): Promise<Taken | CoordError> {
    const { context, store, request } = this;
    for (;;) {
      this.wakeup.reset();
      const decision = await transact(store, this.asking(), context.effects);
      const ended = await this.endOf(decision);
      if (ended) return ended;
      const conflicts = conflictsIn(decision.ok ? decision.result : decision.refusal);
      const now = context.now();
      if (this.wakeup.stopped) return this.giveUp('interrupted', conflicts, now);
      if (now >= this.deadline) return this.giveUp('timeout', conflicts, now);
      this.tell();
      await this.wakeup.wait(
        sleepMs(store, request.policy, { deadline: this.deadline, ticket: this.ticket, conflicts }, now),
      );
    }
  }

  /** What ends the wait; null where it goes on. */
  private async endOf(decision: Answer<'task-take'>): Promise<Taken | CoordError | null> {
    if (decision.ok) {
      if ('task' in decision.result) return decision.result;
      this.ticket = decision.result.ticket;
      return null;
    }
    const { reason } = decision.refusal;
    if (reason === 'held' || reason === 'none' || reason === 'blocked') return null;
    await this.leave(reason === 'behind' ? 'behind' : 'refused');
    return refused(this.context, decision.refusal, this.request);
  }

  private asking(): TaskTakeRequest {
    const { context, request, store, ticket } = this;
    const seconds = request.id === null ? null : ticketSeconds(store, request.policy);
    return { ...request, operation: context.newId(), ticket: ticket?.id ?? null, ticketSeconds: seconds };
  }

  private tell(): void {
    if (!this.told) this.context.host.stderr.write(`waiting for ${this.what}\n`);
    this.told = true;
  }

  private get what(): string {
    return this.request.id ?? 'a task that is ready and free';
  }

  private async leave(outcome: 'timeout' | 'interrupted' | 'refused' | 'behind'): Promise<void> {
    if (this.ticket) await leaveQueue(this.context, this.store, this.request, this.ticket.id, outcome);
  }

  private async giveUp(
    why: 'timeout' | 'interrupted',
    conflicts: readonly Conflict[],
    now: Instant,
  ): Promise<CoordError> {
    await this.leave(why);
    const waitedSeconds = Math.floor(secondsBetween(this.startedAt, now));
    const ended =
      why === 'timeout'
        ? `waited ${waitedSeconds}s for ${this.what}, and gave up`
        : `stopped waiting for ${this.what} after ${waitedSeconds}s`;
    return new CoordError('timeout', ended, {
      hint: coord(`task take${this.request.id === null ? '' : ` ${this.request.id}`} --wait`),
      alternative: { why: 'see who has what', command: coord('task list') },
      details: { reason: why, waitedSeconds, conflicts },
    });
  }
}

function conflictsIn(answer: object): readonly Conflict[] {
  return 'conflicts' in answer ? (answer.conflicts as readonly Conflict[]) : [];
}

/** The refusal of `coord task take`: as for any claim, with what a taker can do next. */
function takeRefused(refusal: Refusal, task: string | null, now: Instant, absent: readonly string[] = []): CoordError {
  const error = refusalError(refusal, now, absent);
  const { message, details } = error;
  const again = coord(task === null ? 'task take' : `task take ${shellWord(task)}`);
  if (refusal.reason === 'held' || refusal.reason === 'deadlock') {
    const hint = refusal.reason === 'deadlock' ? error.hint : `${again} --wait`;
    const next = { why: 'take another task', command: coord('task take') };
    return new CoordError(
      error.code,
      message
        .split('\n')
        .filter((line) => !line.startsWith('free of'))
        .join('\n'),
      {
        ...(hint === undefined ? {} : { hint }),
        ...(task === null ? {} : { alternative: next }),
        details,
      },
    );
  }
  if (refusal.reason === 'behind') {
    return new CoordError(error.code, message, {
      hint: `${error.hint ?? 'git pull'}, then ${again}`,
      alternative: { why: 'take it without that work, on the record', command: `${again} --allow-behind` },
      details,
    });
  }
  return error;
}
