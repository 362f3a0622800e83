import type { Rename } from '../domain/claim-requests.js';
import type { Git } from './run.js';

/**
 * The paths that were renamed between each base and the commit, as git's similarity detection sees it. A base that this
 * clone no longer has tells nothing.
 */
export async function renamesSince(
  git: Git,
  bases: readonly (string | null)[],
  commit: string | null,
): Promise<readonly Rename[]> {
  const known = [...new Set(bases)].filter((base) => base !== null && base !== commit) as string[];
  if (commit === null) return [];
  const found = await Promise.all(known.map((base) => renamesBetween(git, base, commit)));
  return found.flat();
}

async function renamesBetween(git: Git, base: string, commit: string): Promise<Rename[]> {
  const args = [
    'diff',
    '--name-status',
    '-z',
    '--find-renames',
    '--diff-filter=R',
    '--no-ext-diff',
    base,
    commit,
    '--',
  ];
  const { code, stdout } = await git(args);
  if (code !== 0) return [];
  const fields = stdout.toString('utf8').split('\0').slice(0, -1);
  const renames: Rename[] = [];
  for (let index = 0; index + 2 < fields.length; index += 3) {
    const [from = '', to = ''] = fields.slice(index + 1, index + 3).map((path) => path.normalize('NFC'));
    renames.push({ base, from, to });
  }
  return renames;
}
