import { CoordError } from '../errors.js';
import type { Context } from '../workspace/context.js';
import { collectNotices } from '../workspace/notices.js';
import type { Input, Outcome, Verb } from './verb.js';

export interface Performed {
  readonly outcome: Outcome;
  /** What the agent must be told after any command. */
  readonly notices: readonly string[];
}

/** Runs one verb, for a command line as for a program. What was not foreseen becomes an error of the exit table. */
export async function perform(context: Context, verb: Verb, input: Input): Promise<Performed> {
  const outcome = await verb.run(context, input).catch(asCoordError);
  return { outcome, notices: await collectNotices(context) };
}

export function asCoordError(error: unknown): CoordError {
  if (error instanceof CoordError) return error;
  const { message, code, stack, syscall } = error as NodeJS.ErrnoException;
  // Node's recursive mkdir says ENOENT where a file system is read-only.
  const isRefused = code === 'ENOENT' ? syscall === 'mkdir' : FILE_SYSTEM_REFUSALS.includes(code ?? '');
  if (isRefused) {
    return new CoordError('unavailable', `the file system refused: ${message}`, {
      hint: 'nothing was changed; check permissions and disk space, then repeat',
      cause: error,
    });
  }
  if (code === 'E2BIG') {
    return new CoordError('usage', 'a text is longer than any program can be given', {
      hint: 'shorten what was typed, or the texts of coord.config.json',
      cause: error,
    });
  }
  return new CoordError('fault', `unforeseen failure: ${message ?? String(error)}`, {
    hint: 'please report this with the command and the stack in details (--json)',
    details: { stack },
    cause: error,
  });
}

const FILE_SYSTEM_REFUSALS = [
  'EACCES',
  'EEXIST',
  'ENOTDIR',
  'EISDIR',
  'EPERM',
  'EROFS',
  'ENOSPC',
  'EDQUOT',
  'EMFILE',
  'ENFILE',
  'EIO',
];
