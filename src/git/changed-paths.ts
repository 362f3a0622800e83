import { type Git, gitFailed } from './run.js';

/**
 * Paths that differ between two commits, both names of a rename, submodules too; relative to the root, NFC, each once.
 * Nothing in the settings of the user or of the repository hides one.
 */
export async function pathsBetween(git: Git, from: string, to: string): Promise<string[]> {
  const args = ['diff-tree', '-r', '-z', '--name-only', '--no-renames', '--ignore-submodules=none', from, to, '--'];
  const result = await git(args, { env: { GIT_NO_REPLACE_OBJECTS: '1' } });
  if (result.code !== 0) throw gitFailed(args, result);
  const names = result.stdout.toString('utf8').split('\0').slice(0, -1);
  return [...new Set(names.map((name) => name.normalize('NFC')))];
}

/** A best common ancestor; null when there is none. */
export async function mergeBase(git: Git, a: string, b: string): Promise<string | null> {
  const args = ['merge-base', a, b];
  const result = await git(args, { env: { GIT_NO_REPLACE_OBJECTS: '1' } });
  if (result.code > 1) throw gitFailed(args, result);
  return result.code === 0 ? result.stdout.toString('utf8').trim() : null;
}
