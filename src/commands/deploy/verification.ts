import type { Verification } from '../../domain/deploy/verification.js';
import type { CoordError } from '../../errors.js';
import { stoppedLooking } from '../../render/deploy-blocked.js';
import { verificationError, verifiedWarnings } from '../../render/verification.js';
import { verifySurface } from '../../verify/surface.js';
import type { Case } from './case.js';
import type { Hold } from './hold.js';
import { surfaceSurroundings } from './surface.js';
import type { Begun } from './turn.js';

/** What the public surface showed; `error` says what is wrong with it. */
export interface Seen {
  readonly verification: Verification;
  readonly error: CoordError | null;
  readonly warnings: readonly string[];
}

/** Looks at the public surface of the target, where the configuration says how; null where it does not. */
export async function lookAtSurface(
  { context, config, order, commit }: Case,
  { deployment }: Begun,
  hold: Hold,
): Promise<Seen | null> {
  if (config.verify === null) return null;
  const { target } = order;
  const commits = { commit, previous: deployment.previous };
  const verification = await verifySurface(config.verify, commits, surfaceSurroundings(context, hold.over));
  const warnings = verifiedWarnings(verification, target);
  if (verification.ok) return { verification, error: null, warnings };
  const stopped = hold.whyNotOn();
  const error = stopped?.code === 'timeout' ? stoppedLooking(target) : stopped;
  return { verification, error: error ?? verificationError(verification, { target }), warnings: [] };
}
