import { groundOf } from '../../domain/claims/conflicts.js';
import { matches } from '../../domain/ground/index.js';
import type { Claim } from '../../domain/model.js';
import { submissionsIn } from '../../domain/submissions/landed.js';
import type { Task } from '../../domain/tasks/task.js';
import { mainBranchAsFetched } from '../../git/main-branch.js';
import { isAncestor } from '../../git/refs.js';
import type { GitStore } from '../../store/swap/git-store.js';
import { transact } from '../../store/swap/transact.js';
import type { Context, RequestStart } from '../../workspace/context.js';

/**
 * After a release: ends what this agent has integrated on that ground and what has come to the main branch otherwise than by
 * `coord land`, such as by a merge here, where nothing is shared.
 * @returns the tasks that it ended
 */
export async function endIntegrated(
  context: Context,
  store: GitStore,
  base: RequestStart,
  released: readonly Claim[],
  commit: string | null,
): Promise<readonly Task[]> {
  const { state } = await store.read(['submissions']);
  const options = { foldCase: context.repository.foldsCase };
  const covers = (path: string) => released.some((claim) => matches(groundOf(claim), path, options));
  const submissions = submissionsIn(state, base.agent, covers);
  if (commit === null || submissions.length === 0) return [];
  const { remote, mainBranch } = await context.config();
  const main = await mainBranchAsFetched(context.repository, context.git, { remote, mainBranch });
  if (main === null || (await isAncestor(context.git, commit, main.commit)) !== true) return [];
  const ids = submissions.map(({ id }) => id);
  const again = { ...base, operation: context.newId(), requestId: null };
  const request = { kind: 'submissions-landed' as const, ...again, submissions: ids, commit };
  const decision = await transact(store, request, context.effects);
  return decision.ok ? decision.result.done : [];
}
