import type { ObjectDatabase } from './objects.js';
import { type Git, gitText } from './run.js';

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
