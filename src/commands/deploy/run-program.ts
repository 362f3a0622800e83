import { CoordError } from '../../errors.js';
import { startChild } from '../child.js';
import type { Case } from './case.js';
import type { Hold } from './hold.js';
import type { Begun } from './turn.js';

/** How the program ended; `lost`: the claim was lost meanwhile, and the program was stopped. */
export interface Ran {
  readonly exit: number;
  readonly lost: CoordError | null;
}

/** Runs the program while the claim is held. @returns an error when there is no such program. */
export async function runProgram(
  { context, order, commit }: Case,
  { deployment, claim }: Begun,
  hold: Hold,
): Promise<Ran | CoordError> {
  const env = {
    COORD_TOKEN: String(claim.token),
    COORD_COMMIT: commit,
    COORD_TARGET: order.target,
    COORD_DEPLOY: deployment.id,
    COORD_AGENT: claim.agent,
    ...(claim.session ? { COORD_SESSION: claim.session } : {}),
  };
  const child = await startChild(context, { command: order.command, env }).catch((error: unknown) => {
    if (error instanceof CoordError) return error;
    throw error;
  });
  if (child instanceof CoordError) return child;
  const { came: exit, lost } = await hold.during(() => child.stop(), child.ended);
  return { exit, lost };
}
