import { randomBytes } from 'node:crypto';
import { type Candidate, candidatesOn, type Deployments } from '../../domain/deploy/records.js';
import type { CoordError } from '../../errors.js';
import { commitsMissing, shallowBoundary } from '../../git/history.js';
import { trueGit } from '../../git/porcelain.js';
import { isAncestor } from '../../git/refs.js';
import type { Git } from '../../git/run.js';
import { neverRan, type Undone, undoes, unknownCommit } from '../../render/deploy/refusals.js';
import type { Case } from './case.js';

/** HEAD contains all that the target may run now; or for a rollback, the target has run the commit. */
export async function lookAtContained(
  one: Case,
  deployments: Deployments,
): Promise<{ readonly finding: string } | CoordError> {
  const candidates = candidatesOn(deployments, one.order.target);
  if (one.order.action === 'rollback') return lookAtRollback(one, deployments, candidates);
  if (candidates.length === 0) return { finding: `nothing is known to run on ${one.order.target}: the first deploy` };
  const undone: Undone[] = [];
  for (const candidate of candidates) {
    const isContained = await contains(one, candidate.commit);
    if (isContained === null) return unknownCommit(candidate, one.order.target, one.context.now());
    if (!isContained) {
      const { count, newest } = await commitsMissing(trueGit(one.context), { of: candidate.commit, from: one.commit });
      undone.push({ candidate, count, newest });
    }
  }
  if (undone.length > 0) return undoes(undone, one.order, one.context.now());
  const names = candidates.map(({ commit }) => commit.slice(0, 7));
  const certain = names.length === 1 ? 'what runs now' : 'all that may run now';
  return { finding: `HEAD contains ${certain} (${names.join(', ')})` };
}

/** Whether the commit that is to be deployed contains this one; fetched where it is not here. null: cannot be known. */
async function contains({ context, authority, commit }: Case, candidate: string): Promise<boolean | null> {
  const git = trueGit(context);
  const known = await isAncestor(git, candidate, commit);
  if (known === true) return true;
  // A shallow clone says no where the truth is that it does not reach so far back.
  if (shallowBoundary(context.repository).length > 0) return null;
  if (known === false) return false;
  const ref = `refs/worktree/coord/fetch-${randomBytes(8).toString('hex')}`;
  await context.remoteGit.fetch(authority.config.remote, [`${candidate}:${ref}`]);
  await git(['update-ref', '-d', ref]);
  return isAncestor(git, candidate, commit);
}

async function lookAtRollback(one: Case, { attempts }: Deployments, candidates: readonly Candidate[]) {
  const { order, commit, context } = one;
  const ran = attempts.filter(({ target, status }) => target === order.target && status === 'done');
  const known = [...new Set([...candidates, ...ran].map((candidate) => candidate.commit))];
  const git = trueGit(context);
  if (!(await hasRun(git, commit, known))) return neverRan(commit, order.target, known);
  const [live] = candidates;
  const back = live ? (await commitsMissing(git, { of: live.commit, from: commit })).count : 0;
  return { finding: `takes ${back} ${back === 1 ? 'commit' : 'commits'} back: "${order.reason}"` };
}

async function hasRun(git: Git, commit: string, known: readonly string[]): Promise<boolean> {
  for (const other of known) if ((await isAncestor(git, commit, other)) === true) return true;
  return false;
}
