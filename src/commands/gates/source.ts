import type { GateConfig, SignedTagGate } from '../../config/deploys.js';
import type { LandRequest, MergedRequest } from '../../domain/claims/land.js';
import { decide } from '../../domain/decide.js';
import { type GateQuestion, gateEvent } from '../../domain/gates/gate.js';
import type { State } from '../../domain/model.js';
import { coord, shellWord } from '../../domain/suggestion.js';
import { isTaskQuestion, taskQuestion } from '../../domain/tasks/task.js';
import { nearest, oneLine, shorten } from '../../domain/text.js';
import { CoordError, usage } from '../../errors.js';
import { checkGates, gateNamed, gatesOf } from '../../gates/check.js';
import { namedCommit } from '../../git/refs.js';
import { hasRemote } from '../../git/remotes.js';
import type { ProtectedConfig } from '../../workspace/authority.js';
import type { Context } from '../../workspace/context.js';
import { protectedConfig } from '../../workspace/main-branch.js';
import { readAuthority } from '../deploy/authority.js';
import { targetConfig } from '../deploy/context.js';
import type { Input } from '../verb.js';

/**
 * The gates of the main branch: as the remote has it at this moment, or with `fetch` false, and where there is no
 * remote, as it was last fetched.
 * @param offline the command that goes by what is here
 * @returns the reason why it cannot be known.
 */
export async function gateSource(
  context: Context,
  fetch: boolean,
  offline: string,
): Promise<ProtectedConfig | CoordError> {
  const { mainRemote: remote } = await context.config();
  if (!fetch || !(await hasRemote(context.repository, context.git, remote))) return protectedConfig(context);
  const authority = await readAuthority(context);
  if (!(authority instanceof CoordError) || authority.code !== 'unavailable') return authority;
  const { code, message, hint, details } = authority;
  const alternative = { why: 'go by what was last fetched', command: offline };
  return new CoordError(code, message, { ...(hint === undefined ? {} : { hint }), alternative, details });
}

/**
 * A gate by its name. @throws CoordError `usage` when there is none.
 */
export function knownGate(source: ProtectedConfig, name: string): GateConfig {
  const gate = gateNamed(source, name);
  if (gate !== null) return gate;
  const known = Object.keys(source.config.gates);
  const meant = nearest(name, known);
  throw usage(
    `no such gate: ${JSON.stringify(shorten(name, 80))}; ${whereFrom(source)} has ${known.map(oneLine).join(', ') || 'none'}`,
    meant === undefined ? coord('gate list') : `did you mean ${shellWord(meant)}?`,
    { gate: name, known },
  );
}

/**
 * A gate that people open by signing, for a target that needs it.
 * @throws CoordError `usage` when it is not configured so.
 */
export function signedGate(source: ProtectedConfig, name: string, target: string): SignedTagGate {
  const gate = knownGate(source, name);
  if (!isTaskQuestion(target)) targetConfig(source, target);
  if (gate.type !== 'signed-tag') {
    throw usage(`the gate ${oneLine(name)} is a program: nobody signs it`, coord(`gate check ${shellWord(target)}`));
  }
  if (isTaskQuestion(target) || gatesOf(source, target).includes(name)) return gate;
  const needed = gatesOf(source, target).map(oneLine).join(', ');
  throw usage(
    `${oneLine(target)} does not need the gate ${oneLine(name)}, but ${needed}`,
    coord(`gate list ${shellWord(target)}`),
    { gate: name, target },
  );
}

export function whereFrom({ from }: ProtectedConfig): string {
  return from === null ? 'coord.config.json here' : `${oneLine(from.name)} at ${from.commit.slice(0, 7)}`;
}

export const QUESTION_OPTIONS = [
  ['--commit <commit>', 'the commit; HEAD by default'],
  ['--action <action>', 'deploy (the default) or rollback: one does not open the other'],
] as const;

/** Which commit is asked about. @throws CoordError `usage` when there is no such commit. */
export async function readCommit(context: Context, input: Input): Promise<string> {
  const revision = input.text('commit');
  if (revision !== undefined) return namedCommit(context.git, revision);
  const { commit } = await context.head();
  if (commit === null) throw usage('there is no commit yet', 'commit first; or name one: --commit');
  return commit;
}

/** @throws CoordError `usage` when it is neither. */
export function readAction(input: Input): GateQuestion['action'] {
  const action = input.text('action') ?? 'deploy';
  if (action === 'deploy' || action === 'rollback') return action;
  throw usage(`no such action: ${JSON.stringify(shorten(action, 80))}`, '--action deploy, or --action rollback');
}

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
    if (!open) context.tell(`gate ${gate} is closed: ${finding}`);
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
