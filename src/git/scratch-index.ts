import { copyFileSync, mkdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { coord } from '../domain/suggestion.js';
import { oneLine } from '../domain/text.js';
import { type CoordError, usage } from '../errors.js';
import { objectId } from './objects.js';
import type { Repository } from './repository.js';
import { type Git, gitFailed, gitText } from './run.js';

/** One side of a changed path, as git keeps it; null where there is nothing. */
export interface TreeFile {
  /** `100644`, `100755`, `120000` for a symbolic link, `160000` for a submodule. */
  readonly mode: string;
  readonly id: string;
}

export interface ChangedFile {
  /** As git has it, not normalised. */
  readonly path: string;
  readonly from: TreeFile | null;
  readonly to: TreeFile | null;
}

/**
 * An index beside that of the user, in which git says what the worktree holds, and how files would be written to it, with
 * all of its rules for line ends, filters and modes; nothing of the user's own is touched.
 */
export class ScratchIndex {
  private readonly path: string;
  private readonly env: Readonly<Record<string, string>>;

  /** @param id makes its name unlike every other's */
  constructor(
    private readonly repository: Repository,
    private readonly git: Git,
    id: string,
  ) {
    this.path = join(repository.gitDir, `coord-index-${id}`);
    this.env = { GIT_INDEX_FILE: this.path, GIT_LITERAL_PATHSPECS: '1' };
  }

  /** Begins with what the user's index knows, so that unchanged files need not be read. */
  copyFromUser(): void {
    const own = join(this.repository.gitDir, 'index');
    try {
      copyFileSync(own, this.path);
      // Git takes a file that is as new as its index for possibly changed: the copy must not look younger.
      const seconds = Math.floor(statSync(own).mtimeMs / 1000);
      utimesSync(this.path, seconds, seconds);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }

  /** Begins with what a commit holds; null: nothing. */
  async copyFromCommit(commit: string | null): Promise<void> {
    await this.text(commit === null ? ['read-tree', '--empty'] : ['read-tree', commit]);
  }

  /** Takes these paths as they are in the worktree; what is gone there is removed. Paths must be files, or gone. */
  async takeFromWorktree(paths: readonly string[]): Promise<void> {
    if (paths.length === 0) return;
    // What is to be handed over must be on the disk before the branch says that it is there.
    const args = ['-c', 'core.fsync=committed', 'update-index', '-z', '--add', '--remove', '--replace', '--stdin'];
    await this.text(args, nulEnded(paths));
  }

  /**
   * Puts these objects at these paths; null removes.
   * @throws CoordError `usage` where git takes no file of such a name, as `.git` in another spelling
   */
  async put(files: readonly { readonly path: string; readonly file: TreeFile | null }[]): Promise<void> {
    const zero = '0'.repeat(this.repository.objectFormat === 'sha256' ? 64 : 40);
    const lines = files.map(({ path, file }) => `${file?.mode ?? '0'} ${file?.id ?? zero}\t${path}`);
    const args = ['update-index', '-z', '--add', '--replace', '--index-info'];
    const result = await this.git(args, { env: this.env, input: nulEnded(lines) });
    const ignored = /^Ignoring path (.*)$/m.exec(result.stderr)?.[1];
    if (ignored !== undefined) throw notTaken(ignored);
    if (result.code !== 0) throw gitFailed(args, result);
  }

  /** Where it differs from a commit, at these paths and all below them. */
  async changesSince(commit: string | null, paths: readonly string[]): Promise<ChangedFile[]> {
    const changes: ChangedFile[][] = [];
    for (const some of chunks(paths)) {
      const args = ['diff-index', '--cached', '--raw', '-z', '--no-abbrev', '--no-renames', this.tree(commit)];
      changes.push(rawChanges(await this.text([...args, '--', ...some])));
    }
    return changes.flat();
  }

  /** The difference to a commit at these paths, as git prints it with these options. */
  async diff(commit: string | null, paths: readonly string[], ...options: readonly string[]): Promise<string> {
    const parts: string[] = [];
    for (const some of chunks(paths)) {
      const args = ['diff-index', '--cached', ...options, '--no-renames', '--no-ext-diff', '--no-textconv'];
      parts.push(await this.text([...args, '--no-color', this.tree(commit), '--', ...some]));
    }
    return parts.join('');
  }

  /**
   * Writes these files, as they would stand in the worktree, below a folder that is not there yet.
   * @throws CoordError `usage` where git writes one of them not: a filter fails, or another file stands where its folder would
   */
  async writeBelow(folder: string, paths: readonly string[]): Promise<void> {
    if (paths.length === 0) return;
    const args = ['checkout-index', '-z', `--prefix=${folder}/`, '--stdin'];
    const { code, stderr } = await this.git(args, { env: this.env, input: nulEnded(paths) });
    if (code !== 0) throw notTaken((stderr.split('\n')[0] ?? '').replace(/^git checkout-index: /, ''));
  }

  /** Takes it away again. */
  remove(): void {
    for (const path of [this.path, `${this.path}.lock`]) rmSync(path, { force: true });
  }

  private tree(commit: string | null): string {
    return commit ?? objectId(this.repository, 'tree', Buffer.alloc(0));
  }

  private text(args: readonly string[], input?: string): Promise<string> {
    return gitText(this.git, args, { env: this.env, ...(input === undefined ? {} : { input }) });
  }
}

function notTaken(what: string): CoordError {
  return usage(
    `git does not write such a file: ${oneLine(what)}`,
    `look at what was submitted: ${coord('integrate --all')}`,
  );
}

function nulEnded(words: readonly string[]): string {
  return words.map((word) => `${word}\0`).join('');
}

/** A command line can hold so many paths. */
const PATHS_AT_ONCE = 100;

export function* chunks<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < all.length; at += PATHS_AT_ONCE) yield all.slice(at, at + PATHS_AT_ONCE);
}

