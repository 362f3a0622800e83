import type { Claim } from '../domain/model.js';
import type { Refusal } from '../domain/refusal.js';
import { command, coord, form, shellWord } from '../domain/suggestion.js';
import type { TaskView } from '../domain/tasks/standing.js';
import type { TakenTask } from '../domain/tasks/task.js';
import { asMarkdown, fenced, listed, oneLine, plural, said, shorten } from '../domain/text.js';
import { formatDuration, type Instant, secondsBetween } from '../domain/time.js';
import { CoordError, type Message } from '../errors.js';
import { clock, shortCommit, table } from './format.js';
import type { Style } from './style.js';

const WIDEST_TITLE = 60;
const WIDEST_SCOPE = 40;
const MOST_LISTED = 20;

/** How a task stands, in a word or two. */
export function standing(task: TaskView): string {
  if (task.stuck) return 'stuck';
  if (task.blockedBy.length > 0) return `after ${task.blockedBy.join(', ')}`;
  if (task.ready) return 'ready';
  return task.state === 'done' && task.evidence !== null ? `done (${task.evidence})` : task.state;
}

/** The table of tasks, and how many of each kind there are. */
export function taskLines(tasks: readonly TaskView[], others: number, now: Instant, style: Style): string[] {
  const more = others === 0 ? [] : [style.dim(`and ${others} more: ${coord('task list')}`)];
  if (tasks.length === 0) return [others === 0 ? 'no tasks' : 'no such tasks', ...more];
  const rows = tasks.map((task) => [
    task.id,
    standing(task),
    String(task.priority),
    oneLine(task.agent ?? '-'),
    task.expiresAt === null ? '' : leftOf(task.expiresAt, now),
    oneLine(shorten(task.title, WIDEST_TITLE)),
    oneLine(shorten(task.scope.join(' '), WIDEST_SCOPE)),
  ]);
  const [head, ...body] = table([['TASK', 'STANDS', 'PRIO', 'AGENT', 'LEFT', 'WHAT', 'SCOPE'], ...rows]);
  const stuck = tasks.filter((task) => task.stuck);
  return [
    style.dim(head ?? ''),
    ...body,
    ...more,
    ...(stuck[0]
      ? [
          style.bad(
            `stuck: ${stuck.map(({ id }) => id).join(', ')}; look, then ${coord(`task edit ${stuck[0].id} --retry`)}`,
          ),
        ]
      : []),
  ];
}

function leftOf(expiresAt: Instant, now: Instant): string {
  const left = secondsBetween(now, expiresAt);
  return left > 0 ? formatDuration(left) : 'expired';
}

export function addedLines(tasks: readonly TaskView[], style: Style): string[] {
  const lines = tasks
    .slice(0, MOST_LISTED)
    .map(
      (task) => `${style.good('added')} ${task.id} ${oneLine(task.title)}${task.ready ? '' : ` · ${standing(task)}`}`,
    );
  return tasks.length > MOST_LISTED ? [...lines, `and ${tasks.length - MOST_LISTED} more`] : lines;
}

/** Everything that is known of one task. */
export function taskDetails(task: TaskView, now: Instant, style: Style): string[] {
  const { id, title, text, scope, after, role, accept, priority, agent, attempts, commit, result, tries, late } = task;
  const fact = (name: string, value: string | null) => (value === null || value === '' ? [] : [`${name}: ${value}`]);
  const who = agent === null ? null : `${agent} since ${clock(task.since, now)}`;
  const left = task.expiresAt === null ? '' : `, for ${leftOf(task.expiresAt, now)} more`;
  return [
    `${style.target(id)} ${oneLine(title)}`,
    ...(text === '' ? [] : fenced(text)),
    ...fact('stands', `${standing(task)}${who === null ? '' : `, ${who}${left}`}`),
    ...fact('scope', scope.map(oneLine).join(' ')),
    ...fact('after', after.join(', ')),
    ...fact('for', role),
    ...fact('accept', accept.map(oneLine).join(', ')),
    `priority: ${priority}`,
    ...fact('by', `${task.by} at ${clock(task.addedAt, now)}`),
    ...fact('commit', commit === null ? null : shortCommit(commit)),
    ...fact('result', result === null ? null : oneLine(result)),
    ...fact('submission', task.submission),
    ...(attempts === 0 ? [] : [`tried without success: ${plural(attempts, 'time')}`]),
    ...tries.map((one) => `  ${tryLine(one, now)}`),
    ...late.map((one) => {
      const what = [one.commit === null ? null : shortCommit(one.commit), one.text === null ? null : oneLine(one.text)];
      return `late result of ${one.agent} at ${clock(one.at, now)}, for review: ${what.filter(Boolean).join(' · ') || one.submission || 'no words'}`;
    }),
  ];
}

/** `maya returned it at 14:02 ("needs the schema"), at 9b1d0e4`. */
function tryLine({ agent, at, how, reason, commit }: TaskView['tries'][number], now: Instant): string {
  const ended = {
    ...{ expired: 'let it expire', revoked: 'was stopped', 'taken-over': 'lost it' },
    ...{ declined: 'was declined', returned: 'gave it back', withdrawn: 'withdrew it' },
  };
  const why = reason === null ? '' : ` (${said(reason)})`;
  const where = commit === null ? '' : `; last known commit ${shortCommit(commit)}`;
  return `${agent} ${ended[how]} at ${clock(at, now)}${why}${where}`;
}

