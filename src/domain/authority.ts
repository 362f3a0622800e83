import { findAgent } from './agents.js';
import type { State } from './model.js';
import type { Refusal } from './refusal.js';

/** Why this agent may not act for all: only an orchestrator may, or a person at a terminal who has no lesser role. */
export function refusedAuthority(
  state: State,
  { agent: id, person }: { readonly agent: string; readonly person: boolean },
): Refusal | null {
  const role = findAgent(state, id)?.role ?? 'peer';
  if (role === 'orchestrator' || (person && role === 'peer')) return null;
  const orchestrators = state.agents.filter((other) => other.role === 'orchestrator' && !other.killed);
  return { code: 'closed', reason: 'authority', orchestrators: orchestrators.map((other) => other.id) };
}
