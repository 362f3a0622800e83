import type { GateConfig, SignedTagGate } from '../../config/deploys.js';
import type { GateQuestion } from '../../domain/gates/gate.js';
import { coord, shellWord } from '../../domain/suggestion.js';
import { isTaskQuestion } from '../../domain/tasks/task.js';
import { nearest, oneLine, shorten } from '../../domain/text.js';
import { CoordError, usage } from '../../errors.js';
import { gateNamed, gatesOf } from '../../gates/check.js';
import { namedCommit } from '../../git/refs.js';
import type { Context } from '../../workspace/context.js';
import { type ProtectedConfig, protectedConfig } from '../../workspace/main-branch.js';
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
  const { remote } = await context.config();
  const hasRemote = (await context.git(['remote', 'get-url', '--', remote])).code === 0;
  if (!fetch || !hasRemote) return protectedConfig(context);
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
  ['--commit <commit>', 'the commit that is meant; HEAD when not named'],
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
