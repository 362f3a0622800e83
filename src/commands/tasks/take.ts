import { isWorker } from '../../domain/agents/agents.js';
import type { Conflict, Refusal } from '../../domain/refusal.js';
import { command, coord, shellWord } from '../../domain/suggestion.js';
import type { TakeResult, TaskTakeRequest } from '../../domain/tasks/take.js';
import type { Instant } from '../../domain/time.js';
import { CoordError } from '../../errors.js';
import { refusalError } from '../../render/refusals.js';
import { takenLines } from '../../render/tasks.js';
import type { GitStore } from '../../store/swap/git-store.js';
import { transact } from '../../store/swap/transact.js';
import type { Context } from '../../workspace/context.js';
import { changedRulesWarning } from '../../workspace/rules.js';
import { CLAIM_OPTIONS, claimTerms } from '../claims/claim-request.js';
import { placed } from '../claims/whereabouts.js';
import { readTtl, readWait } from '../input.js';
import type { Input, Verb } from '../verb.js';
import { askInTime, leaveQueue, StillWaiting, ticketSeconds } from '../waiting/queueing.js';
import { taskArgument, taskBase, viewOf, viewsOf } from './tasks.js';

export const taskTake: Verb = {
  arguments: [['[id]', 'the task; the next one that is ready and free by default']],
  options: [
    ...CLAIM_OPTIONS.filter(([flags]) => flags !== '--shared'),
    ['--wait [duration]', 'wait your turn, first come, first served; at most 9m unless the config says otherwise'],
    ['--another', 'in addition to the one that you have'],
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
  answers: {
    task: 'Task',
    claims: 'Claim[]',
    again: ['boolean', 'you had it already'],
    before: ['Task[]', 'those that it came after, with their results'],
  },
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
  return takeRefused(await placed(context, refusal), id, context.now());
}

/** Waits for a task as a wait for ground does, and with a place in its queue where one task is meant. */
function takeInTime(
  context: Context,
  store: GitStore,
  request: TaskTakeRequest,
  seconds: number,
): Promise<Taken | CoordError> {
  const { id, policy } = request;
  const what = id ?? 'a task that is ready and free';
  let ticket: { readonly id: string; readonly expiresAt: Instant } | null = null;
  let told = false;
  const asking = (): TaskTakeRequest => ({
    ...{ ...request, operation: context.newId(), ticket: ticket?.id ?? null },
    ticketSeconds: id === null ? null : ticketSeconds(store, policy),
  });
  const ask = async () => {
    const decision = await transact(store, asking(), context.effects);
    if (decision.ok) {
      if ('task' in decision.result) return decision.result;
      ticket = decision.result.ticket;
    } else if (!['held', 'none', 'blocked'].includes(decision.refusal.reason)) {
      await leaveQueue(context, store, request, ticket, decision.refusal.reason === 'behind' ? 'behind' : 'refused');
      return refused(context, decision.refusal, request);
    }
    if (!told) context.tell(`waiting for ${what}`);
    told = true;
    return new StillWaiting(conflictsIn(decision.ok ? decision.result : decision.refusal), ticket);
  };
  return askInTime<Taken | CoordError>(context, store, { seconds, policy }, ask, async (why, waited, conflicts) => {
    await leaveQueue(context, store, request, ticket, why);
    const ended =
      why === 'timeout' ? `waited ${waited}s for ${what}, and gave up` : `stopped waiting for ${what} after ${waited}s`;
    return new CoordError('timeout', ended, {
      hint: coord(`task take${id === null ? '' : ` ${id}`} --wait`),
      alternative: { why: 'see who has what', command: coord('task list') },
      details: { reason: why, waitedSeconds: waited, conflicts },
    });
  });
}

function conflictsIn(answer: object): readonly Conflict[] {
  return 'conflicts' in answer ? (answer.conflicts as readonly Conflict[]) : [];
}

/** The refusal of `coord task take`: as for any claim, with what a taker can do next. */
function takeRefused(refusal: Refusal, task: string | null, now: Instant): CoordError {
  const error = refusalError(refusal, now);
  const { message, details } = error;
  const again = (options = '') => coord(`${task === null ? 'task take' : `task take ${shellWord(task)}`}${options}`);
  if (refusal.reason === 'held' || refusal.reason === 'deadlock') {
    const hint = refusal.reason === 'deadlock' ? error.hint : again(' --wait');
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
  if (error.code === 'behind' && refusal.reason === 'behind') {
    return new CoordError(error.code, message, {
      hint: `${error.hint ?? command('git pull')}, then ${again()}`,
      alternative: { why: 'take it without that work; this is recorded', command: again(' --allow-behind') },
      details,
    });
  }
  return error;
}
