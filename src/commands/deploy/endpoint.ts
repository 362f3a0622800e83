import { setTimeout as delay } from 'node:timers/promises';
import { attemptLine } from '../../render/deploy/endpoint.js';
import type { EndpointEffects } from '../../verify/endpoint.js';
import type { Context } from '../../workspace/context.js';

/**
 * What a look at the live URL of a target needs of the run; each attempt is told where a person sits at the terminal. Once
 * it is `over`, the look has no time left.
 */
export function endpointEffects(context: Context, over?: AbortSignal): EndpointEffects {
  const { host } = context;
  const began = host.monotonic.seconds();
  return {
    now: () => context.now(),
    seconds: () => (over?.aborted ? Number.POSITIVE_INFINITY : host.monotonic.seconds()),
    pause: (ms) => delay(ms, undefined, over ? { signal: over } : {}).catch(() => undefined),
    signalAfter: (ms) => eitherOf(AbortSignal.timeout(ms), over),
    random: () => host.random(),
    tell: (attempt) => {
      if (host.stderr.isTTY === true) host.stderr.write(attemptLine(attempt, host.monotonic.seconds() - began));
    },
  };
}

function eitherOf(one: AbortSignal, other: AbortSignal | undefined): AbortSignal {
  if (other === undefined) return one;
  const both = new AbortController();
  for (const signal of [one, other]) {
    if (signal.aborted) both.abort();
    signal.addEventListener('abort', () => both.abort(), { once: true });
  }
  return both.signal;
}
