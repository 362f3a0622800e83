import type { SyncEvidence } from '../../domain/deploy/records.js';
import { judgeSync, type SyncFacts, type SyncReport, type SyncVerdict } from '../../domain/sync/sync.js';
import { CoordError } from '../../errors.js';
import { commitsMissing } from '../../git/history.js';
import { trueGit } from '../../git/porcelain.js';
import { isAncestor } from '../../git/refs.js';
import { headMoved, notAtRollback, notOnMain, notPushed } from '../../render/deploy/refusals.js';
import { syncError, syncFacts } from '../sync-facts.js';
import type { Case } from './case.js';

/** HEAD is current, in a clean tree; or for a rollback, at the commit that is on the main branch still. */
export interface Current {
  readonly finding: string;
  readonly evidence: SyncEvidence;
}

/** Fetches the main branch, and looks whether what is here may be deployed. @returns why not, as an error. */
export async function lookAtSync(one: Case): Promise<Current | CoordError> {
  const { context, authority, order, commit } = one;
  const { remote, mainBranch, surface } = authority.config;
  // The file that says what a deploy needs belongs to what must be clean.
  const facts = await syncFacts(context, {
    remote,
    mainBranch,
    surface: surface.length === 0 ? [] : [...surface, 'coord.config.json'],
    requireClean: true,
    // What is authorised and recorded is the commit; what is deployed is what lies here.
    allTracked: true,
  });
  const verdict = order.action === 'rollback' ? judgeRollback(facts) : judgeSync(facts);
  if (!verdict.ok) return syncError(verdict);
  const { head, upstream, upstreamCommit, fetchedAt } = verdict.report;
  if (upstream === null || upstreamCommit === null || fetchedAt === null) {
    throw new CoordError('fault', 'in sync with a main branch that was not fetched');
  }
  if (head !== commit) {
    return order.action === 'rollback' ? notAtRollback(head ?? '', commit) : headMoved(commit, head ?? '');
  }
  const evidence: SyncEvidence = { upstream, upstreamCommit, fetchedAt };
  if (order.action === 'deploy') return { finding: foundInSync(verdict.report), evidence };
  const isOnMain = await isAncestor(trueGit(context), commit, upstreamCommit);
  if (isOnMain !== true) return notOnMain(commit, upstream, isOnMain === null);
  return { finding: `${commit.slice(0, 7)} is on ${upstream}, tree clean`, evidence };
}

/** For the way back it does not matter what HEAD lacks: only that this is known, and the tree clean. */
function judgeRollback(facts: SyncFacts): SyncVerdict {
  const { upstream } = facts;
  if (upstream.kind !== 'fetched') return judgeSync(facts);
  return judgeSync({ ...facts, upstream: { ...upstream, behind: 0, missing: [], dropped: null } });
}

function foundInSync({ head, upstream, upstreamCommit }: SyncReport): string {
  return `HEAD ${head?.slice(0, 7)} contains all of ${upstream} (${upstreamCommit?.slice(0, 7)}), tree clean`;
}

/** HEAD is on the remote's main branch, so that others can see what runs. */
export async function lookAtPushed({ context, authority, config, commit }: Case, current: Current) {
  if (!config.requirePushed) return { finding: 'not required ("requirePushed": false)' };
  const { upstream, upstreamCommit } = current.evidence;
  const git = trueGit(context);
  if ((await isAncestor(git, commit, upstreamCommit)) === true) return { finding: `it is on ${upstream}` };
  const own = await commitsMissing(git, { of: commit, from: upstreamCommit });
  return notPushed(own, upstream, authority.config);
}
