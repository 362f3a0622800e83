import type { Rename } from '../domain/claims/release.js';
import { matches } from '../domain/ground/index.js';
import type { TargetKind } from '../domain/ground/targets.js';
import { type Git, gitFailed } from './run.js';

/** As much of a claim as says which ground it is on. */
type Grounded = { readonly kind: TargetKind; readonly target: string };

/**
 * Paths with uncommitted changes (untracked ones too, ignored ones not) on the ground of these claims, relative to the
 * root. Both names of a rename count.
 */
export async function uncommittedPaths(git: Git, claims: readonly Grounded[], foldCase: boolean): Promise<string[]> {
  if (claims.every(({ kind }) => kind === 'resource')) return [];
  return onGround(await changedPaths(git), claims, foldCase);
}

/** Those of the paths that are on the ground of any of these claims. */
export function onGround(paths: readonly string[], claims: readonly Grounded[], foldCase: boolean): string[] {
  const grounds = claims.filter(({ kind }) => kind !== 'resource').map(({ kind, target }) => ({ kind, text: target }));
  return paths.filter((path) => grounds.some((ground) => matches(ground, path.normalize('NFC'), { foldCase })));
}

/** All paths that `git status` reports, untracked files one by one. */
export async function changedPaths(git: Git): Promise<string[]> {
  return (await statusEntries(git)).map(({ path }) => path);
}

/** One path that `git status` reports. */
export interface StatusEntry {
  readonly path: string;
  readonly isTracked: boolean;
}

/** What `git status` reports, untracked files one by one. */
export async function statusEntries(git: Git): Promise<StatusEntry[]> {
  const args = ['status', '--porcelain=v1', '-z', '--untracked-files=all', '--no-renames'];
  const result = await git(args);
  if (result.code !== 0) throw gitFailed(args, result);
  const entries = result.stdout.toString('utf8').split('\0');
  return entries
    .filter((entry) => entry.length > 3)
    .map((entry) => ({ path: entry.slice(3), isTracked: !entry.startsWith('??') }));
}

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
