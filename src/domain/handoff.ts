import { findAgent } from './agents.js';
import { groundOf } from './conflicts.js';
import { overlap } from './ground/index.js';
import { claimEvent, isLive } from './leases.js';
import type { Claim, Note, State } from './model.js';
import { decideNote } from './notes.js';
import { isOffered } from './offers.js';
import { ownClaims } from './ownership.js';
import type { Refusal } from './refusal.js';
import { bindingCommit } from './release.js';
import { replaceClaims } from './renew.js';
import type { Decision } from './request.js';
import type { HandoffRequest } from './takeover-requests.js';
import type { Instant } from './time.js';

/**
 * Offers claims to another agent, with the commit that it must have; until it accepts, the holder stays. The same offer
 * again changes nothing; without an agent, open offers are withdrawn.
 */
export function decideHandoff(state: State, request: HandoffRequest, now: Instant): Decision<'handoff'> {
  const { to, agent } = request;
  const refusal = to === null ? null : unfitToHold(state, agent, to);
  if (refusal) return { ok: false, refusal };
  const owned = ownClaims(state, request, request.targets, now);
  if ('refusal' in owned) return { ok: false, refusal: owned.refusal };
  const claims = owned.claims.map((claim) => offer(claim, request, now));
  const changed = claims.filter((claim, index) => claim !== owned.claims[index]);
  const logged = addNote(state, request, claims, now);
  const texts = claims.map(({ target }) => target).join(', ');
  return {
    ok: true,
    state: changed.length === 0 ? logged.state : replaceClaims(logged.state, changed),
    events: [
      ...changed.map((claim) => claimEvent('claim.offered', claim, now, { to, commit: claim.offer?.commit ?? null })),
      ...logged.events,
    ],
    result: { claims, note: logged.note, heldBack: heldBack(state, claims, request, now) },
    summary: to === null ? `${agent} withdraws the offer of ${texts}` : `${agent} offers ${texts} to ${to}`,
  };
}

/** Why nothing can be handed to this agent; null when it can. */
export function unfitToHold(state: State, agent: string, to: string): Refusal | null {
  const known = state.agents.filter(({ id, killed }) => id !== agent && killed === null).map(({ id }) => id);
  const other = findAgent(state, to);
  if (to === agent) return { code: 'usage', reason: 'oneself', agent: to, known };
  if (!other) return { code: 'usage', reason: 'unknown-agent', agent: to, known };
  return other.killed ? { code: 'usage', reason: 'killed-agent', agent: to, known } : null;
}

/** Claims of this agent that overlap the offered ones, and stop them from being accepted unless they go as well. */
function heldBack(state: State, offered: readonly Claim[], request: HandoffRequest, now: Instant): Claim[] {
  const { agent, to, policy } = request;
  if (to === null) return [];
  const kept = state.claims.filter(
    (claim) =>
      claim.agent === agent &&
      isLive(claim, now) &&
      !isOffered(claim, to, now) &&
      !offered.some(({ id }) => id === claim.id),
  );
  return kept.filter((claim) =>
    offered.some(
      (one) =>
        (one.mode === 'exclusive' || claim.mode === 'exclusive') &&
        overlap(groundOf(one), groundOf(claim), { foldCase: policy.foldCase }) !== null,
    ),
  );
}

function offer(claim: Claim, request: HandoffRequest, now: Instant): Claim {
  const { to } = request;
  if (to === null) return claim.offer === null ? claim : { ...claim, offer: null };
  const commit = bindingCommit(claim, request);
  const before = claim.offer;
  if (before?.to === to && before.commit === commit && before.declined === null) return claim;
  return { ...claim, offer: { to, at: now, commit, declined: null } };
}

/** What the holder says goes where all talk goes: into the log, which grants nothing. */
function addNote(state: State, request: HandoffRequest, claims: readonly Claim[], now: Instant) {
  const { to, note: text, operation, agent, session, policy } = request;
  if (text === null || to === null) return { state, events: [], note: null };
  const target = claims.length === 1 ? (claims[0]?.target ?? null) : null;
  const base = { operation, agent, session, policy };
  const noted = decideNote(
    state,
    { ...base, kind: 'note', noteKind: 'handoff', text, to: [to], target, needsAck: [], ref: null },
    now,
  );
  const note: Note | null = noted.ok ? noted.result.note : null;
  return noted.ok ? { state: noted.state, events: noted.events, note } : { state, events: [], note };
}
