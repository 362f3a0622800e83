import { closedToRole, stopped } from '../domain/agents/agents.js';
import { CoordError } from '../errors.js';
import { readMemory } from '../workspace/authority.js';
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
  const run = async () => (await barred(context, verb.demands?.(input) ?? null)) ?? verb.run(context, input);
  const outcome = await run().catch(asCoordError);
  return { outcome, notices: await collectNotices(context) };
}

/**
 * Why this agent may not do what no request decides. A remote out of reach has the state as it was last seen; one that cannot
 * be read bars nobody from what may repair it.
 */
async function barred(context: Context, demand: ReturnType<NonNullable<Verb['demands']>>): Promise<CoordError | null> {
  const identity = demand === null ? null : context.identityIfKnown();
  // A clone that knows no state, such as one that coord was taken out of, stays so.
  if (identity === null || readMemory(context.repository) === null) return null;
  const known = await context
    .store()
    .then((store) => store.latest().catch(() => store.read()))
    .catch(() => null);
  if (known === null) return null;
  const { state } = known;
  const policy = await context.policy(identity.agent);
  const refusal =
    stopped(state, identity.agent) ??
    (demand === 'no-worker' ? closedToRole(state, { agent: identity.agent, policy }, [], true) : null);
  if (refusal === null) return null;
  const { refusalError } = await import('../render/refusals.js');
  return refusalError(refusal, context.now());
}

export function asCoordError(error: unknown): CoordError {
  if (error instanceof CoordError) return error;
  const { message, code, stack, syscall, path } = error as NodeJS.ErrnoException;
  // Node's recursive mkdir says ENOENT where a file system is read-only.
  if (code === 'EROFS' || (code === 'ENOENT' && syscall === 'mkdir')) {
    return new CoordError('unavailable', `read-only file system: ${path ?? message} cannot be written`, {
      hint: 'nothing was changed; let the sandbox write the git directory (docs/guards.md says how), then repeat',
      cause: error,
    });
  }
  if (FILE_SYSTEM_REFUSALS.includes(code ?? '')) {
    return new CoordError('unavailable', `the file system refused: ${message}`, {
      hint: 'nothing was changed; check permissions and disk space, then repeat',
      cause: error,
    });
  }
  if (code === 'E2BIG') {
    return new CoordError('usage', 'an argument is longer than the system allows', {
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
  'ENOSPC',
  'EDQUOT',
  'EMFILE',
  'ENFILE',
  'EFBIG',
  'ENOMEM',
  'EAGAIN',
  'EIO',
];
