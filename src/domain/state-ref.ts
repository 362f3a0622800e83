/** At the root of the repository, committed with the code: how coord is set up. */
export const CONFIG_FILE = 'coord.config.json';

/** The ref that carries the state, unless the project chose another: no branch, so no fetch, page or build host meets it. */
export const STATE_REF = 'refs/coord/state';
/** Taken at the first adoption where the remote's server accepts branches only. */
export const STATE_BRANCH = 'refs/heads/coord';
/** Below it stand the refs of one clone alone: what it saw last, and what waits for the remote. Nothing of it is pushed. */
export const PRIVATE_REFS = 'refs/coord-local/';

/** Where git, or coord, keeps refs of another kind. */
const OTHERS = ['tags', 'remotes', 'replace', 'notes', 'stash', 'bisect', 'worktree', 'rewritten', 'coord-local'];
const BRANCHES = 'refs/heads/';

/** As `git log` takes it, and people read it: `coord/state`; of a branch, its name. */
export function shortRef(ref: string): string {
  return ref.slice((isBranchRef(ref) ? BRANCHES : 'refs/').length);
}

/** Whether build hosts, pages and a plain `git fetch` see the ref. */
export function isBranchRef(ref: string): boolean {
  return ref.startsWith(BRANCHES);
}

/** Why the full name of a ref cannot be that of the state ref; null when it can, if git allows the name. */
export function problemOfStateRef(ref: string): string | null {
  const [refs, area = '', ...rest] = ref.split('/');
  if (refs !== 'refs' || rest.length === 0)
    return `must be the full name of a ref, such as ${STATE_REF} or ${STATE_BRANCH}`;
  if (OTHERS.includes(area) || ref.startsWith('refs/coord/archive/')) return 'must not be where other refs are kept';
  return null;
}

/** Refs that git cannot have beside one of this name, as `ls-remote` patterns: those below it, and those that it is below. */
export function refsInTheWay(ref: string): string[] {
  const segments = ref.split('/');
  const above = segments.slice(2, -1).map((_, at) => segments.slice(0, at + 3).join('/'));
  return [`${ref}/*`, ...above];
}
