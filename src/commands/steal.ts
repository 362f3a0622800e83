import { claimedLines } from '../render/claims.js';
import { stealRefused, takenOverLines, unreleasedWorkWarnings } from '../render/takeover.js';
import { transact } from '../store/transact.js';
import { CLAIM_OPTIONS, claimRequest } from './claim-request.js';
import { changedRulesWarning } from './rules/loaded.js';
import { readTargets, TARGET_OPTIONS } from './target-input.js';
import { requiredReason } from './text-input.js';
import type { Verb } from './verb.js';
import { wideWarnings } from './wide.js';

export const steal: Verb = {
  arguments: [['<target...>', 'ground to take over; all of it is granted, or none']],
  options: [['--force', 'before its time is over; needs --reason'], ...CLAIM_OPTIONS, ...TARGET_OPTIONS],
  examples: [
    ['coord steal src/api', 'take over what has expired, once the tolerance for clocks is over too'],
    ['coord steal src/api --force --reason "maya\'s machine died"', 'take it now; the former holder is told why'],
  ],
  notes: [
    'Whoever held any of the ground loses that whole claim, is told so by its next command, and has an older token.',
    'Free ground is claimed as by coord claim. With --force, nobody in the queue comes first.',
  ],
  async run(context, input) {
    const targets = readTargets(context, input, input.list(0));
    const force = input.flag('force');
    if (force) requiredReason(input.text('reason'), 'the former holder is told it');
    const store = await context.store();
    const claim = await claimRequest(context, input, store, targets);
    const { operation, agent, session, policy, requestId = null } = claim;
    const decision = await transact(
      store,
      { kind: 'steal', operation, agent, session, policy, requestId, claim, force },
      context.surroundings,
    );
    const now = context.now();
    if (!decision.ok) return stealRefused(decision.refusal, policy, now);
    const { claims, takenOver } = decision.result;
    return {
      data: { claims, takenOver },
      text: (style) => [...takenOverLines(takenOver, now, style), ...claimedLines(claims, now, style)],
      warnings: [
        ...unreleasedWorkWarnings(takenOver),
        ...(await wideWarnings(context, claims)),
        ...(await changedRulesWarning(context, claim.rules)),
      ],
    };
  },
};
