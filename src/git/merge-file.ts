import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Repository } from './repository.js';
import { type Git, gitFailed } from './run.js';

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
