import { groundOf } from './conflicts.js';
import type { Claim } from './model.js';
import type { Conflict } from './refusal.js';

/** The refusal for what a program runs under, the same agent's included. */
export function heldBy(claim: Claim) {
  const { target, agent, session, id, acquiredAt, expiresAt, reason, mode } = claim;
  const conflict: Conflict = {
    target,
    heldTarget: target,
    overlap: target,
    witness: target,
    agent,
    session,
    claimId: id,
    since: acquiredAt,
    expiresAt,
    reason,
    mode,
    waiting: false,
  };
  const facts = { conflicts: [conflict], free: [], queue: [], asked: [groundOf(claim)], mode };
  return { code: 'held' as const, reason: 'held' as const, ...facts };
}
