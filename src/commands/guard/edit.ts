import { realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { ClaimRequest } from '../../domain/claims/claim.js';
import { overlaps } from '../../domain/ground/index.js';
import type { Target } from '../../domain/ground/targets.js';
import type { Verdict } from '../../domain/guard/judge.js';
import type { Answer as Decided } from '../../domain/request-table.js';
import { granterOf } from '../../domain/riders.js';
import { asTyped } from '../../domain/suggestion.js';
import { CoordError } from '../../errors.js';
import { type Answer, type Dialect, SILENCE } from '../../guards/harness/dialects.js';
import type { Ask, Payload } from '../../guards/harness/payload.js';
import { guardsAmong, keepsCalls } from '../../guards/own-guards.js';
import { writeOf } from '../../guards/shell/findings.js';
import { type Act, guardError, harnessMessage, letThroughMessage } from '../../render/guard/refusals.js';
import { LastTime } from '../../store/cache/observations.js';
import type { GitStore } from '../../store/swap/git-store.js';
import { transact } from '../../store/swap/transact.js';
import { tellCollisions } from '../../workspace/collisions.js';
import type { Context } from '../../workspace/context.js';
import { failedLately, lostMark, noteFailure } from '../../workspace/riding.js';
import { asTracked } from '../../workspace/targets.js';
import { claimRequest } from '../claims/claim-request.js';
import { asCoordError } from '../perform.js';
import { Input } from '../verb.js';
import { refusedClaim } from '../waiting/queueing.js';
import { type Actor, contextAt, contextFor, repositoryAt, standpointOf } from './actor.js';
import { banned, coordinationOf, judge, type Question, unreadable } from './judge.js';
import { type Located, locateFile } from './locate.js';

/** What a harness is about to do. */
type HarnessAct = Extract<Act, 'edit' | 'command'>;

/** Judges an edit of files, each in the worktree that it is in. */
export async function judgeEdit(
  actor: Actor,
  dialect: Dialect,
  { paths, done }: Extract<Ask, { kind: 'edit' }>,
  input: Payload,
): Promise<Answer> {
  const guard = done ? null : await judgeGuards(actor, dialect, paths, input);
  if (guard !== null) return guard;
  const located = paths.flatMap((path) => locateFile(path, actor.directory) ?? []);
  const answer = await judgeAll(actor, dialect, located, 'edit');
  // What has happened cannot be stopped any more.
  return done ? { ...SILENCE, stderr: answer.stderr } : answer;
}

/** An edit of what guards this repository; null: of something else. */
async function judgeGuards(
  actor: Actor,
  dialect: Dialect,
  paths: readonly string[],
  input: Payload,
): Promise<Answer | null> {
  const { directory } = actor;
  const isNear = paths.some((path) => /hook|husky|pre-commit|\.git[/\\]|settings|opencode/.test(path));
  const repository = isNear ? repositoryAt(existing(directory)) : null;
  if (repository === null) return null;
  const edited = paths.map((path) => ({
    ...writeOf(path, directory),
    keeps: keepsCalls(resolve(directory, path), input),
  }));
  const ways = guardsAmong(repository, edited);
  const context = contextFor(actor, directory);
  if (ways.length === 0 || (await coordinationOf(context).catch(asCoordError)) === null) return null;
  return answerTo(actor, dialect, context, 'edit', banned({ reason: 'bypass', ways }));
}

/** Judges ground of several worktrees; the first refusal counts. */
export async function judgeAll(
  actor: Actor,
  dialect: Dialect,
  located: readonly Located[],
  act: HarnessAct,
): Promise<Answer> {
  const roots = [...new Set(located.map(({ root }) => root))];
  let warnings = '';
  for (const root of roots) {
    const ground = located.filter((one) => one.root === root).map(({ target }) => target);
    const context = contextAt(actor, root);
    const answer = await answerAbout(actor, dialect, context, act, { ground: unique(ground), kind: 'change' });
    if (answer.exit === 2) return answer;
    warnings += answer.stderr;
  }
  return { ...SILENCE, stderr: warnings };
}

function unique(ground: readonly Target[]): Target[] {
  return [...new Map(ground.map((target) => [`${target.kind} ${target.text}`, target])).values()];
}

/** Judges a change before it happens; claims free ground for the agent where the configuration says so. */
export async function answerAbout(
  actor: Actor,
  dialect: Dialect,
  context: Context,
  act: HarnessAct,
  question: Question,
): Promise<Answer> {
  const verdict = await judge(context, { mayClaim: true, ...question });
  if (verdict.kind === 'allowed' && verdict.due.length > 0) {
    await renewFor(context);
  }
  const answer = await answerOrClaim(actor, dialect, context, act, verdict);
  const lost = answer.exit === 0 && actor.agent !== null ? await lostByRiding(context) : [];
  if (lost.length > 0) {
    const words = lost.map((line) => asTyped(line, standpointOf(actor, context)));
    return dialect.deny([...words, `this ${act} itself is allowed: repeat it unless it touches that`].join('\n'));
  }
  return answer.exit === 0
    ? { ...answer, stderr: answer.stderr + (await collisionWords(actor, context, question.ground)) }
    : answer;
}

async function answerOrClaim(
  actor: Actor,
  dialect: Dialect,
  context: Context,
  act: HarnessAct,
  verdict: Verdict,
): Promise<Answer> {
  if (verdict.kind !== 'claimable') return answerTo(actor, dialect, context, act, verdict);
  const reason = act === 'edit' ? `edit by ${actor.harness}` : `command of ${actor.harness}`;
  const error = await claimFor(context, verdict.ground, reason).catch(asCoordError);
  return error === null ? SILENCE : dialect.deny(harnessMessage(error, standpointOf(actor, context)));
}

/** That somebody else's work on this very ground would collide, where that is known already; told once. */
async function collisionWords(actor: Actor, context: Context, asked: Question['ground']): Promise<string> {
  const ground = await Promise.resolve(asked).catch((): readonly Target[] => []);
  if (actor.agent === null) return '';
  const options = { foldCase: context.repository.foldsCase };
  const isHere = (path: string) => ground.some((target) => overlaps({ kind: 'path', text: path }, target, options));
  return tellCollisions(context, actor.agent, ({ paths }) => paths.some(isHere))
    .map((line) => `coord: ${asTyped(line, standpointOf(actor, context))}\n`)
    .join('');
}

/** The verdict in the words of the harness. */
export function answerTo(actor: Actor, dialect: Dialect, context: Context, act: Act, verdict: Verdict): Answer {
  if (verdict.kind === 'let-through')
    return { ...SILENCE, stderr: `coord: ${letThroughMessage(verdict.error, act)}\n` };
  const error = guardError(verdict, { act, agent: actor.agent, now: context.now(), person: false });
  return error === null ? SILENCE : dialect.deny(harnessMessage(error, standpointOf(actor, context)));
}

/**
 * Where it cannot be told what is about to be edited, it may be the surface: stopped where there is one, and left alone
 * where nobody coordinates.
 */
export async function judgeUnreadable(actor: Actor, dialect: Dialect, why: string): Promise<Answer> {
  const repository = repositoryAt(existing(actor.directory));
  if (repository === null) return SILENCE;
  const context = contextFor(actor, actor.directory);
  const known = await coordinationOf(context).catch(asCoordError);
  if (known === null) return SILENCE;
  const error = new CoordError('usage', why, {
    hint: `if this happens again, coord and ${dialect.harness} do not understand each other: ask a person to look`,
  });
  if (!(known instanceof CoordError) && known.read.config.surface.length === 0) {
    return { ...SILENCE, stderr: `coord: ${why}\n` };
  }
  return answerTo(actor, dialect, context, 'edit', unreadable(error));
}

function existing(directory: string): string {
  try {
    return realpathSync(directory);
  } catch {
    return '/';
  }
}

/**
 * Claims ground for the agent whose harness is about to change it, as `coord claim` would.
 * @returns why it was refused; null when it is the agent's now
 */
export async function claimFor(
  context: Context,
  ground: readonly Target[],
  reason: string,
): Promise<CoordError | null> {
  const store = await context.store();
  const named = context.repository.foldsCase ? await asTracked(context.git, ground) : ground;
  const request = await claimRequest(context, new Input([], { reason }), store, named);
  const decision = await claimAutomatically(context, store, request);
  return decision.ok ? null : refusedClaim(context, decision.refusal);
}

/** Renews the claims of the agent that are past half of their life: whoever edits is at work. Best effort. */
async function renewFor(context: Context): Promise<void> {
  if (failedLately(context)) return;
  try {
    const base = { ...(await context.requestBase()), requestId: null };
    await transact(await context.store(), { kind: 'keep-alive', ...base }, context.effects);
  } catch (error) {
    noteFailure(context, error);
  }
}

/**
 * Claims ground for an agent whose harness is about to change it. In a shared fleet the first in ten seconds asks the remote; the
 * next ones are granted by this clone, and go along with its next write. Where the remote is out of reach this clone grants,
 * and nobody waits for it again for a minute. A refusal is of the remote's making as long as that can be asked.
 */
async function claimAutomatically(context: Context, store: GitStore, request: ClaimRequest): Promise<Decided<'claim'>> {
  const { effects } = context;
  if (store.reach === 'clone') return transact(store, request, effects);
  const asked = new LastTime(join(context.localDirectory, 'claimed-by-edit.json'));
  const here = { ...request, reach: 'clone' as const };
  const isCut = failedLately(context, 'cut');
  if (isCut || granterOf(asked.read(), context.now()) === 'clone') {
    const answer = await transact(await context.stores.here({ request: here, asked: false }), here, effects);
    if (answer.ok || isCut) return answer;
  }
  try {
    const answer = await transact(store, request, effects);
    asked.record(context.now());
    return answer;
  } catch (error) {
    if (!(error instanceof CoordError) || error.code !== 'unavailable') throw error;
    noteFailure(context, error);
    return transact(await context.stores.here({ request: here, asked: false }), here, effects);
  }
}

/** Says, once, which claims the remote did not confirm; empty: none, or it was told. */
async function lostByRiding(context: Context): Promise<readonly string[]> {
  const identity = context.identityIfKnown();
  const mark = identity === null ? null : lostMark(context, identity.agent);
  if (identity === null || mark === null || mark.read() === null) return [];
  const { tellLosses } = await import('../../workspace/notices.js');
  const lines = tellLosses(context, identity, await (await context.store()).view());
  mark.forget();
  return lines;
}
