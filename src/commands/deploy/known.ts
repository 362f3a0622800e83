import type { Context } from '../../context.js';
import type { State } from '../../domain/model.js';
import { CoordError } from '../../errors.js';
import { staleWarning } from '../claims/status.js';

/** The state as far as it can be had, and from when it is, where the remote was not reached. */
export interface KnownState {
  readonly state: State;
  readonly warnings: readonly string[];
}

/** The deployments as the arbiter has them; offline, or when told so, as they are known here. */
export async function knownDeployments(context: Context, fetch: boolean): Promise<KnownState> {
  const store = await context.store();
  const { remote } = await context.config();
  try {
    if (fetch) return { state: (await store.latest(['deployments'])).state, warnings: [] };
  } catch (error) {
    if (!(error instanceof CoordError) || error.code !== 'unavailable') throw error;
    const { state } = await store.read(['deployments']);
    const words = `${remote} could not be reached; ${staleWarning(remote, store.askedAt, context.now())}`;
    return { state, warnings: [words] };
  }
  const { state } = await store.read(['deployments']);
  return { state, warnings: store.reach === 'remote' ? [staleWarning(remote, store.askedAt, context.now())] : [] };
}
