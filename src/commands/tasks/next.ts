import { coord } from '../../domain/suggestion.js';
import { nextTask } from '../../domain/tasks/take.js';
import { oneLine, shorten } from '../../domain/text.js';
import { CoordError } from '../../errors.js';
import type { GitStore } from '../../store/swap/git-store.js';
import type { Context } from '../../workspace/context.js';
import { taskBase } from './tasks.js';

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