export interface TakenReport {
  readonly task: TaskView;
  readonly claims: readonly Claim[];
  readonly again: boolean;
  /** What the tasks before it brought. */
  readonly before: readonly TaskView[];
  /** Whether the taker commits nothing, but hands its result in. */
  readonly byWorker: boolean;
}

/** What a taker reads: the work, its ground, and what others did before. */
export function takenLines(
  { task, claims, again, before, byWorker }: TakenReport,
  now: Instant,
  style: Style,
): string[] {
  const left = task.expiresAt === null ? '' : ` until ${clock(task.expiresAt, now)} (${leftOf(task.expiresAt, now)})`;
  const ground = claims.filter(({ target }) => target !== `@task/${task.id}`);
  const lines = task.text.split('\n').filter((line) => line.trim() !== '');
  return [
    `${again ? 'you have' : style.good('taken')} ${task.id} ${oneLine(task.title)}${left}`,
    ...lines.map((line) => `  ${oneLine(line)}`),
    ...(ground.length === 0
      ? ['no paths: claim what you change']
      : ground.map(({ target, token }) => `paths: ${style.target(oneLine(target))} · token ${token}`)),
    ...before.map((one) => {
      const at = one.commit === null ? '' : ` at ${shortCommit(one.commit)}`;
      return `done before it: ${one.id} ${oneLine(shorten(one.title, WIDEST_TITLE))}${at}${one.result === null ? '' : `: ${oneLine(one.result)}`}`;
    }),
    ...task.tries.map((one) => `tried before: ${tryLine(one, now)}`),
    ...(task.accept.length === 0 ? [] : [`done when these gates are open: ${task.accept.map(oneLine).join(', ')}`]),
    `next: ${byWorker ? form('submit PATH --note "what it is"') : `commit your work, then ${coord('land')}`}; or ${coord(`task return ${task.id} --reason "cannot finish it"`)}`,
  ];
}

/** A task that has ended, and what was given back with it. */
export function endedLines(
  verb: 'done' | 'returned' | 'dropped' | 'edited',
  task: TaskView,
  released: readonly Claim[],
  style: Style,
): string[] {
  const shown = {
    landed: `its commit ${task.commit === null ? '' : `${shortCommit(task.commit)} `}is on the main branch`,
    gate: `its gates are open (${task.accept.map(oneLine).join(', ')})`,
    word: 'nothing proves it but your word',
  };
  const evidence = verb === 'done' && task.evidence !== null ? ` · ${shown[task.evidence]}` : '';
  return [
    `${style.good(verb)} ${task.id} ${oneLine(task.title)}${evidence}`,
    ...released.map(({ target }) => `released ${style.target(oneLine(target))}`),
  ];
}

/** What was brought, in Markdown: for a person, a pull request or a chat. */
export function reportLines(tasks: readonly TaskView[], now: Instant): string[] {
  const of = (states: readonly string[]) => tasks.filter(({ state }) => states.includes(state));
  const done = of(['done']);
  const section = (heading: string, some: readonly TaskView[], line: (task: TaskView) => string) =>
    some.length === 0 ? [] : ['', `## ${heading}`, '', ...some.flatMap((task) => [line(task), ...lateLines(task)])];
  return [
    '# Tasks',
    '',
    `${done.length} of ${plural(tasks.length - of(['dropped']).length, 'task')} done, ${of(['taken']).length} taken, ${of(['submitted']).length} submitted, ${of(['open']).length} open${of(['dropped']).length === 0 ? '' : `, ${of(['dropped']).length} dropped`}.`,
    ...section('Done', done, (task) => {
      const at = task.commit === null ? '' : `, \`${shortCommit(task.commit)}\``;
      return `- **${task.id}** ${asMarkdown(task.title)} · ${task.agent}${at} · evidence: ${task.evidence}${task.result === null ? '' : `\n  ${asMarkdown(task.result)}`}`;
    }),
    ...section(
      'Submitted',
      of(['submitted']),
      (task) => `- **${task.id}** ${asMarkdown(task.title)} · ${task.agent}, \`${task.submission}\``,
    ),
    ...section('Taken', of(['taken']), (task) => {
      const left = task.expiresAt === null ? '' : `, ${leftOf(task.expiresAt, now)} left`;
      return `- **${task.id}** ${asMarkdown(task.title)} · ${task.agent}${left}`;
    }),
    ...section('Open', of(['open']), (task) => {
      const tries = task.tries.map((one) => `\n  ${asMarkdown(tryLine(one, now))}`).join('');
      return `- **${task.id}** ${asMarkdown(task.title)} · ${standing(task)}${tries}`;
    }),
    ...section(
      'Dropped',
      of(['dropped']),
      (task) =>
        `- **${task.id}** ${asMarkdown(task.title)}${task.result === null ? '' : ` · ${asMarkdown(task.result)}`}`,
    ),
  ];
}

function lateLines(task: TaskView): string[] {
  return task.late.map((one) => {
    const what = one.commit === null ? (one.submission ?? '') : shortCommit(one.commit);
    return `  - late result of ${one.agent}, to be reviewed: ${what}${one.text === null ? '' : ` ${asMarkdown(one.text)}`}`;
  });
}

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

const MOST_TOLD = 5;

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
        message: `refused: ${refusal.task.agent} has been working on ${refusal.task.id} since ${clock(refusal.task.since, now)}, and holds its scope`,
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
            message: 'refused: tasks are given out by whoever holds @orchestrator, and nobody does',
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
    ...listed(blocked, waitingLine, MOST_TOLD),
    ...listed(taken, (task) => takenLine(task, now), MOST_TOLD),
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
