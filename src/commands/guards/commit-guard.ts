import type { Context } from '../../context.js';
import { pathsOfCommit, readStaged, replayedCommit, type Staged } from '../../git/staged.js';
import type { ProtectedConfig } from '../main-branch/protected-config.js';
import { type Judgement, judgeChange } from './judge.js';

/** Judges the commit that git is about to make. */
export function judgeCommit(context: Context): Promise<Judgement> {
  const { repository, git, host } = context;
  const staged = readStaged(repository, git, host.env, host.cwd);
  return judgeChange(context, {
    paths: staged.then(({ paths }) => paths),
    kind: 'change',
    excused: async (config) => excusedPaths(context, await staged, config),
  });
}

/**
 * Paths that need no claim although the commit changes them: those that become what the main branch has already (a
 * squashed merge, a commit picked from it), and those of a commit that a rebase makes anew. That one was judged when it
 * was made, and is judged again before it reaches the main branch; to stop it half-way would only leave a rebase undone.
 */
export async function excusedPaths(
  context: Context,
  staged: Staged,
  { from }: ProtectedConfig,
): Promise<ReadonlySet<string>> {
  const replayed = replayedCommit(context.repository);
  const own = replayed === null ? [] : await pathsOfCommit(context.git, replayed);
  const main = from === null ? null : new Set(await staged.differing(from.commit));
  return new Set([...own, ...staged.paths.filter((path) => main !== null && !main.has(path))]);
}
