import { oneLine } from '../../domain/text.js';
import { CoordError } from '../../errors.js';
import { claimRequest } from '../claims/claim.js';
import { readWait } from '../durations.js';
import { readTargets, TARGET_OPTIONS } from '../target-input.js';
import type { Verb } from '../verb.js';
import { waitForTurn } from './queueing.js';

export const wait: Verb = {
  arguments: [['<target...>', 'what must be free, all of it']],
  options: [
    ['--timeout <duration>', 'how long at most (9m unless the config says otherwise)'],
    ['--shared', 'wait only until it may be read'],
    ...TARGET_OPTIONS,
  ],
  examples: [['coord wait src/api --timeout 5m && make check', 'go on when nobody holds it; claims nothing']],
  async run(context, input) {
    const targets = readTargets(context, input, input.list(0));
    const config = await context.config();
    const seconds = readWait(input, config, 'timeout') ?? config.waitSeconds;
    const store = await context.store();
    const request = await claimRequest(context, input, store, targets);
    const result = await waitForTurn(context, store, request, { seconds, passive: true });
    if (result instanceof CoordError) return result;
    const free = targets.map(({ text }) => text);
    return { data: { free }, text: (style) => `${style.good('free')} ${free.map(oneLine).join(' ')} (not claimed)` };
  },
};
