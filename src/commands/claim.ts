import type { Context } from '../context.js';
import type { ClaimRequest } from '../domain/claim-requests.js';
import type { Claim } from '../domain/model.js';
import { CoordError } from '../errors.js';
import { claimedLines } from '../render/claims.js';
import type { GitStore } from '../store/git-store.js';
import { transact } from '../store/transact.js';
import { CLAIM_OPTIONS, claimRequest } from './claim-request.js';
import { readWait } from './durations.js';
import { checkOffline, OFFLINE_OPTION, offlineWarnings, transactHere } from './offline.js';
import { refusedClaim } from './refused.js';
import { changedRulesWarning } from './rules/loaded.js';
import { readTargets, TARGET_OPTIONS } from './target-input.js';
import type { Input, Verb } from './verb.js';
import { wideWarnings } from './wide.js';

export const claim: Verb = {
  arguments: [['<target...>', 'paths, directories, globs or @resources; all are granted, or none']],
  options: [
    ...CLAIM_OPTIONS,
    ['--wait [duration]', 'queue for it, first come first served; at most 9m unless the config says otherwise'],
    OFFLINE_OPTION,
    ...TARGET_OPTIONS,
  ],
  examples: [
    ['coord claim src/api --reason "pagination"', 'claim a directory for the default time'],
    ["coord claim 'src/**/*.test.ts' @db/main --ttl 1h", 'a glob and a resource, both or neither'],
    ['coord claim src/api/users.ts --wait=5m', 'wait your turn, for at most five minutes'],
  ],
  async run(context, input) {
    const targets = readTargets(context, input, input.list(0));
    await checkOffline(context, input);
    const seconds = readWait(input, await context.config());
    const store = await context.store();
    const request = await claimRequest(context, input, store, targets);
    const claims = input.flag('offline')
      ? await claimOffline(context, input, request)
      : await claimOrWait(context, store, request, seconds);
    if (claims instanceof CoordError) return claims;
    const now = context.now();
    return {
      data: { claims },
      text: (style) => claimedLines(claims, now, style),
      warnings: [
        ...(await offlineWarnings(context, input, claims)),
        ...(await wideWarnings(context, claims)),
        ...(await changedRulesWarning(context, request.rules)),
      ],
    };
  },
};

async function claimOffline(context: Context, input: Input, request: ClaimRequest) {
  const decision = await transactHere(context, input, request);
  return decision.ok ? decision.result.claims : refusedClaim(context, decision.refusal);
}

/** Claims at once, or after at most this many seconds in the queue; null: does not wait. */
export async function claimOrWait(
  context: Context,
  store: GitStore,
  request: ClaimRequest,
  waitSeconds: number | null,
): Promise<readonly Claim[] | CoordError> {
  if (waitSeconds !== null) {
    const { waitForTurn } = await import('./queueing.js');
    return waitForTurn(context, store, request, { seconds: waitSeconds, passive: false });
  }
  const decision = await transact(store, request, context.surroundings);
  return decision.ok ? decision.result.claims : refusedClaim(context, decision.refusal);
}
