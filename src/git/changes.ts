import type { Change } from '../domain/claims/release.js';
import { matches } from '../domain/ground/index.js';
import type { TargetKind } from '../domain/ground/targets.js';
import type { PathContent } from '../domain/model.js';
import { type Git, gitFailed, gitList, gitPaths } from './run.js';

/** As much of a claim as says which ground it is on. */
type Grounded = { readonly kind: TargetKind; readonly target: string };

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
  return (await gitList(git, args)).map((entry) => ({ path: entry.slice(3), isTracked: !entry.startsWith('??') }));
}

/**
 * Paths that differ between two commits, both names of a rename, submodules too; relative to the root, NFC, each once.
 * Nothing in the settings of the user or of the repository hides one.
 */
export async function pathsBetween(git: Git, from: string, to: string): Promise<string[]> {
  const args = ['diff-tree', '-r', '-z', '--name-only', '--no-renames', '--ignore-submodules=none', from, to, '--'];
  return gitPaths(git, args, { env: { GIT_NO_REPLACE_OBJECTS: '1' } });
}

/** A best common ancestor; null when there is none. */
export async function mergeBase(git: Git, a: string, b: string): Promise<string | null> {
  const args = ['merge-base', a, b];
  const result = await git(args, { env: { GIT_NO_REPLACE_OBJECTS: '1' } });
  if (result.code > 1) throw gitFailed(args, result);
  return result.code === 0 ? result.stdout.toString('utf8').trim() : null;
}

/** More paths than this are not told one by one. */
const MOST_CHANGES = 200;

/** As much of a claim as says what was changed under it. */
type WithBase = Grounded & { readonly base: string | null };

/**
 * What changed on the ground of each claim from its base to the commit, with what left it by a rename, as git's similarity
 * detection sees it.
 * @param from where to compare from in the place of the bases
 * @returns null where this clone cannot tell, or there is too much of it
 */
export async function changesSince(
  git: Git,
  claims: readonly WithBase[],
  commit: string | null,
  foldCase: boolean,
  from?: string,
): Promise<readonly Change[] | null> {
  const held = claims.filter(({ kind }) => kind !== 'resource');
  if (commit === null) return held.length === 0 ? [] : null;
  const changes: Change[] = [];
  for (const base of new Set(held.map((claim) => claim.base))) {
    if (base === null) return null;
    const all = await changesBetween(git, from ?? base, commit);
    if (all === null) return null;
    const ground = held.filter((claim) => claim.base === base);
    const isOn = (path: string) => onGround([path], ground, foldCase).length > 0;
    const own = all.filter((one) => isOn(one.path) || (one.from !== null && isOn(one.from)));
    changes.push(...own.map((one) => ({ base, ...one })));
  }
  return changes.length > MOST_CHANGES ? null : changes;
}

/** A path that differs between two commits, with what stands there in the later one. */
interface Changed extends PathContent {
  /** The name that it had before; null: the same, or it was not there. */
  readonly from: string | null;
}

export const ALL_ZERO = /^0+$/;

/** All paths that differ between two commits, both names of a rename; null where this clone lacks one of them. */
export async function changesBetween(git: Git, from: string, to: string): Promise<Changed[] | null> {
  const args = [
    'diff-tree',
    '-r',
    '-z',
    '--raw',
    '--no-abbrev',
    '--find-renames',
    '--ignore-submodules=none',
    from,
    to,
  ];
  const { code, stdout } = await git([...args, '--'], { env: { GIT_NO_REPLACE_OBJECTS: '1' } });
  if (code !== 0) return null;
  return readRaw(stdout).flatMap(({ id, names }): Changed[] => {
    const [first = '', second] = names.map((name) => name.normalize('NFC'));
    const blob = ALL_ZERO.test(id) ? null : id;
    if (second === undefined) return [{ path: first, blob, from: null }];
    return [
      { path: first, blob: null, from: null },
      { path: second, blob, from: first },
    ];
  });
}

/** The entries of git's raw format with -z: the new object id, and the names (two for a rename). */
export function readRaw(stdout: Buffer): { readonly id: string; readonly names: readonly string[] }[] {
  const fields = stdout.toString('utf8').split('\0');
  const entries: { id: string; names: string[] }[] = [];
  for (const field of fields) {
    const id = /^\n?:\d+ \d+ [0-9a-f]+ ([0-9a-f]+) [A-Z]\d*$/.exec(field)?.[1];
    if (id !== undefined) entries.push({ id, names: [] });
    else if (field !== '') entries.at(-1)?.names.push(field);
  }
  return entries;
}
