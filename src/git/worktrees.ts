import { statSync } from 'node:fs';
import { discoverRepository, type Repository } from './repository.js';
import { type Git, gitText } from './run.js';

/** The worktrees of a clone whose folders are there, this one first; a bare main worktree is none. */
export async function worktreesOf(repository: Repository, git: Git): Promise<Repository[]> {
  const listed = (await gitText(git, ['worktree', 'list', '--porcelain'])).split('\n');
  const roots = listed.flatMap((line) => (line.startsWith('worktree ') ? [line.slice('worktree '.length)] : []));
  const others = roots.flatMap((root) => repositoryOf(root, repository) ?? []);
  return [repository, ...others.filter(({ gitDir }) => gitDir !== repository.gitDir)];
}

/** null: nothing is there, or it belongs to another repository by now. */
function repositoryOf(root: string, { commonDir }: Repository): Repository | null {
  if (statSync(root, { throwIfNoEntry: false })?.isDirectory() !== true) return null;
  try {
    const found = discoverRepository(root);
    return found.commonDir === commonDir ? found : null;
  } catch {
    return null;
  }
}
