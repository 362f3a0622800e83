import { claimedLines } from '../render/claims.js';
import { acceptRefused } from '../render/handoff.js';
import { transact } from '../store/transact.js';
import { changedRulesWarning, loadedRules } from './rules/loaded.js';
import { readTargets, TARGET_OPTIONS } from './target-input.js';
import type { Verb } from './verb.js';

export const accept: Verb = {
  arguments: [['[target...]', 'offered claims; all that are offered to you when none is named']],
  options: [
    ['--allow-behind', 'accept although HEAD lacks the work of the one who offers; goes on the record'],
    ...TARGET_OPTIONS,
  ],
  examples: [
    ['coord accept', 'take everything that is offered to you'],
    ['coord accept src/api', 'take one claim: same mode and time to live, a new token'],
  ],
  async run(context, input) {
    const texts = input.list(0);
    const store = await context.store();
    // Nothing to take is no refusal, so nothing else would ask the remote.
    await store.latest();
    const targets = texts.length === 0 ? null : readTargets(context, input, texts);
    const rules = await loadedRules(context, store);
    const decision = await transact(
      store,
      {
        kind: 'accept',
        ...(await context.requestBase()),
        targets,
        head: (await context.head()).commit,
        contains: {},
        allowBehind: input.flag('allowBehind'),
        reach: store.reach,
        rules,
      },
      context.surroundings,
    );
    const now = context.now();
    if (!decision.ok) return acceptRefused(decision.refusal, texts, now);
    const { claims, handedOver } = decision.result;
    return {
      data: { claims, handedOver },
      text: (style) =>
        claims.length === 0 ? 'nothing is offered to you' : claimedLines(claims, now, style, 'accepted'),
      warnings: await changedRulesWarning(context, rules),
    };
  },
};
