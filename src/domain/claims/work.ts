import type { Target } from '../ground/targets.js';
import type { Release } from '../model.js';

/** Work that HEAD must have, and by what it is known to. */
export interface NeededWork extends Pick<Release, 'commit' | 'base' | 'changes'> {
  /** Under which the answer stands in `contains`. */
  readonly key: string;
  /** On which ground it is asked for; null: wherever it is. */
  readonly ground: Target | null;
}

/** Work of which only the commit is known. */
export function neededCommit(commit: string): NeededWork {
  return { key: commit, commit, base: null, changes: null, ground: null };
}

/** The work of these releases, which are on the ground of one target. */
export function neededWork(releases: readonly Release[], target: Target): NeededWork[] {
  return releases.map(({ commit, base, changes, token }) => {
    const key = `${commit} ${token} ${target.text}`;
    return { key, commit, base, changes, ground: target };
  });
}

/** Whether HEAD has the work, by the answers that were given. */
export function hasWork(
  { head, contains }: { readonly head: string | null; readonly contains: Readonly<Record<string, boolean>> },
  { key, commit }: NeededWork,
): boolean {
  return commit === head || contains[commit] === true || contains[key] === true;
}
