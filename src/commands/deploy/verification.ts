import type { Verification } from '../../domain/deployments.js';
import type { CoordError } from '../../errors.js';
import { cannotVerify } from '../../render/deploy-blocked.js';
import type { Case } from './case.js';

/** What the public surface showed; `error` says what is wrong with it. */
export interface Seen {
  readonly verification: Verification;
  readonly error: CoordError | null;
}

/** Looks at the public surface of the target, where the configuration says how; null where it does not. */
export async function lookAtSurface({ context, config, order }: Case): Promise<Seen | null> {
  if (config.verify === null) return null;
  const error = cannotVerify(order.target);
  return { verification: { ok: false, finding: error.message, at: context.now(), facts: {} }, error };
}
