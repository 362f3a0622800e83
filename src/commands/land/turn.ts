import { type ClaimRequest, turnOfOthers } from '../../domain/claims/claim.js';
import { groundOf } from '../../domain/claims/conflicts.js';
import { isLandTarget, landTarget } from '../../domain/ground/targets.js';
import type { Claim } from '../../domain/model.js';
import { commandLine, coord } from '../../domain/suggestion.js';
import { oneLine } from '../../domain/text.js';
import { CoordError } from '../../errors.js';
import { statusEntries } from '../../git/changes.js';
import { checkFailed, rebaseInTurn, uncommittedOnGround } from '../../render/land.js';
import type { GitStore } from '../../store/swap/git-store.js';
import type { Context } from '../../workspace/context.js';
import { loadedRules } from '../../workspace/rules.js';
import { syncError } from '../../workspace/sync-facts.js';
import { runChild } from '../child.js';
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
  const first = await whereFree(context, store, work, land);
  if (first !== null && !(first instanceof CoordError && isBehind(first))) return first;
  const taken = await waitForTurn(context, store, await turnRequest(context, store, work), {
    seconds,
    passive: false,
    again: { verb: 'land', tail: '', targets: false },
  });
  if (taken instanceof CoordError) return taken;
  context.lookAgain();
  const outcome = await land();
  const [turn] = await ownTurns(context, store);
  if (turn === undefined) return outcome;
  if (outcome instanceof CoordError && isBehind(outcome)) return rebaseInTurn(outcome, turn.expiresAt, context.now());
  await releaseClaims(context, store, [turn], null);
  return outcome;
}

/** Lands at once where it is nobody's turn; null: it is somebody's. */
async function whereFree(
  context: Context,
  store: GitStore,
  work: Work,
  land: () => Promise<Outcome>,
): Promise<Outcome | null> {
  const { state } = await store.latest();
  const request = await turnRequest(context, store, work);
  const [asked] = request.targets;
  return asked && turnOfOthers(state, request, asked.target, context.now()) ? null : land();
}

/** What a rebase would mend: HEAD lacks commits of the main branch. */
function isBehind({ code, details }: CoordError): boolean {
  return code === 'behind' && typeof details.behind === 'number' && details.behind > 0;
}

async function turnRequest(context: Context, store: GitStore, { branch, head }: Work): Promise<ClaimRequest> {
  const { land } = await context.config();
  return {
    kind: 'claim',
    ...(await context.requestBase()),
    targets: [{ target: landTarget(branch), ttlSeconds: land.turnSeconds }],
    mode: 'exclusive',
    reason: `land ${head.slice(0, 7)}`,
    expectSeconds: null,
    head,
    contains: {},
    // Who has the turn is behind, more often than not.
    allowBehind: true,
    reach: store.reach,
    rules: await loadedRules(context, store),
    ticket: null,
    byOwnVerb: true,
  };
}

async function ownTurns(context: Context, store: GitStore): Promise<Claim[]> {
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
  context.host.stderr.write(`running ${oneLine(commandLine(check))} on what lands\n`);
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
