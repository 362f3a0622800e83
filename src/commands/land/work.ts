import { CONFIG_FILE } from '../../config/load.js';
import type { LandRequest } from '../../domain/claims/land.js';
import { patternTarget } from '../../domain/ground/patterns.js';
import type { Target } from '../../domain/ground/targets.js';
import { coord } from '../../domain/suggestion.js';
import { judgeSync, type SyncRefusal, type SyncVerdict } from '../../domain/sync/sync.js';
import { CoordError, usage } from '../../errors.js';
import { mergeBase, pathsBetween } from '../../git/changes.js';
import type { Context } from '../../workspace/context.js';
import { configAt } from '../../workspace/main-branch.js';
import { syncFacts } from '../../workspace/sync-facts.js';

/** HEAD, and the remote's main branch as it has just been fetched. */
export interface Work {
  readonly head: string;
  readonly remote: string;
  /** Short name of the main branch. */
  readonly branch: string;
  /** The commit at its tip. */
  readonly main: string;
  /** Commits that HEAD has and the main branch lacks. */
  readonly ahead: number;
  readonly behind: number;
}

/** `work` is null when it cannot be known how the two stand to each other; the verdict says why. */
export type WorkRead =
  | { readonly verdict: SyncVerdict; readonly work: Work }
  | { readonly verdict: SyncRefusal; readonly work: null };

/** Fetches the main branch, and judges whether HEAD contains it. */
export async function readWork(context: Context): Promise<WorkRead> {
  const { remote, mainBranch } = await context.config();
  const facts = await syncFacts(context, { remote, mainBranch, surface: [], requireClean: false });
  // What lands is the commit, whatever is checked out in submodules.
  const verdict = judgeSync({ ...facts, submodules: [] });
  const { head, upstream } = facts;
  if (upstream.kind === 'fetched' && head !== null) {
    const { branch, commit: main, ahead, behind } = upstream;
    const known = verdict.ok || verdict.reason === 'behind' || verdict.reason === 'diverged';
    if (known) return { verdict, work: { head, remote, branch, main, ahead, behind } };
  }
  if (verdict.ok) throw new CoordError('fault', 'HEAD was found in sync without a main branch');
  return { verdict, work: null };
}

/** The commit at the tip of the remote's main branch now; null when it cannot be known. */
export async function readMain(context: Context): Promise<string | null> {
  return (await readWork(context)).verdict.report.upstreamCommit;
}

/** @throws CoordError `usage` where there is no remote that arbitrates. */
export async function requireSharing(context: Context): Promise<void> {
  if ((await context.config()).share) return;
  throw usage(
    `nothing to land on: ${CONFIG_FILE} shares with no remote ("share": false)`,
    `merge it into your main branch yourself, then ${coord('release')}; or set "share": true where there is a remote`,
  );
}

/** The request to let this work land; its renames are added once the claims are known. */
export async function landRequest(
  context: Context,
  work: Work,
  tasks: readonly string[] | null = null,
): Promise<LandRequest> {
  const base = await context.requestBase();
  const from = await commonBase(context, work);
  return {
    ...base,
    // Landing twice is landing once, with or without an id.
    requestId: null,
    policy: { ...base.policy, surface: await surfaceOf(context, work.main) },
    kind: 'land',
    commit: work.head,
    branch: work.branch,
    from,
    paths: await pathsBetween(context.git, from, work.head),
    renames: [],
    tasks,
    open: {},
  };
}

async function commonBase(context: Context, { main, head, behind }: Work): Promise<string> {
  if (behind === 0) return main;
  const base = await mergeBase(context.git, main, head);
  if (base === null) throw new CoordError('fault', `${main} and ${head} lost their common history`);
  return base;
}

/** The surface as the main branch has it, so that no work can land by leaving itself out; else as it is here. */
async function surfaceOf(context: Context, main: string): Promise<readonly Target[]> {
  const onMain = await configAt(context, main).catch(() => null);
  const { surface } = onMain ?? (await context.config());
  return surface.map(patternTarget);
}
