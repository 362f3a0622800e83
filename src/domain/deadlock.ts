import { conflictsOf } from './conflicts.js';
import type { State, Waiter } from './model.js';
import type { Policy } from './policy.js';
import type { WaitEdge } from './refusal.js';
import type { Instant } from './time.js';

/**
 * The cycle that this waiter closes in the wait-for graph, or null. Each waiter's agent waits for the agents that hold
 * its ground or stand before it in the queue (Coffman et al., "System Deadlocks", 1971: circular wait). The graph is
 * read from the state itself, so it cannot be out of date.
 */
export function cycleThrough(state: State, waiter: Waiter, policy: Policy, now: Instant): readonly WaitEdge[] | null {
  const visited = new Set<string>();
  const search = (agent: string, path: readonly WaitEdge[]): readonly WaitEdge[] | null => {
    for (const edge of edgesFrom(agent)) {
      const longer = [...path, edge];
      if (edge.heldBy === waiter.agent) return longer;
      if (visited.has(edge.heldBy)) continue;
      visited.add(edge.heldBy);
      const cycle = search(edge.heldBy, longer);
      if (cycle) return cycle;
    }
    return null;
  };
  const edgesFrom = (agent: string): WaitEdge[] =>
    state.waiters.filter((other) => other.agent === agent).flatMap((other) => edgesOf(state, other, policy, now));
  return search(waiter.agent, []);
}

function edgesOf(state: State, waiter: Waiter, policy: Policy, now: Instant): WaitEdge[] {
  const ahead = state.waiters.slice(0, state.waiters.indexOf(waiter));
  return waiter.targets.flatMap((target) =>
    conflictsOf(state, { agent: waiter.agent, target, mode: waiter.mode, ahead }, policy, now).map((conflict) => ({
      agent: waiter.agent,
      waitsFor: conflict.heldTarget,
      heldBy: conflict.agent,
    })),
  );
}
