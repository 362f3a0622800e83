import { lstatSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import type { ObjectDatabase } from './objects.js';
import type { Repository } from './repository.js';
import { type Git, gitList } from './run.js';
import { chunks, type TreeFile } from './scratch-index.js';

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
  const listing = await gitList(git, args, { env: { GIT_LITERAL_PATHSPECS: '1' } });
  return listing.flatMap((line) => {
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
    for (const line of await gitList(git, args, { env: { GIT_LITERAL_PATHSPECS: '1' } })) {
      const [mode = '', , id = ''] = line.slice(0, line.indexOf('\t')).split(' ');
      files.set(line.slice(line.indexOf('\t') + 1), { mode, id });
    }
  }
  return files;
}

/** One entry of a git tree. */
export interface TreeEntry {
  /** Octal mode as git writes it: `100644` for a file, `40000` for a folder. */
  readonly mode: string;
  readonly id: string;
}

/** Name → entry of a tree object's body. */
export function parseTree(body: Buffer, idBytes: number): Map<string, TreeEntry> {
  const entries = new Map<string, TreeEntry>();
  for (let at = 0; at < body.length; ) {
    const space = body.indexOf(0x20, at);
    const end = body.indexOf(0, space);
    const mode = body.toString('latin1', at, space);
    const id = body.toString('hex', end + 1, end + 1 + idBytes);
    entries.set(body.toString('utf8', space + 1, end), { mode, id });
    at = end + 1 + idBytes;
  }
  return entries;
}

/** The body of a tree object; git wants folders sorted as if their names ended in `/`. */
export function treeBody(entries: ReadonlyMap<string, TreeEntry>): Buffer {
  const sortKey = ([name, entry]: readonly [string, TreeEntry]) =>
    Buffer.from(entry.mode === '40000' ? `${name}/` : name);
  const sorted = [...entries].sort((a, b) => Buffer.compare(sortKey(a), sortKey(b)));
  return Buffer.concat(
    sorted.flatMap(([name, entry]) => [Buffer.from(`${entry.mode} ${name}\0`), Buffer.from(entry.id, 'hex')]),
  );
}

export interface WorktreeFile {
  readonly bytes: number;
  /** null: larger than asked for, or no text. */
  readonly text: string | null;
}

/**
 * A file of the worktree, relative to its root; null when there is no such file, or it leads out of the repository or into `.git`.
 * @param most bytes; a larger file is not read
 */
export function readWorktreeFile(root: string, file: string, most: number): WorktreeFile | null {
  try {
    const real = realpathSync(join(root, file));
    const stats = statSync(real);
    const path = relative(root, real).split(sep);
    if (!stats.isFile() || path[0] === '..' || path.some((segment) => /^\.git$/i.test(segment))) return null;
    if (stats.size > most) return { bytes: stats.size, text: null };
    const content = readFileSync(real);
    return { bytes: content.length, text: content.includes(0) ? null : content.toString('utf8') };
  } catch {
    return null;
  }
}

/** The regular files in a folder of the worktree and all below it, `/` between segments, NFC; none when it is not there. */
export function filesBelow(root: string, folder: string): string[] {
  try {
    if (!lstatSync(join(root, folder)).isDirectory()) return [];
    return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/').normalize('NFC'));
  } catch {
    return [];
  }
}
