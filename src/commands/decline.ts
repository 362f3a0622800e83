import { declinedLines } from '../render/handoff.js';
import { refusalError } from '../render/refusals.js';
import { transact } from '../store/transact.js';
import { readReason } from './claim-request.js';
import { readTargets, TARGET_OPTIONS } from './target-input.js';
import type { Verb } from './verb.js';

export const decline: Verb = {
  arguments: [['[target...]', 'offered claims; all that are offered to you when none is named']],
  options: [['-r, --reason <text>', 'why; the holder reads it'], ...TARGET_OPTIONS],
  examples: [['coord decline src/api --reason "busy until noon"', 'the holder keeps it, and is told']],
  async run(context, input) {
    const texts = input.list(0);
    const store = await context.store();
    // Nothing to decline is no refusal, so nothing else would ask the remote.
    await store.latest();
    const decision = await transact(
      store,
      {
        kind: 'decline',
        ...(await context.requestBase()),
        targets: texts.length === 0 ? null : readTargets(context, input, texts),
        reason: readReason(input.text('reason')),
      },
      context.surroundings,
    );
    if (!decision.ok) return refusalError(decision.refusal, context.now());
    const { claims } = decision.result;
    return { data: { claims }, text: (style) => declinedLines(claims, style) };
  },
};
