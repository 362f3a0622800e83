import type { Agent, Claim, Role, State } from '../model.js';
import type { Outcome, RequestBase, Row } from '../request.js';
import type { Instant } from '../time.js';
import { findAgent, orchestratorsOf, unregisteredAgent, withAgent } from './agents.js';
import { sameSession } from './ownership.js';

export interface SessionStartRequest extends RequestBase {
  readonly kind: 'session-start';
  readonly role: Role;
  /** Whether a person starts it: a worker does not lift its own limits. */
  readonly person: boolean;
  readonly rules: string | null;
}

/** How a session was closed, for who asks again with the same request id. */
export interface SessionClosing {
  readonly session: string;
  readonly released: readonly Claim[];
  readonly kept: readonly Claim[];
  readonly commit: string | null;
}

export interface SessionEndRequest extends RequestBase {
  readonly kind: 'session-end';
  readonly closing?: SessionClosing;
}

/** Says what the agent is doing; null: nothing any more. */
interface SetStateRequest extends RequestBase {
  readonly kind: 'set-state';
  readonly text: string | null;
}

export interface SessionEnd {
  readonly agent: Agent;
  readonly closing: SessionClosing | null;
}

/** Starting the same session again changes nothing, unless the role or the rules have changed. */
function decideSessionStart(
  state: State,
  request: SessionStartRequest,
  now: Instant,
): Outcome<{ readonly agent: Agent }> {
  const { agent: id, session, role, rules } = request;
  const summary = `session of ${id} starts as ${role}`;
  const known = findAgent(state, id);
  if (known?.role === 'worker' && role !== 'worker' && !request.person) {
    return { ok: false, refusal: { code: 'closed', reason: 'authority', orchestrators: orchestratorsOf(state) } };
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
    result: { agent: findAgent(next, id) ?? unregisteredAgent(id, now) },
    summary,
  };
}

/** Ends this session in the agent's record; a newer one that has taken its place there goes on. */
function decideSessionEnd(state: State, request: SessionEndRequest, now: Instant): Outcome<SessionEnd> {
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
    result: { agent: findAgent(next, id) ?? unregisteredAgent(id, now), closing: request.closing ?? null },
    summary: `session of ${id} ends`,
  };
}

/** What the agent is doing now, in its record. It is overwritten, and grants nothing; the log has `state` notes for a story. */
function decideSetState(state: State, request: SetStateRequest, now: Instant): Outcome<{ readonly agent: Agent }> {
  const { agent: id, text } = request;
  const unchanged = (findAgent(state, id)?.state ?? null) === text;
  const next = unchanged ? state : withAgent(state, id, now, (agent) => ({ ...agent, state: text, lastSeen: now }));
  return {
    ok: true,
    state: next,
    events: [],
    result: { agent: findAgent(next, id) ?? unregisteredAgent(id, now) },
    summary: text === null ? `state of ${id} cleared` : `state of ${id}: ${text}`,
  };
}

export const SESSION_ROWS = {
  'session-start': {
    decide: decideSessionStart,
    repeatable: true,
    fields: { role: 'asked', person: 'found', rules: 'found' },
    parts: () => [],
    combinable: true,
    ground: () => null,
    offline: true,
  },
  'session-end': {
    decide: decideSessionEnd,
    repeatable: true,
    fields: { closing: 'found' },
    parts: () => [],
    combinable: true,
    ground: () => null,
    offline: true,
  },
  'set-state': {
    decide: decideSetState,
    repeatable: true,
    fields: { text: 'asked' },
    parts: () => [],
    combinable: true,
    ground: () => null,
    offline: true,
  },
} as const satisfies {
  readonly 'session-start': Row<SessionStartRequest>;
  readonly 'session-end': Row<SessionEndRequest>;
  readonly 'set-state': Row<SetStateRequest>;
};

/** A part of an output that may have to do with fewer bytes. */
export interface Part {
  /** Lines. */
  readonly full: readonly string[];
  /** What stands in the place of `full` where that does not fit; the same lines when the part is always needed. */
  readonly brief: readonly string[];
  /** What it shows, for those who ask whether it is shown. */
  readonly name?: string;
  /** Who comes first when not all fit: smaller is sooner. */
  readonly rank: number;
}

export type Fit =
  /** For each part, whether it is shown in full. */
  | { readonly fits: true; readonly full: readonly boolean[] }
  /** Not even the brief forms fit; they take this many bytes. */
  | { readonly fits: false; readonly least: number };

/** Chooses the parts that are shown in full, by rank and then in their order, so that all stay within so many bytes of UTF-8. */
export function fitParts(parts: readonly Part[], mostBytes: number): Fit {
  const costs = parts.map(({ full, brief }) => ({ full: bytesOf(full), brief: bytesOf(brief) }));
  const shown = costs.map(({ full, brief }) => full <= brief);
  let total = costs.reduce((sum, { full, brief }) => sum + Math.min(full, brief), 0);
  if (total > mostBytes) return { fits: false, least: total };
  const order = parts.map((_, index) => index).sort((a, b) => (parts[a]?.rank ?? 0) - (parts[b]?.rank ?? 0) || a - b);
  for (const index of order) {
    const { full = 0, brief = 0 } = costs[index] ?? {};
    if (shown[index] || total + full - brief > mostBytes) continue;
    shown[index] = true;
    total += full - brief;
  }
  return { fits: true, full: shown };
}

/** The lines of the parts, each full or brief as the fit says. */
export function linesOfFit(parts: readonly Part[], full: readonly boolean[]): string[] {
  return parts.flatMap((part, index) => (full[index] ? part.full : part.brief));
}

const ENCODER = new TextEncoder();

/** Bytes of the lines as they are printed, newlines included. */
export function bytesOf(lines: readonly string[]): number {
  return lines.reduce((sum, line) => sum + ENCODER.encode(line).length + 1, 0);
}
