import { claimedLines } from '../../render/claims.js';
import { refusalError } from '../../render/refusals.js';
import { readTargets, readTtl, TARGET_OPTIONS } from '../input.js';
import type { Verb } from '../verb.js';
import { checkOffline, OFFLINE_OPTION, offlineWarnings, transactHere } from './claim-request.js';

export const renew: Verb = {
  arguments: [['[target...]', 'claims to extend; all of yours by default']],
  options: [['--ttl <duration>', 'time to live, such as 45m; never a shorter one'], OFFLINE_OPTION, ...TARGET_OPTIONS],
  examples: [
    ['coord renew', 'extend all your claims by their own time to live'],
    ['coord renew src/api --ttl 2h', 'extend one, for longer'],
  ],
  answers: { claims: 'Claim[]' },
  async run(context, input) {
    const config = await context.config();
    const texts = input.list(0);
    const asked = input.text('ttl');
    await checkOffline(context, input);
    const decision = await transactHere(context, input, {
      kind: 'renew',
      ...(await context.requestBase()),
      targets: texts.length === 0 ? null : await readTargets(context, input, texts),
      ttlSeconds: asked === undefined ? null : readTtl(asked, config),
    });
    const now = context.now();
    if (!decision.ok) return refusalError(decision.refusal, now, { verb: 'renew', tail: '' });
    const { claims } = decision.result;
    return {
      data: { claims },
      text: (style) => (claims.length === 0 ? 'you hold no claims' : claimedLines(claims, now, style, 'renewed')),
      warnings: await offlineWarnings(context, input, claims),
    };
  },
};
