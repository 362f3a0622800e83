import { type Git, gitText } from './run.js';
import { chunks, type TreeFile } from './scratch-index.js';

/** What a commit has at exactly these paths, in the spelling of git; null: a commit that is not there yet. */
export async function filesAtPaths(
  git: Git,
  commit: string | null,
  paths: readonly string[],
): Promise<ReadonlyMap<string, TreeFile>> {
  const files = new Map<string, TreeFile>();
  if (commit === null) return files;
  for (const some of chunks(paths)) {
    const args = ['ls-tree', '-z', '--full-tree', commit, '--', ...some];
    const listing = await gitText(git, args, { env: { GIT_LITERAL_PATHSPECS: '1' } });
    for (const line of listing.split('\0').filter((entry) => entry !== '')) {
      const [mode = '', , id = ''] = line.slice(0, line.indexOf('\t')).split(' ');
      files.set(line.slice(line.indexOf('\t') + 1), { mode, id });
    }
  }
  return files;
}
