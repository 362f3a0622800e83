import { join } from 'node:path';
import type { Target } from '../../domain/ground/targets.js';
import { type Instant, secondsBetween } from '../../domain/time.js';
import type { CoordError } from '../../errors.js';
import { readCached, writeCached } from '../../git/local-cache.js';
import { transact } from '../../store/swap/transact.js';
import type { Context } from '../../workspace/context.js';
import { asTracked } from '../../workspace/targets.js';
import { claimRequest } from '../claims/claim-request.js';
import { Input } from '../verb.js';
import { refusedClaim } from '../waiting/queueing.js';

/**
 * Claims ground for the agent whose harness is about to change it, as `coord claim` would.
 * @returns why it was refused; null when it is the agent's now
 */
export async function claimFor(
  context: Context,
  ground: readonly Target[],
  reason: string,
): Promise<CoordError | null> {
  const store = await context.store();
  const named = context.repository.foldsCase ? await asTracked(context.git, ground) : ground;
  const request = await claimRequest(context, new Input([], { reason }), store, named);
  const decision = await transact(store, request, context.effects);
  return decision.ok ? null : refusedClaim(context, decision.refusal);
}

/** An edit must not wait each time for a remote that is out of reach. */
const TRY_AGAIN_SECONDS = 60;

/** Renews the claims of the agent that are past half of their life: whoever edits is at work. Best effort. */
export async function renewFor(context: Context): Promise<void> {
  const path = join(context.localDirectory, 'not-renewed.json');
  const failed = readCached(path, (value) => value as unknown as { readonly at: Instant });
  if (failed !== null && Math.abs(secondsBetween(failed.at, context.now())) < TRY_AGAIN_SECONDS) return;
  try {
    const base = { ...(await context.requestBase()), requestId: null };
    await transact(await context.store(), { kind: 'keep-alive', ...base }, context.effects);
  } catch {
    writeCached(path, { at: context.now() });
  }
}
