import type { ClaimRequest } from '../../domain/claims/claim.js';
import type { Target } from '../../domain/ground/targets.js';
import type { Claim } from '../../domain/model.js';
import { coord, targetWords } from '../../domain/suggestion.js';
import { CoordError, usage } from '../../errors.js';
import { claimedLines } from '../../render/claims.js';
import type { AskedBy } from '../../render/refusals.js';
import type { GitStore } from '../../store/swap/git-store.js';
import { transact } from '../../store/swap/transact.js';
import type { Context } from '../../workspace/context.js';
import { changedRulesWarning } from '../../workspace/rules.js';
import { readWait } from '../durations.js';
import { readTargets, TARGET_OPTIONS } from '../target-input.js';
import type { Input, Verb } from '../verb.js';
import { refusedClaim } from '../waiting/queueing.js';
import {
  CLAIM_OPTIONS,
  checkOffline,
  claimRequest,
  OFFLINE_OPTION,
  offlineWarnings,
  transactHere,
  wideWarnings,
} from './claim-request.js';
import { slipWarnings } from './slips.js';

export const claim: Verb = {
  arguments: [['<target...>', 'paths, directories, globs or @resources; all are granted, or none']],
  options: [
    ...CLAIM_OPTIONS,
    ['--wait [duration]', 'wait your turn, first come first served; at most 9m unless the config says otherwise'],
    ['--take-over', 'take it from whoever holds it, before its time is over; needs --reason'],
    OFFLINE_OPTION,
    ...TARGET_OPTIONS,
  ],
  examples: [
    ['coord claim src/api --reason "pagination"', 'claim a directory for the default time'],
    ["coord claim 'src/**/*.test.ts' @db/main --ttl 1h", 'a glob and a resource, both or neither'],
    ['coord claim src/api/users.ts --wait=5m', 'wait your turn, for at most five minutes'],
    ['coord claim src/api --take-over --reason "maya\'s machine died"', 'take it now; the former holder is told why'],
  ],
  notes: [
    'What has expired is simply claimed. With --take-over, whoever held any of the paths loses that whole claim,',
    'is told so by its next command, and has an older token; nobody in the queue comes first.',
  ],
  async run(context, input) {
    const targets = await readTargets(context, input, input.list(0));
    const seconds = readWait(input, await context.config());
    if (input.flag('takeOver')) {
      if (seconds !== null) throw usage('--wait and --take-over exclude each other', 'use one');
      if (input.flag('offline'))
        throw usage('--offline and --take-over exclude each other', 'a claim is taken over where all clones see it');
      return (await import('./take-over.js')).takeOver(context, input, targets);
    }
    await checkOffline(context, input);
    const store = await context.store();
    const request = await claimRequest(context, input, store, targets);
    const claims = input.flag('offline')
      ? await claimOffline(context, input, request)
      : await claimOrWait(context, store, request, seconds).catch((error: unknown) => {
          throw offlineInstead(error, targets);
        });
    if (claims instanceof CoordError) return claims;
    const now = context.now();
    return {
      data: { claims },
      text: (style) => claimedLines(claims, now, style),
      warnings: [
        ...(await offlineWarnings(context, input, claims)),
        ...(await slipWarnings(context, claims)),
        ...(await wideWarnings(context, claims)),
        ...(await changedRulesWarning(context, request.rules)),
      ],
    };
  },
};

/** Where the remote cannot be reached, the claim that this clone can grant alone is named. */
function offlineInstead(error: unknown, targets: readonly Target[]): unknown {
  if (!(error instanceof CoordError) || error.alternative === undefined || error.code !== 'unavailable') return error;
  const { code, message, hint = '', details } = error;
  const alternative = {
    why: 'claim it in this clone alone, until the remote confirms it',
    command: coord(`claim ${targetWords(targets)} --offline`),
  };
  return new CoordError(code, message, { hint, alternative, details, cause: error });
}

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
  again?: AskedBy,
): Promise<readonly Claim[] | CoordError> {
  if (waitSeconds !== null) {
    const { waitForTurn } = await import('../waiting/queueing.js');
    return waitForTurn(context, store, request, { seconds: waitSeconds, passive: false, ...(again ? { again } : {}) });
  }
  const decision = await transact(store, request, context.effects);
  if (decision.ok) return decision.result.claims;
  const refused = await refusedClaim(context, decision.refusal, again);
  if (decision.refusal.reason !== 'held') return refused;
  const { withNextTask } = await import('../tasks/tasks.js');
  const { withPathsNearby } = await import('./slips.js');
  return withNextTask(context, store, await withPathsNearby(context, store, request, refused));
}
