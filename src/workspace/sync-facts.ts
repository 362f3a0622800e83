import { matches } from '../domain/ground/index.js';
import { patternTarget } from '../domain/ground/patterns.js';
import type { SyncFacts, SyncRefusal, UpstreamFacts } from '../domain/sync/sync.js';
import { CoordError } from '../errors.js';
import { recordLastFetch, recordTip } from '../git/main-branch.js';
import { fetchBranch, gatherSyncFacts, remoteTips } from '../git/upstream.js';
import { missingLines } from '../render/land.js';
import type { Workspace } from './workspace.js';

export interface SyncQuestion {
  /** The one that has the main branch. */
  readonly mainRemote: string;
  /** null: the remote is asked for its default branch. */
  readonly mainBranch: string | null;
  /** The paths that must have no uncommitted changes, as globs; empty: all. */
  readonly surface: readonly string[];
  readonly requireClean: boolean;
  /** Globs of the untracked files that may lie here: all others must be clean, on the surface or not. */
  readonly untracked?: readonly string[];
  /** What came of asking the remote shortly before, for this very HEAD: nothing is asked then. */
  readonly upstream?: UpstreamFacts;
}

/** Fetches the main branch, and gathers what tells whether HEAD contains it; remembers where it stood. */
export async function syncFacts(
  workspace: Workspace,
  { mainRemote: remote, mainBranch, surface, requireClean, untracked, upstream }: SyncQuestion,
): Promise<SyncFacts> {
  const options = { foldCase: workspace.repository.foldsCase };
  const patterns = (untracked ?? surface).map(patternTarget);
  const isListed = (path: string) => patterns.some((pattern) => matches(pattern, path, options));
  const facts = await gatherSyncFacts(workspace.repository, workspace.git, workspace.remoteGit, {
    remote,
    mainBranch: mainBranch ?? undefined,
    requireClean,
    covers: (path, tracked) => (untracked ? tracked || !isListed(path) : patterns.length === 0 || isListed(path)),
    allUntracked: untracked !== undefined,
    now: () => workspace.now(),
    upstream,
  });
  if (upstream === undefined && facts.upstream.kind === 'fetched') {
    const { branch, commit, fetchedAt: at } = facts.upstream;
    recordLastFetch(workspace.repository, { remote, branch, commit, at, isDefault: mainBranch === null });
  }
  return facts;
}

/**
 * Looks where the main branch stands, beside whatever else the remote is asked meanwhile, so that who is granted ground is
 * told of rules that have changed. Best effort: what cannot be known is as it was last fetched.
 */
export async function lookAtMain(workspace: Workspace): Promise<void> {
  const { repository, git } = workspace;
  const { main, remote } = await workspace.authority();
  if (!main?.branch.fetched || !(await workspace.config()).share) return;
  const branch = main.branch.name.slice(remote.length + 1);
  const there = (await remoteTips(workspace.remoteGit, remote, [branch]))?.tips[branch];
  if (there === undefined || there === main.branch.commit) return;
  const commit = await fetchBranch(repository, git, workspace.remoteGit, { remote, branch });
  if (commit === null) return;
  recordTip(repository, { remote, branch, commit, at: workspace.now() });
}

/** Why HEAD is not known to be in sync, with the commits that it lacks. */
export function syncError({ code, message, hint, reason, report }: SyncRefusal): CoordError {
  // Where the upstream dropped commits, it is those that HEAD has to part with.
  const lines = missingLines(report.rewritten ? { behind: report.dropped.length, missing: report.dropped } : report);
  return new CoordError(code, [message, ...lines].join('\n'), { hint, details: { reason, ...report } });
}
