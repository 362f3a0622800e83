import { realpathSync } from 'node:fs';
import type { Context } from '../../../context.js';
import { CoordError } from '../../../errors.js';
import { type Answer, type Ask, SILENCE } from '../../../guards/harness/calls.js';
import type { Dialect } from '../../../guards/harness/dialects.js';
import { actUndecided, bypassRefused, harnessWords } from '../../../render/harness.js';
import { asError } from '../judge.js';
import { type Actor, contextFor, repositoryAt } from './acting.js';
import { type Located, locateFile } from './locate.js';
import { guardsAmong } from './own-guards.js';
import { type Change, coordinationOf, judge, type Verdict } from './verdict.js';

/** Judges an edit of files, each in the worktree that it is in. */
export async function judgeEdit(
  actor: Actor,
  dialect: Dialect,
  { paths, done }: Extract<Ask, { kind: 'edit' }>,
): Promise<Answer> {
  const guard = done ? null : await judgeGuards(actor, dialect, paths);
  if (guard !== null) return guard;
  const located = paths.flatMap((path) => locateFile(path, actor.directory) ?? []);
  const answer = await judgeAll(actor, dialect, located, { act: 'edit', reason: `edit by ${actor.harness}` });
  // What has happened cannot be stopped any more.
  return done ? { ...SILENCE, stderr: answer.stderr } : answer;
}

/** An edit of the hooks that guard this repository; null: of something else. */
async function judgeGuards(actor: Actor, dialect: Dialect, paths: readonly string[]): Promise<Answer | null> {
  const { directory } = actor;
  const repository = paths.some((path) => path.includes('hooks')) ? repositoryAt(existing(directory)) : null;
  if (repository === null) return null;
  const edited = paths.map((path) => ({ path, directory, isPattern: false, follows: true, into: [] }));
  const guards = guardsAmong(repository, edited);
  const context = contextFor(actor, directory);
  if (guards.length === 0 || (await coordinationOf(context).catch(asError)) === null) return null;
  return answerTo(actor, dialect, context, { kind: 'deny', error: bypassRefused(guards) });
}

/** Judges ground of several worktrees; the first refusal counts. */
export async function judgeAll(
  actor: Actor,
  dialect: Dialect,
  located: readonly Located[],
  change: Omit<Change, 'ground'>,
): Promise<Answer> {
  const roots = [...new Set(located.map(({ root }) => root))];
  let warnings = '';
  for (const root of roots) {
    const ground = located.filter((one) => one.root === root).map(({ target }) => target);
    const context = contextAt(actor, root);
    const answer = answerTo(actor, dialect, context, await judge(context, { ...change, ground: unique(ground) }));
    if (answer.exit === 2) return answer;
    warnings += answer.stderr;
  }
  return { ...SILENCE, stderr: warnings };
}

function unique(ground: Change['ground']): Change['ground'] {
  return [...new Map(ground.map((target) => [`${target.kind} ${target.text}`, target])).values()];
}

/** In the harness's own directory where that is in the worktree, so that what is suggested can be pasted there. */
export function contextAt(actor: Actor, root: string): Context {
  const own = repositoryAt(actor.directory);
  return contextFor(actor, own?.root === root ? actor.directory : root);
}

export function answerTo(actor: Actor, dialect: Dialect, context: Context, verdict: Verdict): Answer {
  if (verdict.kind === 'pass') {
    return verdict.warning === undefined ? SILENCE : { ...SILENCE, stderr: `coord: ${verdict.warning}\n` };
  }
  return dialect.deny(harnessWords(verdict.error, standpointOf(actor, context)));
}

/** Cursor exports no session to the commands of its agent, so they have to say who they are. */
export function standpointOf({ harness, agent }: Actor, { atRoot }: Context) {
  return { atRoot, agent: harness === 'cursor' && agent !== null ? agent : undefined };
}

/**
 * Where it cannot be told what is about to be edited, it may be the surface: stopped where there is one, and left alone
 * where nobody coordinates.
 */
export async function judgeUnreadable(actor: Actor, dialect: Dialect, why: string): Promise<Answer> {
  const repository = repositoryAt(existing(actor.directory));
  if (repository === null) return SILENCE;
  const context = contextFor(actor, actor.directory);
  const known = await coordinationOf(context).catch(asError);
  if (known === null) return SILENCE;
  const error = new CoordError('usage', why, {
    hint: `if this happens again, coord and ${dialect.harness} do not understand each other: ask a person to look`,
  });
  if (!(known instanceof CoordError) && known.read.config.surface.length === 0) {
    return { ...SILENCE, stderr: `coord: ${why}\n` };
  }
  return answerTo(actor, dialect, context, { kind: 'deny', error: actUndecided(error, [], 'edit') });
}

function existing(directory: string): string {
  try {
    return realpathSync(directory);
  } catch {
    return '/';
  }
}
