import type { SessionEndRequest, SessionStartRequest, SetStateRequest } from './agent-requests.js';
import { strangerAgent } from './leases.js';
import type { Agent, State } from './model.js';
import { sameSession } from './ownership.js';
import type { Decision } from './request.js';
import { type Instant, secondsBetween } from './time.js';

/** `lastSeen` is written no more often than this, so that a claim need not write the agents' file. */
const SEEN_EVERY_SECONDS = 300;
const LOSS_REMEMBERED_SECONDS = 86_400;

export function findAgent(state: State, id: string): Agent | undefined {
  return state.agents.find((agent) => agent.id === id);
}

/** The state with this agent's record changed, or made. */
export function withAgent(state: State, id: string, now: Instant, change: (agent: Agent) => Agent): State {
  const known = findAgent(state, id);
  const changed = change(known ?? strangerAgent(id, now));
  const agents = known ? state.agents.map((agent) => (agent === known ? changed : agent)) : [...state.agents, changed];
  return { ...state, agents };
}

/** Registers an agent at its first write, notes that it was seen, and forgets losses that are a day old. */
export function touchAgent(state: State, id: string, now: Instant): State {
  const known = findAgent(state, id);
  if (known && secondsBetween(known.lastSeen, now) < SEEN_EVERY_SECONDS) return state;
  return withAgent(state, id, now, (agent) => ({
    ...agent,
    lastSeen: now,
    losses: agent.losses.filter((loss) => secondsBetween(loss.at, now) < LOSS_REMEMBERED_SECONDS),
  }));
}

/** Starting the same session again changes nothing, unless the role or the rules have changed. */
export function decideSessionStart(
  state: State,
  request: SessionStartRequest,
  now: Instant,
): Decision<'session-start'> {
  const { agent: id, session, role, rules } = request;
  const summary = `session of ${id} starts as ${role}`;
  const known = findAgent(state, id);
  if (known?.role === 'worker' && role !== 'worker' && !request.person) {
    const orchestrators = state.agents.filter((agent) => agent.role === 'orchestrator' && !agent.killed);
    return {
      ok: false,
      refusal: { code: 'closed', reason: 'authority', orchestrators: orchestrators.map((a) => a.id) },
    };
  }
  const same = known !== undefined && session !== null && known.session === session ? known : null;
  if (same?.role === role && same.rules === rules) {
    return { ok: true, state, events: [], result: { agent: same }, summary };
  }
  const startedAt = same?.startedAt ?? now;
  const next = withAgent(state, id, now, (agent) => ({ ...agent, role, session, rules, startedAt, lastSeen: now }));
  return {
    ok: true,
    state: next,
    events: [{ type: 'agent.started', at: now, agent: id, session, role, rules }],
    result: { agent: findAgent(next, id) ?? strangerAgent(id, now) },
    summary,
  };
}

/** Ends this session in the agent's record; a newer one that has taken its place there goes on. */
export function decideSessionEnd(state: State, request: SessionEndRequest, now: Instant): Decision<'session-end'> {
  const { agent: id, session } = request;
  const next = withAgent(state, id, now, (agent) => ({
    ...agent,
    session: sameSession(agent, request) ? null : agent.session,
    lastSeen: now,
  }));
  return {
    ok: true,
    state: next,
    events: [{ type: 'agent.ended', at: now, agent: id, session }],
    result: { agent: findAgent(next, id) ?? strangerAgent(id, now), closing: request.closing ?? null },
    summary: `session of ${id} ends`,
  };
}

/** What the agent is doing now, in its record. It is overwritten, and grants nothing; the log has `state` notes for a story. */
export function decideSetState(state: State, request: SetStateRequest, now: Instant): Decision<'set-state'> {
  const { agent: id, text } = request;
  const unchanged = (findAgent(state, id)?.state ?? null) === text;
  const next = unchanged ? state : withAgent(state, id, now, (agent) => ({ ...agent, state: text, lastSeen: now }));
  return {
    ok: true,
    state: next,
    events: [],
    result: { agent: findAgent(next, id) ?? strangerAgent(id, now) },
    summary: text === null ? `state of ${id} cleared` : `state of ${id}: ${text}`,
  };
}
