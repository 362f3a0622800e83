import type { Refusal } from '../domain/refusal.js';
import { command, coord, shellWord } from '../domain/suggestion.js';
import type { TaskView } from '../domain/tasks/standing.js';
import type { TakenTask } from '../domain/tasks/task.js';
import { listed, oneLine, plural, shorten } from '../domain/text.js';
import { formatDuration, type Instant, secondsBetween } from '../domain/time.js';
import { CoordError, type Message } from '../errors.js';
import { clock } from './format.js';

type TaskRefusal = Extract<
  Refusal,
  {
    reason:
      | 'none'
      | 'blocked'
      | 'bad-tasks'
      | 'unknown-task'
      | 'task-over'
      | 'has-task'
      | 'which-task'
      | 'task-ground'
      | 'task-taken'
      | 'not-your-task'
      | 'task-role'
      | 'accept'
      | 'not-in-charge';
  }
>;

const MOST_LISTED = 5;
const WIDEST_TITLE = 60;

/** Why a task is not added, taken or ended. */
export function taskMessage(refusal: TaskRefusal, now: Instant): Message {
  switch (refusal.reason) {
    case 'none':
    case 'blocked':
      return nothingMessage(refusal, now);
    case 'bad-tasks': {
      const { problems } = refusal;
      return {
        message: ['no task was added or changed:', ...listed(problems, oneLine, 50)].join('\n'),
        hint: 'fix them all, then repeat',
      };
    }
    case 'unknown-task':
      return { message: `no such task: ${oneLine(shorten(refusal.task, 80))}`, hint: coord('task list') };
    case 'task-over': {
      const { id, state, agent, by, since } = refusal.task;
      const who = state === 'dropped' ? by : (agent ?? by);
      return { message: `${id} is ${state} (${who}, ${clock(since, now)})`, hint: coord(`task show ${id}`) };
    }
    case 'has-task':
      return {
        message: `refused: you have ${refusal.task.id} (${title(refusal.task)})`,
        hint: `look at it (${coord(`task show ${refusal.task.id}`)}); finish it (${coord('land')}), give it back (${coord(`task return ${refusal.task.id} --reason "cannot finish it"`)}), or take both: ${coord(`task take ${refusal.wanted} --another`)}`,
      };
    case 'which-task': {
      const { tasks } = refusal;
      if (tasks.length === 0) return { message: 'you have no task', hint: coord('task take') };
      const ids = tasks.map(({ id }) => id);
      return {
        message: `which task? you have ${ids.join(', ')}`,
        hint: `name it, such as ${ids[0]}; to see them: ${coord('task list')}`,
      };
    }
    case 'task-ground': {
      const { targets, tasks } = refusal;
      return {
        message: `not released: ${targets.map(oneLine).join(', ')}, the paths of ${tasks.join(', ')}, which are released with it`,
        hint: `they are released when it ends: ${coord(`task done ${tasks[0]}`)} (or ${coord('land')}, with its work); to give it back unfinished: ${coord(`task return ${tasks[0]} --reason "cannot finish it"`)}`,
      };
    }
    case 'task-taken':
      return {
        message: `refused: ${refusal.task.agent} works on ${refusal.task.id} since ${clock(refusal.task.since, now)}, and holds its scope`,
        hint: `ask ${refusal.task.agent} to give it back first: ${coord(`note "please return ${refusal.task.id}: its scope has to change" --to ${refusal.task.agent}`)}`,
      };
    case 'not-your-task': {
      const { id, state, agent } = refusal.task;
      const whose = agent === null ? `${id} is ${state}` : `${id} is ${state}, by ${agent}`;
      return {
        message: `not yours: ${whose}`,
        hint: coord(state === 'open' ? `task take ${id}` : `task show ${id}`),
      };
    }
    case 'task-role':
      return {
        message: `refused: ${refusal.task.id} is for a ${refusal.task.role}, and you are a ${refusal.role}`,
        hint: coord('task take'),
      };
    case 'accept': {
      const { task, gates } = refusal;
      return {
        message: `not done: ${task.id} needs ${plural(gates.length, 'gate')} open: ${gates.map(oneLine).join(', ')}`,
        hint: `${coord(`gate show ${shellWord(gates[0] ?? '')}`)}, then repeat`,
      };
    }
    case 'not-in-charge':
      return refusal.holder === null
        ? {
            message: 'refused: tasks are given out by who holds @orchestrator, and nobody does',
            hint: command(`${coord('session start --role orchestrator')} && ${coord('claim @orchestrator')}`),
          }
        : {
            message: `refused: tasks are given out by ${refusal.holder}, who holds @orchestrator`,
            hint: `ask ${refusal.holder}: ${coord(`note "please change the tasks for me" --to ${refusal.holder}`)}`,
          };
  }
}

function nothingMessage(
  refusal: Extract<TaskRefusal, { code: 'held' }> & { taken: readonly TakenTask[] },
  now: Instant,
): Message {
  const { taken, reason } = refusal;
  const { stuck, forOthers } = refusal as { stuck: readonly string[]; forOthers: readonly string[] };
  const blocked = refusal.reason === 'blocked' ? refusal.blocked : [];
  const head =
    reason === 'none'
      ? 'no task is open'
      : blocked.length === 0
        ? 'every open task is stuck: somebody has to look at them'
        : 'every open task waits for others';
  const lines = [
    ...listed(blocked, waitingLine, MOST_LISTED),
    ...listed(taken, (task) => takenLine(task, now), MOST_LISTED),
    ...(stuck.length === 0 ? [] : [`  stuck, failed too often: ${stuck.join(', ')}`]),
    ...(forOthers.length === 0 ? [] : [`  for other roles: ${forOthers.join(', ')}`]),
  ];
  const wait = `wait for the next one: ${coord('task take --wait')}`;
  return {
    message: [head, ...lines].join('\n'),
    hint:
      taken.length > 0 ? wait : stuck.length > 0 ? `look at it, then ${coord(`task edit ${stuck[0]} --retry`)}` : wait,
  };
}

type Blocked = Extract<Refusal, { reason: 'blocked' }>['blocked'][number];

function waitingLine({ task, title, blockedBy }: Blocked): string {
  return `${task} (${shorten(oneLine(title), WIDEST_TITLE)}) waits for ${blockedBy.join(', ')}`;
}

function takenLine({ task, title, state, agent, expiresAt }: TakenTask, now: Instant): string {
  const left = expiresAt === null ? '' : `, for ${formatDuration(Math.max(0, secondsBetween(now, expiresAt)))} more`;
  return `${task} (${shorten(oneLine(title), WIDEST_TITLE)}) is ${state}, by ${agent}${left}`;
}

function title(task: { readonly title: string }): string {
  return shorten(oneLine(task.title), WIDEST_TITLE);
}

/** A result that came when the lease of its task was over, and another had it, or its ground. */
export function lateError({ id, state, agent }: TaskView, now: Instant): CoordError {
  const whose =
    state === 'open' ? 'its lease is over, and somebody else has claimed its paths' : `it is ${state}, by ${agent}`;
  return new CoordError('lost', `late: ${id} is no longer yours: ${whose}; your result is kept for review`, {
    hint: `${coord(`task show ${id}`)}; stop changing its paths`,
    details: { reason: 'late', task: id, state, agent, at: now },
  });
}
