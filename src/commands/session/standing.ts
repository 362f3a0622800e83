import { patternTarget } from '../../domain/ground/patterns.js';
import type { Target } from '../../domain/ground/targets.js';
import { inboxOf, intentsOn, type ReceivedNote } from '../../domain/log/notes.js';
import type { Note } from '../../domain/model.js';
import { CoordError } from '../../errors.js';
import { countApart, type MainBranch } from '../../git/main-branch.js';
import type { SyncHint } from '../../render/session.js';
import type { GitStore } from '../../store/swap/git-store.js';
import type { Context } from '../../workspace/context.js';

/** The open notes to an agent; null when the log is damaged: nothing depends on the log. */
export async function openNotes(store: GitStore, agent: string): Promise<ReceivedNote[] | null> {
  try {
    return inboxOf(await store.readLog(), agent).filter(({ open }) => open);
  } catch (error) {
    if (error instanceof CoordError && error.code === 'corrupt') return null;
    throw error;
  }
}

/** The newest intents of others on this ground; none where the log is damaged: nothing depends on the log. */
export async function intentsHere(
  context: Context,
  store: GitStore,
  isHere: (target: Target) => boolean,
): Promise<readonly Note[]> {
  const agent = context.identityIfKnown()?.agent ?? null;
  const isThere = (target: string) => isHere(patternTarget(target));
  const notes = await store.read(['log']).then(
    ({ state }) => state.notes,
    () => [],
  );
  return intentsOn(notes, { agent, isThere }, context.now());
}

/** HEAD against the main branch as last fetched; asks no remote. */
export async function syncHint(context: Context, branch: MainBranch | null): Promise<SyncHint> {
  const { commit: head } = await context.head();
  const apart = head === null || branch === null ? null : await countApart(context.git, head, branch.commit);
  return {
    head,
    upstream: branch?.name ?? null,
    upstreamCommit: branch?.commit ?? null,
    fetched: branch?.fetched ?? false,
    ahead: apart?.ahead ?? null,
    behind: apart?.behind ?? null,
  };
}
