import { join } from 'node:path';
import type { ClaimRequest } from '../../domain/claims/claim.js';
import type { Answer } from '../../domain/request-table.js';
import { granterOf } from '../../domain/riders.js';
import { CoordError } from '../../errors.js';
import { LastTime } from '../../store/cache/observations.js';
import type { GitStore } from '../../store/swap/git-store.js';
import { transact } from '../../store/swap/transact.js';
import type { Context } from '../../workspace/context.js';
import { failedLately, lostMark, noteFailure } from '../../workspace/riding.js';

/**
 * Claims ground for an agent whose harness is about to change it. In a shared fleet the first in ten seconds asks the remote; the
 * next ones are granted by this clone, and go along with its next write. Where the remote is out of reach this clone grants,
 * and nobody waits for it again for a minute. A refusal is of the remote's making as long as that can be asked.
 */
export async function claimAutomatically(
  context: Context,
  store: GitStore,
  request: ClaimRequest,
): Promise<Answer<'claim'>> {
  const { effects } = context;
  if (store.reach === 'clone') return transact(store, request, effects);
  const asked = new LastTime(join(context.localDirectory, 'claimed-by-edit.json'));
  const here = { ...request, reach: 'clone' as const };
  const isCut = failedLately(context, 'cut');
  if (isCut || granterOf(asked.read(), context.now()) === 'clone') {
    const answer = await transact(await context.stores.here({ request: here, asked: false }), here, effects);
    if (answer.ok || isCut) return answer;
  }
  try {
    const answer = await transact(store, request, effects);
    asked.record(context.now());
    return answer;
  } catch (error) {
    if (!(error instanceof CoordError) || error.code !== 'unavailable') throw error;
    noteFailure(context, error);
    return transact(await context.stores.here({ request: here, asked: false }), here, effects);
  }
}

/** Says, once, which claims the remote did not confirm; empty: none, or it was told. */
export async function lostByRiding(context: Context): Promise<readonly string[]> {
  const identity = context.identityIfKnown();
  const mark = identity === null ? null : lostMark(context, identity.agent);
  if (identity === null || mark === null || mark.read() === null) return [];
  const { tellLosses } = await import('../../workspace/notices.js');
  const lines = tellLosses(context, identity, await (await context.store()).view());
  mark.forget();
  return lines;
}
