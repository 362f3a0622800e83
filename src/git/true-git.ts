import { trueHistory } from './porcelain.js';
import type { Repository } from './repository.js';
import type { Git } from './run.js';

/** Git that sees objects as they were made: no replacement of this clone hides what is contained in what. */
export function trueGit({ git, repository }: { readonly git: Git; readonly repository: Repository }): Git {
  return (args, options) => git(args, { ...options, env: { ...options?.env, ...trueHistory(repository) } });
}
