import { randomBytes } from 'node:crypto';
import { untrackedAllowed } from '../../config/deploys.js';
import { type Candidate, candidatesOn, type Deployments, type SyncEvidence } from '../../domain/deploy/records.js';
import { judgeSync, type SyncFacts, type SyncVerdict } from '../../domain/sync/sync.js';
import type { CoordError } from '../../errors.js';
import { commitsMissing, shallowBoundary } from '../../git/history.js';
import { trueGit } from '../../git/porcelain.js';
import { isAncestor } from '../../git/refs.js';
import {
  headMoved,
  neverRan,
  notAtRollback,
  notCleanHint,
  notOnMain,
  notPushed,
  type Undone,
  undoes,
  unknownCommit,
} from '../../render/deploy/refusals.js';
import { syncError, syncFacts } from '../../workspace/sync-facts.js';
import type { DeployContext } from './context.js';

/** HEAD is current, in a clean tree; or for a rollback, at the commit that is on the main branch still. */
export interface InSync {
  readonly finding: string;
  readonly evidence: SyncEvidence;
}

/** What lies here, beside the main branch as the authority has fetched it. */
export async function factsHere({ context, authority, options }: DeployContext): Promise<SyncFacts> {
  const { mainRemote, mainBranch, surface } = authority.config;
  return syncFacts(context, {
    ...{ mainRemote, mainBranch, surface, requireClean: true },
    // What is authorised and recorded is the commit; what is deployed is what lies here.
    untracked: untrackedAllowed(authority.config, options.target),
    upstream: authority.upstream,
  });
}

/** Whether what is here may be deployed. @returns why not, as an error. */
export async function checkInSync(
  { context, authority, options, commit }: DeployContext,
  facts: SyncFacts,
): Promise<InSync | CoordError> {
  const { head } = facts;
  const rollback = options.action === 'rollback';
  const verdict = rollback ? judgeRollback(facts) : judgeSync(facts);
  if (!verdict.ok) {
    return syncError(verdict.reason === 'dirty' ? { ...verdict, hint: notCleanHint(options.target) } : verdict);
  }
  if (head !== commit) return rollback ? notAtRollback(head ?? '', commit) : headMoved(commit, head ?? '');
  const { commit: upstreamCommit, branch, fetchedAt } = authority.upstream;
  const upstream = `${facts.remote}/${branch}`;
  const evidence: SyncEvidence = { upstream, upstreamCommit, fetchedAt };
  const name = commit.slice(0, 7);
  if (!rollback) {
    return {
      finding: `HEAD ${name} contains all of ${upstream} (${upstreamCommit.slice(0, 7)}), tree clean`,
      evidence,
    };
  }
  const isOnMain = await isAncestor(trueGit(context), commit, upstreamCommit);
  if (isOnMain !== true) return notOnMain(commit, upstream, isOnMain === null);
  return { finding: `${name} is on ${upstream}, tree clean`, evidence };
}

/** For the way back it does not matter what HEAD lacks: only that this is known, and the tree clean. */
function judgeRollback(facts: SyncFacts): SyncVerdict {
  const { upstream } = facts;
  if (upstream.kind !== 'fetched') return judgeSync(facts);
  return judgeSync({ ...facts, upstream: { ...upstream, behind: 0, missing: [], dropped: null } });
}

/** HEAD is on the remote's main branch, so that others can see what runs. */
export async function checkPushed({ context, authority, config, commit }: DeployContext) {
  if (!config.requirePushed) return { finding: 'not required ("requirePushed": false)' };
  const upstream = `${authority.config.mainRemote}/${authority.upstream.branch}`;
  const git = trueGit(context);
  if ((await isAncestor(git, commit, authority.upstream.commit)) === true) return { finding: `it is on ${upstream}` };
  const own = await commitsMissing(git, { of: commit, from: authority.upstream.commit });
  return notPushed(own, upstream, authority.config);
}

/** HEAD contains all that the target may run now; or for a rollback, the target has run the commit. */
export async function checkContained(
  deploy: DeployContext,
  deployments: Deployments,
): Promise<{ readonly finding: string } | CoordError> {
  const { context, options, commit } = deploy;
  const candidates = candidatesOn(deployments, options.target);
  if (options.action === 'rollback') return checkRollback(deploy, deployments, candidates);
  if (candidates.length === 0) return { finding: `nothing is known to run on ${options.target}: the first deploy` };
  const undone: Undone[] = [];
  for (const candidate of candidates) {
    const isContained = await contains(deploy, candidate.commit);
    if (isContained === null) return unknownCommit(candidate, options.target, context.now());
    if (!isContained) {
      const { count, newest } = await commitsMissing(trueGit(context), { of: candidate.commit, from: commit });
      undone.push({ candidate, count, newest });
    }
  }
  if (undone.length > 0) return undoes(undone, options, context.now());
  const names = candidates.map((candidate) => candidate.commit.slice(0, 7));
  const certain = names.length === 1 ? 'what runs now' : 'all that may run now';
  return { finding: `HEAD contains ${certain} (${names.join(', ')})` };
}

/** Whether the commit that is to be deployed contains this one; fetched where it is not here. null: cannot be known. */
async function contains({ context, authority, commit }: DeployContext, candidate: string): Promise<boolean | null> {
  const git = trueGit(context);
  const known = await isAncestor(git, candidate, commit);
  if (known === true) return true;
  // A shallow clone says no where the truth is that it does not reach so far back.
  if (shallowBoundary(context.repository).length > 0) return null;
  if (known === false) return false;
  const ref = `refs/worktree/coord/fetch-${randomBytes(8).toString('hex')}`;
  await context.remoteGit.fetch(authority.config.mainRemote, [`${candidate}:${ref}`]);
  await git(['update-ref', '-d', ref]);
  return isAncestor(git, candidate, commit);
}

async function checkRollback(deploy: DeployContext, { attempts }: Deployments, candidates: readonly Candidate[]) {
  const { options, commit, context } = deploy;
  const ran = attempts.filter(({ target, status }) => target === options.target && status === 'done');
  const known = [...new Set([...candidates, ...ran].map((candidate) => candidate.commit))];
  const git = trueGit(context);
  for (const other of known) {
    if ((await isAncestor(git, commit, other)) !== true) continue;
    const [live] = candidates;
    const back = live ? (await commitsMissing(git, { of: live.commit, from: commit })).count : 0;
    return { finding: `takes ${back} ${back === 1 ? 'commit' : 'commits'} back: "${options.reason}"` };
  }
  return neverRan(commit, options.target, known);
}
