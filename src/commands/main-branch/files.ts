import { posix } from 'node:path';
import type { Context } from '../../context.js';
import { usage } from '../../errors.js';
import { type CommitFile, filesAt, textsOf } from '../../git/files.js';
import { type MainBranch, mainBranchAsFetched } from '../../git/main-branch.js';

/** Larger files are named, not read. */
export const MOST_BYTES_READ = 1_000_000;

export interface MainFile extends CommitFile {
  /** null: too large to be read. */
  readonly text: string | null;
}

/** Files of the main branch as last fetched. */
export interface MainFiles {
  readonly branch: MainBranch;
  readonly files: readonly MainFile[];
}

/** The main branch as last fetched; null where there is none. */
export async function mainBranch(context: Context): Promise<MainBranch | null> {
  return mainBranchAsFetched(context.repository, context.git, await context.config());
}

/** What the main branch as last fetched has at these paths (folders with all below them), in at most two git processes. */
export async function readMainFiles(context: Context, paths: readonly string[]): Promise<MainFiles | null> {
  const branch = await mainBranch(context);
  if (branch === null) return null;
  const listed = await filesAt(context.git, branch.commit, paths);
  const texts = await textsOf(
    context.objects,
    listed.filter(({ bytes }) => bytes <= MOST_BYTES_READ),
  );
  return { branch, files: listed.map((file) => ({ ...file, text: texts.get(file.path) ?? null })) };
}

/** The folder of the rules, as this worktree's configuration has it. */
export async function rulesFolder(context: Context): Promise<string> {
  return insidePath('rules', (await context.config()).rules);
}

/**
 * A path of the configuration, relative to the root, in plain form.
 * @throws CoordError `usage` when it is not inside the repository.
 */
export function insidePath(key: string, path: string): string {
  const plain = posix.normalize(path).replace(/\/+$/, '').normalize('NFC');
  if (plain !== '.' && plain !== '..' && !plain.startsWith('../') && !plain.startsWith('/')) return plain;
  throw usage(`${key} is not inside the repository: ${JSON.stringify(path)}`, `mend "${key}" in coord.config.json`);
}
