import type { LandRequest, MergedRequest } from '../../domain/claims/land.js';
import { decide } from '../../domain/decide.js';
import { gateEvent } from '../../domain/gates/gate.js';
import type { State } from '../../domain/model.js';
import { coord } from '../../domain/suggestion.js';
import { taskQuestion } from '../../domain/tasks/task.js';
import { CoordError } from '../../errors.js';
import { checkGates } from '../../gates/check.js';
import type { Context } from '../../workspace/context.js';
import { gateSource } from '../gates/source.js';

/**
 * Those of the gates that a task names which are open for a commit, as the main branch has them at this moment. Each is
 * asked about this very task; what was found goes on record with the next write.
 */
export async function openGates(
  context: Context,
  { id, accept }: { readonly id: string; readonly accept: readonly string[] },
  commit: string | null,
): Promise<readonly string[] | CoordError> {
  if (accept.length === 0 || commit === null) return [];
  const source = await gateSource(context, true, coord('task list'));
  if (source instanceof CoordError) return source;
  const target = taskQuestion(id);
  const check = { target, gates: accept, commit, action: 'deploy' as const, usedNonces: [], config: source };
  const records = await checkGates(context, check);
  const { agent, session } = context.identity();
  const store = await context.store();
  for (const record of records) store.defer({ id: `${record.id}.g`, ...gateEvent(record, agent, session) });
  for (const { gate, open, finding } of records) {
    if (!open) context.host.stderr.write(`gate ${gate} is closed: ${finding}\n`);
  }
  return records.filter(({ open }) => open).map(({ gate }) => gate);
}

/**
 * The request with the gates checked that the tasks which it does must have open; asked one after the other, since only the
 * decision tells which tasks those are.
 */
export async function withOpenGates<R extends LandRequest | MergedRequest>(
  context: Context,
  state: State,
  asked: R,
): Promise<R | CoordError> {
  let request = asked;
  for (;;) {
    const plan = decide(state, request as LandRequest | MergedRequest, context.now());
    const task = !plan.ok && plan.refusal.reason === 'accept' ? plan.refusal.task : null;
    if (task === null || request.open[task.id] !== undefined) return request;
    const open = await openGates(context, task, request.commit);
    if (open instanceof CoordError) return open;
    request = { ...request, open: { ...request.open, [task.id]: open } };
  }
}
