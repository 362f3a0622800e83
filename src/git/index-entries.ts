import type { Git } from './run.js';
import { gitText } from './run.js';

export interface IndexEntry {
  /** Relative to the repository root. */
  readonly path: string;
  /** Octal file mode: `100644`, `100755`, `120000` (symbolic link), `160000` (submodule). */
  readonly mode: string;
  readonly id: string;
  readonly assumeUnchanged: boolean;
  readonly skipWorktree: boolean;
}

export const SUBMODULE_MODE = '160000';

/** All entries of the index of the worktree that `git` runs in. */
export async function readIndexEntries(git: Git): Promise<IndexEntry[]> {
  const text = await gitText(git, ['ls-files', '--full-name', '--stage', '-v', '-z']);
  return text.split('\0').flatMap((line) => {
    const [tag = '', mode = '', id = ''] = line.split(' ', 3);
    if (id === '') return [];
    return [
      {
        path: line.slice(line.indexOf('\t') + 1),
        mode,
        id,
        assumeUnchanged: tag !== tag.toUpperCase(),
        skipWorktree: tag.toUpperCase() === 'S',
      },
    ];
  });
}
