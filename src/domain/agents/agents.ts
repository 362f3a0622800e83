import { declineOffer, isOffered } from '../claims/handoff.js';
import { claimEvent, loseClaims } from '../claims/leases.js';
import { replaceClaims } from '../claims/release.js';
import { contains, overlaps } from '../ground/index.js';
import type { Target } from '../ground/targets.js';
import type { Agent, Claim, State, Waiter } from '../model.js';
import type { Refusal, SessionLack } from '../refusal.js';
import type { Outcome, RequestBase, Row } from '../request.js';
import { type Instant, secondsBetween } from '../time.js';
import { waitEnded } from '../waiting/wait.js';

/** `lastSeen` is written no more often than this, so that a claim need not write the agents' file. */
const SEEN_EVERY_SECONDS = 300;
const LOSS_REMEMBERED_SECONDS = 86_400;

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
    losses: [],
  };
}

const AGENT_ID = /^[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}$/;

export function isAgentId(id: string): boolean {
  return AGENT_ID.test(id);
}

/** Stops an agent: revokes its claims, and refuses it everything but reading until it is revived. */
export interface KillRequest extends RequestBase {
  readonly kind: 'kill';
  readonly victim: string;
  readonly reason: string;
  /** Whether a person sits at the terminal. */
  readonly person: boolean;
}

export interface ReviveRequest extends RequestBase {
  readonly kind: 'revive';
  readonly victim: string;
  readonly person: boolean;
}

export interface KillResult {
  readonly agent: Agent;
  readonly revoked: readonly Claim[];
  readonly waiters: readonly Waiter[];
  /** False when it was stopped already. */
  readonly changed: boolean;
}

export interface ReviveResult {
  readonly agent: Agent;
  readonly changed: boolean;
}

/**
 * Stops an agent: its claims are revoked, its waits ended, offers to it declined, and from then on it may only read.
 * Only an orchestrator or a person may; stopping a stopped agent changes nothing.
 */
export function decideKill(state: State, request: KillRequest, now: Instant): Outcome<KillResult> {
  const { victim, agent: by, reason } = request;
  const refusal = unknownVictim(state, request);
  if (refusal) return { ok: false, refusal };
  const before = findAgent(state, victim) ?? unregisteredAgent(victim, now);
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
export function decideRevive(state: State, request: ReviveRequest, now: Instant): Outcome<ReviveResult> {
  const { victim, agent: by } = request;
  const refusal = unknownVictim(state, request);
  if (refusal) return { ok: false, refusal };
  const before = findAgent(state, victim) ?? unregisteredAgent(victim, now);
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

function unknownVictim(state: State, { agent: id, victim }: KillRequest | ReviveRequest): Refusal | null {
  const known = state.agents.filter((other) => other.id !== id).map((other) => other.id);
  if (!findAgent(state, victim)) return { code: 'usage', reason: 'unknown-agent', agent: victim, known };
  return victim === id ? { code: 'usage', reason: 'oneself', agent: victim, known } : null;
}

export const KILL_ROWS = {
  kill: {
    decide: decideKill,
    fields: { victim: 'asked', reason: 'asked', person: 'found' },
    parts: () => [],
    combinable: true,
    ground: () => null,
    authority: refusedAuthority,
  },
  revive: {
    decide: decideRevive,
    fields: { victim: 'asked', person: 'found' },
    parts: () => [],
    combinable: true,
    ground: () => null,
    authority: refusedAuthority,
  },
} as const satisfies { readonly kill: Row<KillRequest>; readonly revive: Row<ReviveRequest> };

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
