import type { Context } from '../../context.js';
import { attemptLine } from '../../render/verification.js';
import type { SurfaceSurroundings } from '../../verify/surface.js';

/** What a look at a public surface needs of the run; each attempt is told where a person sits at the terminal. */
export function surfaceSurroundings(context: Context): SurfaceSurroundings {
  const { host } = context;
  const began = host.monotonic.seconds();
  return {
    now: () => context.now(),
    seconds: () => host.monotonic.seconds(),
    pause: (ms) => context.surroundings.pause(ms),
    signalAfter: (ms) => AbortSignal.timeout(ms),
    random: () => host.random(),
    tell: (attempt) => {
      if (host.stderr.isTTY === true) host.stderr.write(attemptLine(attempt, host.monotonic.seconds() - began));
    },
  };
}
