import { join } from 'node:path';
import { anyDue, type Rider, refuseAll } from '../domain/riders.js';
import { LastFailure } from '../store/cache/observations.js';
import type { GitStore } from '../store/swap/git-store.js';
import { transact } from '../store/swap/transact.js';
import type { Workspace } from './workspace.js';

/**
 * Puts to the remote what this clone granted by itself, in one write, where something of it is due. What nobody asked for is
 * only tried: while the remote takes nothing, it stays in the clone.
 */
export async function deliver(workspace: Workspace, store: GitStore, riders: readonly Rider[]): Promise<void> {
  const now = workspace.now();
  const [first] = riders;
  if (first === undefined || !anyDue(riders, now)) return;
  const failure = lastFailure(workspace);
  const isAsked = riders.some(({ asked }) => asked);
  if (!isAsked && failure.isRecent(now)) return;
  const { agent, session, policy } = first.request;
  const request = { kind: 'keep-alive' as const, operation: workspace.newId(), agent, session, policy };
  try {
    const answer = await transact(store, request, workspace.effects);
    if (answer.ok) return;
    await store.rode(refuseAll(riders, agent, answer.refusal));
  } catch (error) {
    if (isAsked) throw error;
    failure.record(now);
    return;
  }
  await deliver(
    workspace,
    store,
    riders.filter((rider) => rider.request.agent !== agent),
  );
}

/** When the remote did not take what only rode along. */
export function lastFailure({ localDirectory }: Workspace): LastFailure {
  return new LastFailure(join(localDirectory, 'not-delivered.json'));
}
