import { join } from 'node:path';
import { groundOf } from '../../domain/claims/conflicts.js';
import type { LandRequest } from '../../domain/claims/land.js';
import { decide } from '../../domain/decide.js';
import { landTarget } from '../../domain/ground/targets.js';
import type { Claim } from '../../domain/model.js';
import { type Answer, partsOf } from '../../domain/request-table.js';
import { secondsBetween } from '../../domain/time.js';
import { CoordError } from '../../errors.js';
import { readCached, writeCached } from '../../git/local-cache.js';
import { isAncestor } from '../../git/refs.js';
import { landRefused, lostBetween, movedAlone, unknownMove } from '../../render/land.js';
import type { GitStore } from '../../store/swap/git-store.js';
import { surelyNotPushed } from '../../store/swap/remote-messages.js';
import { PairedRefDeclined } from '../../store/swap/store.js';
import { transact } from '../../store/swap/transact.js';
import type { Context } from '../../workspace/context.js';
import { releaseClaims } from '../claims/release.js';
import { readMain, type Work } from './review.js';
import { ownTurns, turnRequest } from './turn.js';

/*
 * Where the claims are arbitrated by another repository than the one with the main branch, no push moves both. What fences the
 * landing is the turn to land, a claim that the arbiter gives to one at a time: taken first, checked with the claims of the
 * work, then the main branch is moved by an exact lease, and last the release is recorded, which ends the turn.
 */

/** Claims that end sooner than a push may take are renewed before it. */
const PUSH_SECONDS = 300;
/** The turn outlives the push by this much, so that nobody else moves the main branch while it is under way. */
const SPARE_SECONDS = 10;

/**
 * Moves the main branch under the turn to land, and then records the landing.
 * @returns why it was refused, with nothing moved
 * @throws PairedRefDeclined when the remote did not take the main branch; the turn was given back then, if it was taken here
 * @throws CoordError `unavailable` where it is unknown, or is not recorded yet: the same command then goes on
 */
export async function landInTwoSteps(
  context: Context,
  work: Work,
  request: LandRequest,
  claims: readonly Claim[],
): Promise<Answer<'land'>> {
  const store = await context.store();
  const hadTurn = (await ownTurns(context, store)).length > 0;
  const taken = await transact(
    store,
    await turnRequest(context, store, landTarget(work.branch), work.head),
    context.effects,
  );
  if (!taken.ok) return taken;
  const turn = taken.result.claims[0] as Claim;
  const giveBack = async () => {
    if (!hadTurn) await releaseClaims(context, store, [turn], null);
  };
  await renewShort(context, store, claims);
  const { state } = await store.latest(partsOf([request]));
  const checked = decide(state, request, context.now());
  if (!checked.ok) {
    await giveBack();
    return checked;
  }
  writeCached(notePath(context), { commit: request.commit, branch: work.branch, from: request.from });
  try {
    await moveMain(context, work, turn);
  } catch (error) {
    // What may still land keeps the turn.
    if (error instanceof PairedRefDeclined) await giveBack();
    throw error;
  }
  return record(context, store, work, request);
}

async function renewShort(context: Context, store: GitStore, claims: readonly Claim[]): Promise<void> {
  const short = claims.filter(
    ({ expiresAt }) => secondsBetween(context.now(), expiresAt) < PUSH_SECONDS + SPARE_SECONDS,
  );
  if (short.length === 0) return;
  const base = { ...(await context.requestBase()), requestId: null };
  const request = { kind: 'renew' as const, ...base, targets: short.map(groundOf), ttlSeconds: null };
  await transact(store, request, context.effects);
}

/** Moves the main branch from where it was seen, and no other way. */
async function moveMain(context: Context, work: Work, turn: Claim): Promise<void> {
  const ref = `refs/heads/${work.branch}`;
  const left = secondsBetween(context.now(), turn.expiresAt) - SPARE_SECONDS;
  const door = context.remoteGitWithin(Math.max(SPARE_SECONDS, Math.min(PUSH_SECONDS, left)) * 1000);
  const options = [`--force-with-lease=${ref}:${work.main}`, '--no-verify', '--no-follow-tags', '--no-signed'];
  const pushed = await door.push(work.remote, [`${work.head}:${ref}`], options);
  if (pushed.code === 0) return;
  // The answer may have been lost on the way: where the branch stands is what counts.
  const main = await readMain(context);
  if (main !== null && (await isAncestor(context.git, work.head, main)) === true) return;
  if (surelyNotPushed(pushed, [ref])) throw new PairedRefDeclined(pushed);
  throw unknownMove(work);
}

/** The second step. */
async function record(context: Context, store: GitStore, work: Work, request: LandRequest): Promise<Answer<'land'>> {
  const answer = await transact(store, request, context.effects).catch((error: unknown) => {
    throw error instanceof CoordError ? movedAlone(work, error) : error;
  });
  if (!answer.ok) throw lostBetween(work, landRefused(answer.refusal, context.now()));
  return answer;
}

interface Note {
  readonly commit: string;
  readonly branch: string;
  /** Where the main branch stood before. */
  readonly from: string;
}

function notePath(context: Context): string {
  return join(context.localDirectory, `landing-${context.repository.worktreeId}.json`);
}

/**
 * The landing of this very HEAD that a former run began here, and that moved the main branch without being recorded; null:
 * there is none. Without the note (`.git/coord` was deleted) the claims are given back as after any merge.
 */
export function begunBefore(context: Context, { head, branch }: Work): Note | null {
  return readCached(notePath(context), (value) => {
    const note = value as Partial<Note>;
    const isThis = note.commit === head && note.branch === branch && /^[0-9a-f]{40,64}$/.test(note.from ?? '');
    return isThis ? (note as Note) : null;
  });
}

/**
 * Records a landing whose first step an earlier run has made.
 * @returns null where its claims are gone since: then nothing is left to be given back with it but the turn
 */
export async function finishLanding(
  context: Context,
  work: Work,
  request: LandRequest,
): Promise<Answer<'land'> | null> {
  const store = await context.store();
  const { state } = await store.latest(partsOf([request]));
  if (decide(state, request, context.now()).ok) return record(context, store, work, request);
  const turns = await ownTurns(context, store);
  if (turns.length > 0) await releaseClaims(context, store, turns, null);
  return null;
}
