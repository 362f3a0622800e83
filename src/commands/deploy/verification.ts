import type { Verification } from '../../domain/deploy/verification.js';
import type { CoordError } from '../../errors.js';
import { verificationError, verifiedWarnings } from '../../render/deploy/endpoint.js';
import { stoppedLooking } from '../../render/deploy/refusals.js';
import { verifyEndpoint } from '../../verify/endpoint.js';
import type { Case } from './case.js';
import { endpointEffects } from './endpoint.js';
import type { Hold } from './hold.js';
import type { Begun } from './turn.js';

/** What the endpoint showed; `error` says what is wrong with it. */
export interface Seen {
  readonly verification: Verification;
  readonly error: CoordError | null;
  readonly warnings: readonly string[];
}

/** Looks at the endpoint of the target, where the configuration says how; null where it does not. */
export async function checkEndpoint(
  { context, config, order, commit }: Case,
  { deployment }: Begun,
  hold: Hold,
): Promise<Seen | null> {
  if (config.verify === null) return null;
  const { target } = order;
  const commits = { commit, previous: deployment.previous };
  const verification = await verifyEndpoint(config.verify, commits, endpointEffects(context, hold.over));
  const warnings = verifiedWarnings(verification, target);
  if (verification.ok) return { verification, error: null, warnings };
  const stopped = hold.whyNotOn();
  const error = stopped?.code === 'timeout' ? stoppedLooking(target) : stopped;
  return { verification, error: error ?? verificationError(verification, { target }), warnings: [] };
}
