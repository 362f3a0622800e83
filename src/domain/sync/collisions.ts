/** Whose work it is. */
export interface WorkOf {
  readonly kind: 'worktree' | 'branch' | 'submission' | 'main';
  /** Who is recorded as working there; null: not known. */
  readonly agent: string | null;
  /** Absolute path of its worktree; null: it has none here. */
  readonly worktree: string | null;
  /** `feature`, or `origin/feature`; null: HEAD is detached, or there is no branch. */
  readonly branch: string | null;
}

/** What git said of merging two commits. */
export type MergeOutcome =
  | { readonly kind: 'clean' }
  | { readonly kind: 'conflict'; readonly paths: readonly ConflictPath[] }
  /** It could not be tried, and why. */
  | { readonly kind: 'unknown'; readonly why: string };

export interface ConflictPath {
  readonly path: string;
  /** Whether one side of it is a submodule, which only its own repository could merge. */
  readonly submodule: boolean;
}

/** What is predicted of two pieces of work. It speaks of the text: whether the merged program works is never known. */
export interface Forecast {
  readonly verdict: 'conflict' | 'clean' | 'unknown';
  /** Those that collide, or those of which nothing can be said. */
  readonly paths: readonly string[];
  /** Why nothing can be said; null otherwise. */
  readonly why: string | null;
}

/** A forecast, and whose work it is of. */
export interface Collision extends Forecast {
  /** Only with `--all`: the other side of the pair; else it is this worktree. */
  readonly of: WorkOf | null;
  readonly with: WorkOf;
  /** Whether something of it is in no commit yet. */
  readonly uncommitted: boolean;
}

export interface Prediction {
  readonly conflicts: readonly Collision[];
  /** Branches that were not looked at. */
  readonly left: number;
}

/**
 * What two pieces of work come to.
 *
 * @param driven paths that both have changed, and that a program of the user's would merge or convert (a merge, filter or
 * diff driver): what git says of them without it is worth nothing
 * @param unread paths of either that were not looked at, such as files that are too large
 */
export function forecastOf(outcome: MergeOutcome, driven: ReadonlySet<string>, unread: readonly string[]): Forecast {
  if (outcome.kind === 'unknown') return { verdict: 'unknown', paths: [], why: outcome.why };
  const paths = outcome.kind === 'conflict' ? outcome.paths : [];
  const certain = paths.filter(({ path, submodule }) => !submodule && !driven.has(path)).map(({ path }) => path);
  // A folder that one side renamed may collide without any one path being in conflict.
  const nameless = outcome.kind === 'conflict' && paths.length === 0;
  if (certain.length > 0 || nameless) return { verdict: 'conflict', paths: certain, why: null };
  const submodules = paths.filter(({ submodule }) => submodule).map(({ path }) => path);
  const doubtful = [...new Set([...driven, ...submodules, ...unread])].sort();
  if (doubtful.length === 0) return { verdict: 'clean', paths: [], why: null };
  const reasons = [
    driven.size > 0 ? 'a merge, filter or diff driver decides' : '',
    submodules.length > 0 ? 'a submodule was changed on both sides' : '',
    unread.length > 0 ? 'too large to be compared' : '',
  ].filter((reason) => reason !== '');
  return { verdict: 'unknown', paths: doubtful, why: reasons.join('; ') };
}
