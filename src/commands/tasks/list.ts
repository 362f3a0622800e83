import { TASK_STATES } from '../../domain/tasks/task.js';
import { usage } from '../../errors.js';
import { refusalError } from '../../render/refusals.js';
import { reportLines, taskDetails, taskLines } from '../../render/tasks.js';
import type { Verb } from '../verb.js';
import { readTaskId, tasksNow } from './tasks.js';

export const taskList: Verb = {
  options: [
    ['--state <states>', `only ${TASK_STATES.join(', ')}`, 'repeatable'],
    ['--ready', 'only what can be taken, if its paths are free'],
    ['--stuck', 'only what was tried in vain too often'],
    ['--mine', 'only yours'],
  ],
  examples: [
    ['coord task list', 'all tasks, and how each stands'],
    ['coord task list --ready', 'what can be taken now'],
  ],
  async run(context, input) {
    const states = input.texts('state');
    const odd = states.find((state) => !(TASK_STATES as readonly string[]).includes(state));
    if (odd !== undefined) throw usage(`no such state: ${JSON.stringify(odd)}`, `one of: ${TASK_STATES.join(', ')}`);
    const agent = input.flag('mine') ? context.identity().agent : null;
    const { state } = await (await context.store()).latest(['tasks']);
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
  examples: [['coord task show t12', 'everything that is known of it']],
  async run(context, input) {
    const id = readTaskId(input.argument(0) ?? '');
    const { state } = await (await context.store()).latest(['tasks']);
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
  examples: [
    ['coord task report', 'what was brought, as Markdown'],
    ['coord task report --json', 'the same for a program'],
  ],
  async run(context) {
    const { state } = await (await context.store()).latest(['tasks']);
    const tasks = await tasksNow(context, state);
    const now = context.now();
    const count = (kind: string) => tasks.filter((task) => task.state === kind).length;
    const totals = Object.fromEntries(TASK_STATES.map((kind) => [kind, count(kind)]));
    return { data: { tasks, totals, now }, text: () => reportLines(tasks, now) };
  },
};
