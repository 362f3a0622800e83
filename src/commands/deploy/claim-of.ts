import type { ClaimRequest } from '../../domain/claims/claim.js';
import { deployTarget } from '../../domain/ground/targets.js';
import type { GitStore } from '../../store/swap/git-store.js';
import { loadedRules } from '../rules/loaded.js';
import type { Case } from './case.js';

/** The request for the claim on the target that a deploy is made under. */
export async function targetClaim(
  { context, order, commit }: Case,
  store: GitStore,
  ttlSeconds: number,
): Promise<ClaimRequest> {
  return {
    kind: 'claim',
    ...(await context.requestBase()),
    targets: [{ target: deployTarget(order.target), ttlSeconds }],
    mode: 'exclusive',
    reason: `${order.action} ${commit.slice(0, 7)}${order.reason === null ? '' : `: ${order.reason}`}`,
    expectSeconds: null,
    head: commit,
    contains: {},
    // What HEAD must contain is decided on what runs there; a rollback contains less, on the record.
    allowBehind: order.action === 'rollback',
    reach: store.reach,
    rules: await loadedRules(context, store),
    ticket: null,
  };
}
