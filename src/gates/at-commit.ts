import { matches } from '../domain/ground/index.js';
import { patternTarget } from '../domain/patterns.js';
import { oneLine } from '../domain/text.js';
import { dirtyPaths } from '../git/dirty.js';
import { readIndexEntries } from '../git/index-entries.js';
import { trueHistory } from '../git/porcelain.js';
import { readHead } from '../git/refs.js';
import type { Git } from '../git/run.js';
import type { Surroundings } from './surroundings.js';

/**
 * Why the working tree is not what is at the commit; null when it is. Untracked files count, except those that git
 * ignores and those in the scratch directories of workers; with `trackedOnly` they do not, since a program may write.
 */
export async function notAtCommit(
  { repository, git: anyGit }: Pick<Surroundings, 'repository' | 'git'>,
  commit: string,
  scratch: readonly string[],
  trackedOnly = false,
): Promise<string | null> {
  const git: Git = (args, options) =>
    anyGit(args, { ...options, env: { ...options?.env, ...trueHistory(repository) } });
  const head = await readHead(repository, git);
  if (head.commit !== commit) {
    return `HEAD is ${head.commit?.slice(0, 7) ?? 'on a branch without commits'}, not ${commit.slice(0, 7)}`;
  }
  const entries = await readIndexEntries(git);
  const free = scratch.map((pattern) => patternTarget(pattern.replaceAll('{agent}', '*')));
  const options = { foldCase: repository.foldsCase };
  const dirty = await dirtyPaths(repository, git, entries, (path, tracked) =>
    tracked ? true : !trackedOnly && !free.some((pattern) => matches(pattern, path, options)),
  );
  const [first, ...more] = dirty;
  if (first === undefined) return null;
  return `${oneLine(first)}${more.length > 0 ? ` and ${more.length} more` : ''} differ${more.length > 0 ? '' : 's'} from it`;
}
