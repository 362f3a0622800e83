import { type ClaimRequest, turnOfOthers } from '../../domain/claims/claim.js';
import { groundOf } from '../../domain/claims/conflicts.js';
import { isLandTarget, landTarget, type Target } from '../../domain/ground/targets.js';
import type { Claim } from '../../domain/model.js';
import { commandLine, coord } from '../../domain/suggestion.js';
import { oneLine } from '../../domain/text.js';
import { CoordError } from '../../errors.js';
import { statusEntries } from '../../git/changes.js';
import { checkFailed, rebaseInTurn, uncommittedOnGround } from '../../render/land.js';
import type { GitStore } from '../../store/swap/git-store.js';
import type { Context } from '../../workspace/context.js';
import { syncError } from '../../workspace/sync-facts.js';
import { runChild } from '../child.js';
import { ownVerbClaim } from '../claims/claim-request.js';
import { releaseClaims } from '../claims/release.js';
import { runUnderClaims } from '../claims/run.js';
import type { Outcome } from '../verb.js';
import { waitForTurn } from '../waiting/queueing.js';
import { readWork, type Work } from './review.js';

/** Where the queue is empty and HEAD has all of the main branch, nobody has to wait; else the turn is waited for, and kept while rebasing. */
export async function landInTurn(context: Context, seconds: number, land: () => Promise<Outcome>): Promise<Outcome> {
  const store = await context.store();
  const { verdict, work } = await readWork(context);
  if (work === null) return syncError(verdict);
  const target = landTarget(work.branch);
  const request = await turnRequest(context, store, target, work.head);
  const { state } = await store.latest();
  if (turnOfOthers(state, request, target, context.now()) === null) {
    const first = await land();
    if (!isBehind(first)) return endTurn(context, first);
  }
  const taken = await waitForTurn(context, store, request, {
    seconds,
    passive: false,
    again: { verb: 'land', tail: '', targets: false },
  });
  if (taken instanceof CoordError) return taken;
  context.lookAgain();
  const outcome = await land();
  const [turn] = await ownTurns(context, store);
  if (turn !== undefined && isBehind(outcome)) return rebaseInTurn(outcome, turn.expiresAt, context.now());
  return endTurn(context, outcome);
}

/** The turn is over with what cannot land, so that the next one is served; not while it is rebased, or the outcome is unknown. */
export async function endTurn(context: Context, outcome: Outcome): Promise<Outcome> {
  if (isBehind(outcome) || (outcome instanceof CoordError && outcome.code === 'unavailable')) return outcome;
  const store = await context.store();
  const turns = await ownTurns(context, store);
  if (turns.length > 0) await releaseClaims(context, store, turns, null);
  return outcome;
}

/** Whether it is a rebase that is needed: HEAD lacks commits of the main branch. */
function isBehind(outcome: Outcome): outcome is CoordError {
  if (!(outcome instanceof CoordError)) return false;
  const { code, details } = outcome;
  return code === 'behind' && typeof details.behind === 'number' && details.behind > 0;
}

/** What asks for the turn to land. */
export async function turnRequest(
  context: Context,
  store: GitStore,
  target: Target,
  head: string,
): Promise<ClaimRequest> {
  const { land } = await context.config();
  return ownVerbClaim(context, store, {
    targets: [{ target, ttlSeconds: land.turnSeconds }],
    reason: `land ${head.slice(0, 7)}`,
    head,
    // Who has the turn is behind, more often than not.
    allowBehind: true,
  });
}

export async function ownTurns(context: Context, store: GitStore): Promise<Claim[]> {
  const { agent } = context.identity();
  const { state } = await store.read();
  return state.claims.filter((claim) => claim.agent === agent && isLandTarget(groundOf(claim)));
}

/**
 * Runs the program that must pass on what lands, with a second try, while the claims and the turn are kept alive. HEAD has all
 * of the main branch, so its files are what the main branch will have.
 * @returns why it may not land; null: it may
 */
export async function checkBeforeLanding(
  context: Context,
  store: GitStore,
  { head }: Work,
  claims: readonly Claim[],
): Promise<CoordError | null> {
  const { check } = (await context.config()).land;
  if (check === null) return null;
  const changed = (await statusEntries(context.git)).filter(({ isTracked }) => isTracked);
  if (changed.length > 0) return uncommittedOnGround(changed, coord('land'));
  const held = [...claims, ...(await ownTurns(context, store))];
  context.tell(`running ${oneLine(commandLine(check))} on what lands`);
  let exit = 0;
  for (let attempt = 1; attempt <= 2; attempt += 1) {
    if (held.length === 0) exit = await runChild(context, { command: check, env: {} });
    else {
      const ran = await runUnderClaims(context, store, held, check);
      if (ran.lost !== null)
        return new CoordError('lost', ran.lost, { hint: coord('status'), details: { reason: 'lost' } });
      exit = ran.exit;
    }
    if (exit === 0) return null;
  }
  return checkFailed(check, head, exit);
}
