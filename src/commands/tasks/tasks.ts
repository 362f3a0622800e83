import type { State } from '../../domain/model.js';
import { coord } from '../../domain/suggestion.js';
import { type TaskView, viewTasks } from '../../domain/tasks/standing.js';
import { nextTask } from '../../domain/tasks/take.js';
import { TASK_STATES, type Task } from '../../domain/tasks/task.js';
import { oneLine, shorten } from '../../domain/text.js';
import { CoordError, usage } from '../../errors.js';
import { refusalError } from '../../render/refusals.js';
import { reportLines, taskDetails, taskLines } from '../../render/tasks.js';
import type { GitStore } from '../../store/swap/git-store.js';
import type { Store } from '../../store/swap/store.js';
import type { Context, RequestStart } from '../../workspace/context.js';
import { protectedConfig } from '../../workspace/main-branch.js';
import type { Input, Verb } from '../verb.js';

/** What a request about tasks starts with: who gives them out, and how often they are tried, is said by the main branch. */
export async function taskBase(context: Context): Promise<RequestStart> {
  const base = await context.requestBase();
  const { config } = await protectedConfig(context);
  return { ...base, policy: { ...base.policy, tasks: config.tasks } };
}

/** The tasks as they stand now. */
export async function tasksNow(context: Context, state: State): Promise<readonly TaskView[]> {
  const policy = await context.policy(context.identityIfKnown()?.agent ?? '');
  const { config } = await protectedConfig(context);
  return viewTasks(state, { ...policy, tasks: config.tasks }, context.now());
}

/** Tasks of an answer as they are told: as they stand now, or as they were where they are gone. */
export async function viewsOf(context: Context, store: Store, tasks: readonly Task[]): Promise<readonly TaskView[]> {
  const { state } = await store.read(['tasks']);
  const now = await tasksNow(context, state);
  return tasks.map((task) => {
    const view = now.find(({ id }) => id === task.id);
    const derived = { ready: false, stuck: false, blockedBy: [], expiresAt: null };
    return view ?? { ...task, ...derived, scope: task.scope.map(({ text }) => text) };
  });
}

/** As {@link viewsOf}, of one. */
export async function viewOf(context: Context, store: Store, task: Task): Promise<TaskView> {
  const [view] = await viewsOf(context, store, [task]);
  if (!view) throw new CoordError('fault', `${task.id} cannot be told`);
  return view;
}

/** `t12`, `T12` and `12` name the same task; `t~3` is one that was written offline. @throws CoordError `usage` for anything else. */
export function readTaskId(text: string): string {
  const number = /^[tT]?(~?[1-9]\d{0,14})$/.exec(text.trim())?.[1];
  if (number === undefined) {
    throw usage(`not the id of a task: ${JSON.stringify(shorten(text, 80))}`, `t12, as ${coord('task list')} has it`);
  }
  return `t${number}`;
}

/** The task that was named; null: none was. */
export function taskArgument(input: Input, index = 0): string | null {
  const text = input.argument(index);
  return text === undefined ? null : readTaskId(text);
}

const NO_FETCH = ['--no-fetch', 'do not fetch; use what this clone has; with what was written offline'] as const;

/** The state with its tasks: as the arbiter has them, or as this clone knows them. */
async function readTasks(context: Context, input: Input): Promise<State> {
  const store = await context.store();
  const { state } = input.negated('fetch') ? await store.read(['tasks']) : await store.latest(['tasks']);
  return context.stores.withRiders(state);
}

const WIDEST_TITLE = 60;

/** The refusal of ground with the way on: another piece of work, where this agent can take one. */
export async function withNextTask(context: Context, store: GitStore, refused: CoordError): Promise<CoordError> {
  const { state } = await store.read(['tasks']);
  if (state.tasks.tasks.length === 0) return refused;
  const task = nextTask(state, await taskBase(context), context.now());
  if (task === null) return refused;
  const { code, message, hint, details } = refused;
  const title = shorten(oneLine(task.title), WIDEST_TITLE);
  return new CoordError(code, message, {
    ...(hint === undefined ? {} : { hint }),
    alternative: { why: `take another task (${title})`, command: coord(`task take ${task.id}`) },
    details: { ...details, task: { id: task.id, title: task.title } },
  });
}

export const taskList: Verb = {
  options: [
    ['--state <states>', `only ${TASK_STATES.join(', ')}`, 'repeatable'],
    ['--ready', 'only what can be taken, if its paths are free'],
    ['--stuck', 'only those that failed too often'],
    ['--mine', 'only yours'],
    NO_FETCH,
  ],
  examples: [
    ['coord task list', 'all tasks, and how each stands'],
    ['coord task list --ready', 'what can be taken now'],
  ],
  answers: { tasks: 'Task[]', others: ['number', 'that are not listed'], now: 'instant' },
  async run(context, input) {
    const states = input.texts('state');
    const odd = states.find((state) => !(TASK_STATES as readonly string[]).includes(state));
    if (odd !== undefined) throw usage(`no such state: ${JSON.stringify(odd)}`, `one of: ${TASK_STATES.join(', ')}`);
    const agent = input.flag('mine') ? context.identity().agent : null;
    const state = await readTasks(context, input);
    const all = await tasksNow(context, state);
    const tasks = all.filter(
      (task) =>
        (states.length === 0 || states.includes(task.state)) &&
        (!input.flag('ready') || task.ready) &&
        (!input.flag('stuck') || task.stuck) &&
        (agent === null || task.agent === agent),
    );
    const now = context.now();
    const others = all.length - tasks.length;
    return { data: { tasks, others, now }, text: (style) => taskLines(tasks, others, now, style) };
  },
};

export const taskShow: Verb = {
  arguments: [['<id>', 'the task']],
  options: [NO_FETCH],
  examples: [['coord task show t12', 'everything known about it']],
  answers: { task: 'Task' },
  async run(context, input) {
    const id = readTaskId(input.argument(0) ?? '');
    const state = await readTasks(context, input);
    const tasks = await tasksNow(context, state);
    const task = tasks.find((one) => one.id === id);
    const now = context.now();
    if (!task) {
      const open = tasks.filter((one) => one.state === 'open').map((one) => one.id);
      return refusalError({ code: 'usage', reason: 'unknown-task', task: id, open }, now);
    }
    return { data: { task }, text: (style) => taskDetails(task, now, style) };
  },
};

export const taskReport: Verb = {
  options: [NO_FETCH],
  examples: [
    ['coord task report', 'the results, as Markdown'],
    ['coord task report --json', 'the same for a program'],
  ],
  answers: { tasks: 'Task[]', totals: ['object', 'how many, by state'], now: 'instant' },
  async run(context, input) {
    const state = await readTasks(context, input);
    const tasks = await tasksNow(context, state);
    const now = context.now();
    const count = (kind: string) => tasks.filter((task) => task.state === kind).length;
    const totals = Object.fromEntries(TASK_STATES.map((kind) => [kind, count(kind)]));
    return { data: { tasks, totals, now }, text: () => reportLines(tasks, now) };
  },
};
