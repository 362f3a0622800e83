import { join } from 'node:path';
import { anyAwaited, anyDue, type Rider, refuseAll } from '../domain/riders.js';
import { CoordError } from '../errors.js';
import { LastTime } from '../store/cache/observations.js';
import type { GitStore } from '../store/swap/git-store.js';
import { transact } from '../store/swap/transact.js';
import type { Workspace } from './workspace.js';

/**
 * Puts to the remote what this clone granted by itself, in one write, where something of it is due: before the remote is asked,
 * what its answers depend on; at the end of a command, all. What nobody asked for is only tried: while the remote takes
 * nothing, it stays in the clone.
 */
export async function deliver(
  workspace: Workspace,
  store: GitStore,
  riders: readonly Rider[],
  isLast: boolean,
): Promise<void> {
  const now = workspace.now();
  const [first] = riders;
  if (first === undefined || !(isLast ? anyDue(riders, now) : anyAwaited(riders))) return;
  const isAsked = riders.some(({ asked }) => asked);
  if (!isAsked && failedLately(workspace)) return;
  const { agent, session, policy } = first.request;
  const request = { kind: 'keep-alive' as const, operation: workspace.newId(), agent, session, policy };
  try {
    const answer = await transact(store, request, workspace.effects);
    if (answer.ok) return;
    await store.rode(refuseAll(riders, agent, answer.refusal));
  } catch (error) {
    if (isAsked) throw error;
    noteFailure(workspace, error);
    return;
  }
  const others = riders.filter((rider) => rider.request.agent !== agent);
  await deliver(workspace, store, others, isLast);
}

/** Whoever failed at the remote does not try again for so long. */
const TRY_AGAIN_SECONDS = 60;

/** Whether the remote, a moment ago, did not take what is only tried; `cut`: whether it was out of reach then. */
export function failedLately(workspace: Workspace, what: 'any' | 'cut' = 'any'): boolean {
  return failure(workspace, what).isWithin(TRY_AGAIN_SECONDS, workspace.now());
}

export function noteFailure(workspace: Workspace, error: unknown): void {
  failure(workspace, 'any').record(workspace.now());
  if (error instanceof CoordError && error.code === 'unavailable') failure(workspace, 'cut').record(workspace.now());
}

function failure({ localDirectory }: Workspace, what: 'any' | 'cut'): LastTime {
  return new LastTime(join(localDirectory, `failed-${what}.json`));
}

/** Left where a claim of the agent is lost on its way to the remote, until a hook or a command has told it. */
export function lostMark({ localDirectory }: Pick<Workspace, 'localDirectory'>, agent: string): LastTime {
  return new LastTime(join(localDirectory, 'lost', `${agent}.json`));
}
