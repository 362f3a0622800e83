import type { Context } from '../../context.js';
import type { GateQuestion } from '../../domain/gate.js';
import { shorten } from '../../domain/text.js';
import { usage } from '../../errors.js';
import type { Input } from '../verb.js';

export const QUESTION_OPTIONS = [
  ['--commit <rev>', 'another commit than HEAD'],
  ['--action <action>', 'deploy (the default) or rollback: one does not open the other'],
] as const;

/** Which commit is asked about. @throws CoordError `usage` when there is no such commit. */
export async function readCommit(context: Context, input: Input): Promise<string> {
  const revision = input.text('commit') ?? 'HEAD';
  const args = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`];
  const { code, stdout } = await context.git(args);
  if (code === 0) return stdout.toString('utf8').trim();
  if (input.text('commit') === undefined) throw usage('there is no commit yet', 'commit first; or name one: --commit');
  throw usage(`no such commit: ${JSON.stringify(shorten(revision, 80))}`, 'git fetch, then name it again');
}

/** @throws CoordError `usage` when it is neither. */
export function readAction(input: Input): GateQuestion['action'] {
  const action = input.text('action') ?? 'deploy';
  if (action === 'deploy' || action === 'rollback') return action;
  throw usage(`no such action: ${JSON.stringify(shorten(action, 80))}`, '--action deploy, or --action rollback');
}
