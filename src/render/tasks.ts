import type { Claim } from '../domain/model.js';
import { coord, form } from '../domain/suggestion.js';
import type { TaskView } from '../domain/tasks/standing.js';
import { asMarkdown, fenced, oneLine, plural, said, shorten } from '../domain/text.js';
import { formatDuration, type Instant, secondsBetween } from '../domain/time.js';
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
