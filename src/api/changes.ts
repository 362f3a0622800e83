import { listen } from '../commands/watch.js';
import { CoordError } from '../errors.js';
import { REMOTE_POLL_MS } from '../store/queue/watch.js';
import type { GitStore } from '../store/swap/git-store.js';
import type { Context } from '../workspace/context.js';
import type { Change, Refusal } from './index.js';

const LONGEST_SLEEP_MS = 60_000;
/** A remote that answers at once is asked more often: it may be busy for so much of the time, and no more. */
const SHORTEST_POLL_MS = 400;
const PAUSE_FOR_EACH_MS = 4;

/** Now, and at each change, until the process is asked to stop. */
export async function* changesOf(
  context: Context,
  refusalOf: (error: CoordError) => Refusal,
): AsyncGenerator<Change, void, void> {
  const store = await context.store();
  const { wakeup, close } = await listen(context, store.deferredFolder);
  const sharesState = store.reach === 'remote';
  const elapsed = () => context.host.monotonic.seconds() * 1_000;
  let unreachable: Refusal | null = null;
  let told: string | null = null;
  try {
    while (!wakeup.stopped) {
      wakeup.reset();
      const begin = elapsed();
      // What is here is told before a remote that may take long to answer.
      for (const asks of sharesState ? [told === null, true] : [false]) {
        if (asks) unreachable = await askRemote(store, refusalOf);
        const revision = await store.tip();
        const seen = JSON.stringify([revision, store.deferred().map(({ id }) => id), unreachable?.message]);
        if (seen === told) continue;
        told = seen;
        yield { revision, askedAt: store.askedAt, unreachable };
      }
      const pause = Math.max(SHORTEST_POLL_MS, PAUSE_FOR_EACH_MS * (elapsed() - begin));
      await wakeup.wait(sharesState ? Math.min(REMOTE_POLL_MS, pause) : LONGEST_SLEEP_MS);
    }
  } finally {
    close();
  }
}

async function askRemote(store: GitStore, refusalOf: (error: CoordError) => Refusal): Promise<Refusal | null> {
  try {
    await store.latestTip();
    return null;
  } catch (error) {
    if (!(error instanceof CoordError) || error.code !== 'unavailable') throw error;
    return refusalOf(error);
  }
}
