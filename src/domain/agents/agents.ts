import { contains, overlaps } from '../ground/index.js';
import type { Target } from '../ground/targets.js';
import type { Agent, State } from '../model.js';
import type { Refusal, SessionLack } from '../refusal.js';
import type { RequestBase } from '../request.js';
import { type Instant, secondsBetween } from '../time.js';

/** `lastSeen` is written no more often than this, so that a claim need not write the agents' file. */
const SEEN_EVERY_SECONDS = 300;
/** For so long is kept what the agent is to be told of itself. */
const NEWS_SECONDS = 86_400;

export function findAgent(state: State, id: string): Agent | undefined {
  return state.agents.find((agent) => agent.id === id);
}

/** The state with this agent's record changed, or made. */
export function withAgent(state: State, id: string, now: Instant, change: (agent: Agent) => Agent): State {
  const known = findAgent(state, id);
  const changed = change(known ?? unregisteredAgent(id, now));
  const agents = known ? state.agents.map((agent) => (agent === known ? changed : agent)) : [...state.agents, changed];
  return { ...state, agents };
}

/** Registers an agent at its first write, notes that it was seen, and forgets news of it that are a day old. */
export function touchAgent(state: State, id: string, now: Instant): State {
  const known = findAgent(state, id);
  if (known && secondsBetween(known.lastSeen, now) < SEEN_EVERY_SECONDS) return state;
  const isNew = ({ at }: { readonly at: Instant }) => secondsBetween(at, now) < NEWS_SECONDS;
  return withAgent(state, id, now, (agent) => ({
    ...agent,
    lastSeen: now,
    revived: agent.revived && isNew(agent.revived) ? agent.revived : null,
    losses: agent.losses.filter(isNew),
  }));
}

/** The record of an agent that never started a session. */
export function unregisteredAgent(id: string, now: Instant): Agent {
  return {
    id,
    role: 'peer',
    session: null,
    startedAt: null,
    lastSeen: now,
    state: null,
    rules: null,
    killed: null,
    revived: null,
    losses: [],
  };
}

const AGENT_ID = /^[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}$/;

export function isAgentId(id: string): boolean {
  return AGENT_ID.test(id);
}

/** Ids of the orchestrators that something can be asked of. */
export function orchestratorsOf(state: State): string[] {
  return state.agents.filter(({ role, killed }) => role === 'orchestrator' && !killed).map(({ id }) => id);
}

/** Whether the agent is known as a worker: it writes its scratch paths only. */
export function isWorker(state: State, agent: string): boolean {
  return findAgent(state, agent)?.role === 'worker';
}

/** Why a stopped agent may do nothing but read. */
export function stopped(state: State, agent: string): Extract<Refusal, { reason: 'killed' }> | null {
  const kill = findAgent(state, agent)?.killed;
  return kill ? { code: 'closed', reason: 'killed', kill } : null;
}

/** Why this agent may not act for all: only an orchestrator may, or a person at a terminal who has no lesser role. */
export function refusedAuthority(
  state: State,
  { agent, person }: { readonly agent: string; readonly person: boolean },
): Refusal | null {
  const role = findAgent(state, agent)?.role ?? 'peer';
  if (role === 'orchestrator' || (person && role === 'peer')) return null;
  return { code: 'closed', reason: 'authority', orchestrators: orchestratorsOf(state) };
}

/**
 * Why its session may not have ground: the configuration demands one that has loaded the rules in force, and the agent's
 * record shows none.
 */
export function lacksSession(
  state: State,
  { agent: id, session, policy }: Pick<RequestBase, 'agent' | 'session' | 'policy'>,
): Refusal | null {
  const required = policy.requiredRules;
  // A request that an older coord made offline has no such field.
  if (!required) return null;
  const agent = findAgent(state, id);
  const refuse = (why: SessionLack): Refusal => ({
    code: 'closed',
    reason: 'session-required',
    why,
    loaded: agent?.rules ?? null,
    inForce: required.digest,
  });
  if ((agent?.session ?? null) === null) return refuse('no-session');
  if (agent?.session !== session) return refuse('other-session');
  return required.digest === null || agent.rules === required.digest ? null : refuse('older-rules');
}

/**
 * Why the role of this agent does not let it have or change this ground: a worker has its scratch paths, and what is
 * neither on the surface nor a resource.
 * @param everywhere it may not even have those
 */
export function closedToRole(
  state: State,
  { agent, policy }: Pick<RequestBase, 'agent' | 'policy'>,
  ground: readonly Target[],
  everywhere: boolean,
): Refusal | null {
  if (!isWorker(state, agent)) return null;
  const { surface, scratch, foldCase } = policy;
  const closed = ground.filter((target) => {
    if (everywhere) return true;
    if (scratch.some((allowed) => contains(allowed, target, { foldCase }))) return false;
    return target.kind === 'resource' || surface.some((part) => overlaps(part, target, { foldCase }));
  });
  if (closed.length === 0 && !everywhere) return null;
  const targets = closed.map(({ text }) => text);
  return { code: 'closed', reason: 'role', targets, orchestrators: orchestratorsOf(state) };
}
