import type {
  KillRequest,
  ReviveRequest,
  SessionEndRequest,
  SessionStartRequest,
  SetStateRequest,
} from '../agent-requests.js';
import { declineOffer, isOffered } from '../claims/handoff.js';
import { claimEvent, loseClaims, strangerAgent } from '../claims/leases.js';
import { replaceClaims } from '../claims/release.js';
import type { Agent, State } from '../model.js';
import type { Refusal } from '../refusal.js';
import type { Decision } from '../request.js';
import { type Instant, secondsBetween } from '../time.js';
import { waitEnded } from '../waiting/wait.js';
import { sameSession } from './ownership.js';

/** `lastSeen` is written no more often than this, so that a claim need not write the agents' file. */
const SEEN_EVERY_SECONDS = 300;
const LOSS_REMEMBERED_SECONDS = 86_400;

export function findAgent(state: State, id: string): Agent | undefined {
  return state.agents.find((agent) => agent.id === id);
}

/** The state with this agent's record changed, or made. */
function withAgent(state: State, id: string, now: Instant, change: (agent: Agent) => Agent): State {
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

const AGENT_ID = /^[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}$/;

export function isAgentId(id: string): boolean {
  return AGENT_ID.test(id);
}

/**
 * Stops an agent: its claims are revoked, its waits ended, offers to it declined, and from then on it may only read.
 * Only an orchestrator or a person may; stopping a stopped agent changes nothing.
 */
export function decideKill(state: State, request: KillRequest, now: Instant): Decision<'kill'> {
  const { victim, agent: by, reason } = request;
  const refusal = mayNot(state, request);
  if (refusal) return { ok: false, refusal };
  const before = findAgent(state, victim) ?? strangerAgent(victim, now);
  const summary = `kill ${victim} by ${by}: ${reason}`;
  if (before.killed) {
    return {
      ok: true,
      state,
      events: [],
      result: { agent: before, revoked: [], waiters: [], changed: false },
      summary,
    };
  }
  const revoked = state.claims.filter((claim) => claim.agent === victim);
  const waiters = state.waiters.filter((waiter) => waiter.agent === victim);
  const cause = { how: 'revoked', by, reason } as const;
  const offers = state.claims.filter((claim) => isOffered(claim, victim, now));
  const declined = offers.map((claim) => declineOffer(claim, `${victim} was stopped: ${reason}`, now));
  const stopped = withAgent(loseClaims(state, revoked, now, cause), victim, now, (agent) => ({
    ...agent,
    killed: { by, at: now, reason },
  }));
  const next = { ...stopped, waiters: stopped.waiters.filter((waiter) => waiter.agent !== victim) };
  return {
    ok: true,
    state: declined.length === 0 ? next : replaceClaims(next, declined),
    events: [
      { type: 'agent.killed', at: now, agent: victim, session: before.session, by, reason },
      ...revoked.map((claim) => claimEvent('claim.lost', claim, now, { ...cause, expiresAt: claim.expiresAt })),
      ...waiters.map((waiter) => waitEnded(waiter, 'revoked', now)),
      ...declined.map((claim) =>
        claimEvent('claim.declined', claim, now, { by: victim, reason: claim.offer.declined?.reason ?? null }),
      ),
    ],
    result: { agent: findAgent(next, victim) ?? before, revoked, waiters, changed: true },
    summary,
  };
}

/** Lets a stopped agent act again; what it held stays lost. */
export function decideRevive(state: State, request: ReviveRequest, now: Instant): Decision<'revive'> {
  const { victim, agent: by } = request;
  const refusal = mayNot(state, request);
  if (refusal) return { ok: false, refusal };
  const before = findAgent(state, victim) ?? strangerAgent(victim, now);
  const summary = `revive ${victim} by ${by}`;
  if (!before.killed) return { ok: true, state, events: [], result: { agent: before, changed: false }, summary };
  const after: Agent = { ...before, killed: null };
  return {
    ok: true,
    state: withAgent(state, victim, now, () => after),
    events: [{ type: 'agent.revived', at: now, agent: victim, session: before.session, by }],
    result: { agent: after, changed: true },
    summary,
  };
}

function mayNot(state: State, request: KillRequest | ReviveRequest): Refusal | null {
  const { agent: id, victim } = request;
  const refusal = refusedAuthority(state, request);
  if (refusal) return refusal;
  const known = state.agents.filter((other) => other.id !== id).map((other) => other.id);
  if (!findAgent(state, victim)) return { code: 'usage', reason: 'unknown-agent', agent: victim, known };
  return victim === id ? { code: 'usage', reason: 'oneself', agent: victim, known } : null;
}

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
