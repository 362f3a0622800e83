import { matches } from '../domain/ground/index.js';
import type { TargetKind } from '../domain/targets.js';
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