function rawChanges(raw: string): ChangedFile[] {
  const words = raw.split('\0').filter((word) => word !== '');
  const changes: ChangedFile[] = [];
  for (let at = 0; at + 1 < words.length; at += 2) {
    const [fromMode = '', toMode = '', from = '', to = ''] = (words[at] ?? '').slice(1).split(' ');
    changes.push({ path: words[at + 1] ?? '', from: fileOf(fromMode, from), to: fileOf(toMode, to) });
  }
  return changes;
}

function fileOf(mode: string, id: string): TreeFile | null {
  return /^0+$/.test(mode) ? null : { mode, id };
}

export interface MergedText {
  readonly content: Buffer;
  /** How many places need a decision, and are marked. */
  readonly conflicts: number;
}

/** The three versions of a text, and what the marks of conflict call them. */
export interface ThreeVersions {
  readonly ours: Buffer;
  readonly base: Buffer;
  readonly theirs: Buffer;
  readonly names: { readonly ours: string; readonly base: string; readonly theirs: string };
}

/** Merges three versions of a text as git does. @param id makes the folder for them unlike every other */
export async function mergeTexts(
  { gitDir }: Pick<Repository, 'gitDir'>,
  git: Git,
  { ours, base, theirs, names }: ThreeVersions,
  id: string,
): Promise<MergedText> {
  const folder = join(gitDir, `coord-merge-${id}`);
  mkdirSync(folder);
  try {
    const file = (name: string, content: Buffer) => {
      writeFileSync(join(folder, name), content);
      return join(folder, name);
    };
    const files = [file('ours', ours), file('base', base), file('theirs', theirs)];
    const labels = ['-L', names.ours, '-L', names.base, '-L', names.theirs];
    const args = ['merge-file', '-p', '-q', ...labels, ...files];
    const result = await git(args);
    // Up to 127 it is the number of conflicts; above that, git says that it could not do it.
    if (result.code > 127) throw gitFailed(args, result);
    return { content: result.stdout, conflicts: result.code };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
