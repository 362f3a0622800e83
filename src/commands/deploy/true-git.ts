import type { Context } from '../../context.js';
import { trueHistory } from '../../git/porcelain.js';
import type { Git } from '../../git/run.js';

/** Git that sees the commits as they were made: no replacement of this clone hides what is contained in what. */
export function trueGit({ git, repository }: Context): Git {
  return (args, options) => git(args, { ...options, env: { ...options?.env, ...trueHistory(repository) } });
}
