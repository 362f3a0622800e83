import { coord } from '../../domain/suggestion.js';
import { type Task, tasksNamedIn } from '../../domain/tasks/task.js';
import { oneLine } from '../../domain/text.js';
import { CoordError } from '../../errors.js';
import { type Answer, SILENCE } from '../../guards/harness/dialects.js';
import { harnessMessage } from '../../render/guard/refusals.js';
import type { GitStore } from '../../store/swap/git-store.js';
import { asCoordError } from '../perform.js';
import { type Actor, contextFor, repositoryAt, standpointOf } from './actor.js';
import { coordinationOf } from './judge.js';

/**
 * Keeps a task of the harness open for as long as the task of coord that it names is not done: what shows that is the
 * record, and not the word of the harness. A task that names none is not one of coord's business.
 */
export async function judgeTask(
  actor: Actor,
  ask: { readonly subject: string; readonly description: string },
): Promise<Answer> {
  if (repositoryAt(actor.directory) === null) return SILENCE;
  const context = contextFor(actor, actor.directory);
  const known = await coordinationOf(context).catch(asCoordError);
  if (known === null || known instanceof CoordError) return SILENCE;
  const store = await context.stores.open(known.read.config);
  const error = await unproved(store, ask).catch(asCoordError);
  if (error === null) return SILENCE;
  // The harness knows no other answer to this event than the exit code.
  return { stdout: '', stderr: `${harnessMessage(error, standpointOf(actor, context))}\n`, exit: 2 };
}

/** Asked of the arbiter where this clone does not know it as done: another may have ended it. */
async function unproved(
  store: GitStore,
  { subject, description }: { readonly subject: string; readonly description: string },
): Promise<CoordError | null> {
  const openIn = ({ state }: Awaited<ReturnType<GitStore['read']>>) =>
    tasksNamedIn(state.tasks, subject, description).find(
      ({ state: stands }) => stands !== 'done' && stands !== 'dropped',
    );
  if (openIn(await store.read(['tasks'])) === undefined) return null;
  const open = openIn(await store.latest(['tasks']));
  return open === undefined ? null : notDone(open);
}

function notDone({ id, title, state, agent }: Task): CoordError {
  const by = agent === null ? '' : ` by ${agent}`;
  const stands = state === 'open' ? 'nobody has it' : `it is ${state}${by}`;
  const hint = {
    open: coord(`task take ${id}`),
    taken: `${coord('land')}, or where nothing is to land: ${coord(`task done ${id}`)}`,
    submitted: coord('integrate'),
  }[state as 'open' | 'taken' | 'submitted'];
  return new CoordError('closed', `${id} (${oneLine(title)}) is not done yet: ${stands}`, { hint });
}
