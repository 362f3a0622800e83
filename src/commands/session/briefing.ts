import type { Context } from '../../context.js';
import { isLive } from '../../domain/leases.js';
import type { Role } from '../../domain/model.js';
import { inboxOf, type ReceivedNote } from '../../domain/notes.js';
import { CoordError } from '../../errors.js';
import { countApart } from '../../git/main-branch.js';
import { type Briefing, nextCommand, type SyncHint } from '../../render/session.js';
import type { GitStore } from '../../store/git-store.js';
import { type MainFiles, readMainFiles, rulesFolder } from '../main-branch/files.js';
import { rememberRules } from '../rules/loaded.js';
import { rulesIn } from '../rules/source.js';
import { memoryPaths, readMemory } from './memory-files.js';

/** Gathers what a session begins with; reads only what is here. */
export async function briefingFor(
  context: Context,
  store: GitStore,
  { agent, session, role }: { readonly agent: string; readonly session: string; readonly role: Role },
): Promise<Briefing> {
  const folder = await rulesFolder(context);
  const memory = await memoryPaths(context);
  const main = await readMainFiles(context, [folder, ...memory]);
  const rules = rulesIn(context, folder, main);
  rememberRules(context, main?.branch.commit ?? null, folder, rules);
  const { state } = await store.read();
  const live = state.claims.filter((claim) => isLive(claim, context.now()));
  const facts = {
    agent,
    session,
    role,
    rules,
    memory: readMemory(context, memory, main),
    claims: live.filter((claim) => claim.agent === agent),
    others: live.filter((claim) => claim.agent !== agent),
    notes: await openNotes(store, agent),
    sync: await syncHint(context, main),
  };
  return { ...facts, next: nextCommand(facts) };
}

/** null when the log is damaged: a session starts all the same, since nothing depends on the log. */
async function openNotes(store: GitStore, agent: string): Promise<ReceivedNote[] | null> {
  try {
    return inboxOf(await store.readLog(), agent).filter(({ open }) => open);
  } catch (error) {
    if (error instanceof CoordError && error.code === 'corrupt') return null;
    throw error;
  }
}

async function syncHint(context: Context, main: MainFiles | null): Promise<SyncHint> {
  const { commit: head } = await context.head();
  const branch = main?.branch ?? null;
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
