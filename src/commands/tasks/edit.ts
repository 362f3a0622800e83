import { usage } from '../../errors.js';
import { refusalError } from '../../render/refusals.js';
import { endedLines } from '../../render/tasks.js';
import { transact } from '../../store/swap/transact.js';
import { isPerson } from '../../workspace/identity.js';
import { protectedConfig } from '../../workspace/main-branch.js';
import { readText } from '../text-input.js';
import type { Verb } from '../verb.js';
import { CONTENT_OPTIONS, readContent } from './add.js';
import { readTaskId, taskBase, viewOf } from './tasks.js';

const LONGEST_REASON = 1_000;

export const taskEdit: Verb = {
  arguments: [['<id>', 'the task']],
  options: [
    ['--title <text>', 'in a few words'],
    ...CONTENT_OPTIONS,
    ['--retry', 'try again; forgets how often it was tried in vain'],
  ],
  examples: [
    ['coord task edit t12 --priority 0', 'give it out next'],
    ['coord task edit t12 --retry', 'you have looked into it: let it be taken again'],
  ],
  notes: ['--scope, --after and --accept take the place of what was there; --after none and --accept none clear it.'],
  async run(context, input) {
    const id = readTaskId(input.argument(0) ?? '');
    const { changes, problems } = readContent(context, input, await protectedConfig(context));
    if (problems.length > 0) return refusalError({ code: 'usage', reason: 'bad-tasks', problems }, context.now());
    const title = input.text('title');
    const all = { ...changes, ...(title === undefined ? {} : { title }) };
    const retry = input.flag('retry');
    if (Object.keys(all).length === 0 && !retry)
      throw usage('nothing to change was named', 'name an option: --title, --scope, …');
    const store = await context.store();
    const request = { kind: 'task-edit' as const, ...(await taskBase(context)), id, changes: all, retry };
    const decision = await transact(store, request, context.effects);
    if (!decision.ok) return refusalError(decision.refusal, context.now());
    const task = await viewOf(context, store, decision.result.task);
    return { data: { task }, text: (style) => endedLines('edited', task, [], style) };
  },
};

export const taskDrop: Verb = {
  arguments: [['<id>', 'the task']],
  options: [['-r, --reason <text>', 'why; who has it is told']],
  examples: [['coord task drop t12 --reason "not needed any more"', 'it is never done, and blocks nobody']],
  notes: ['Whoever has it loses its paths, and is told; only its author, its holder or an orchestrator may do that.'],
  async run(context, input) {
    const id = readTaskId(input.argument(0) ?? '');
    const said = input.text('reason');
    const reason = said === undefined ? null : readText('the reason', said, LONGEST_REASON);
    const store = await context.store();
    const person = isPerson(context.host);
    const request = { kind: 'task-drop' as const, ...(await taskBase(context)), id, reason, person };
    const decision = await transact(store, request, context.effects);
    if (!decision.ok) return refusalError(decision.refusal, context.now());
    const { freed } = decision.result;
    const task = await viewOf(context, store, decision.result.task);
    const warnings =
      freed.length === 0
        ? []
        : [`${freed.join(', ')} waited for it, and no longer ${freed.length === 1 ? 'does' : 'do'}`];
    return { data: { task, freed }, text: (style) => endedLines('dropped', task, [], style), warnings };
  },
};
