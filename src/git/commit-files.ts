import type { ObjectDatabase } from './objects.js';
import type { Repository } from './repository.js';
import { type Git, gitText } from './run.js';
import { parseTree } from './trees.js';

/** A regular file at a commit. */
export interface CommitFile {
  /** Relative to the repository root, NFC. */
  readonly path: string;
  /** Object id of its content. */
  readonly id: string;
  readonly bytes: number;
}

const REGULAR_FILE = /^100\d{3}$/;

/** The regular files at these paths of a commit, folders with all below them; symbolic links and submodules are left out. */
export async function filesAt(git: Git, commit: string, paths: readonly string[]): Promise<CommitFile[]> {
  if (paths.length === 0) return [];
  const args = ['ls-tree', '-r', '-l', '-z', '--full-tree', commit, '--', ...paths];
  const listing = await gitText(git, args, { env: { GIT_LITERAL_PATHSPECS: '1' } });
  return listing.split('\0').flatMap((line) => {
    const [mode = '', , id = '', bytes = ''] = (line.split('\t')[0] ?? '').split(/ +/);
    const path = line.slice(line.indexOf('\t') + 1).normalize('NFC');
    return REGULAR_FILE.test(mode) ? [{ path, id, bytes: Number(bytes) }] : [];
  });
}

/** Path → content as text, of files that {@link filesAt} listed. */
export async function textsOf(
  objects: ObjectDatabase,
  files: readonly CommitFile[],
): Promise<ReadonlyMap<string, string>> {
  const found = await objects.read([...new Set(files.map(({ id }) => id))]);
  return new Map(files.map(({ path, id }) => [path, found.get(id)?.body.toString('utf8') ?? '']));
}

/**
 * The text of a file at the root of a commit; null when it has none there. What a pack holds is put beside it, so that the next to
 * read the same commit starts no git process.
 */
export async function rootFileText(
  objects: ObjectDatabase,
  { objectFormat }: Pick<Repository, 'objectFormat'>,
  commit: string,
  name: string,
): Promise<string | null> {
  const body = async (id: string) => (await objects.read([id], 'unpack')).get(id)?.body ?? Buffer.alloc(0);
  const tree = /^tree ([0-9a-f]+)\n/.exec((await body(commit)).toString('latin1'))?.[1];
  if (tree === undefined) return null;
  const entry = parseTree(await body(tree), objectFormat === 'sha256' ? 32 : 20).get(name);
  return entry && REGULAR_FILE.test(entry.mode) ? (await body(entry.id)).toString('utf8') : null;
}
