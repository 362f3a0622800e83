import type { Target } from '../../domain/ground/targets.js';
import type { Ban, GuardRefusal, Verdict } from '../../domain/guard/judge.js';
import type { UnclaimedPath } from '../../domain/refusal.js';
import {
  asTyped,
  command,
  commandLine,
  coord,
  form,
  type Standpoint,
  shellWord,
  targetWords,
} from '../../domain/suggestion.js';
import { listed, MOST_LISTED, oneLine, plural, said, shorten } from '../../domain/text.js';
import type { Instant } from '../../domain/time.js';
import { CoordError, type CoordErrorOptions } from '../../errors.js';
import { clock, shortCommit } from '../format.js';
import { nextStep, unclaimedLines } from '../land-refusals.js';

/** What a guard looks at: an act of git, or of an agent harness. */
export type Act = 'commit' | 'push' | 'edit' | 'command';

/** For whom a verdict is put into words. */
export interface Audience {
  readonly act: Act;
  /** The agent that acts; null: it is not known. */
  readonly agent: string | null;
  readonly now: Instant;
  /** Whether a person sits at the terminal: only a person is told how to pass. */
  readonly person: boolean;
}

/** A model reads all of it. */
const LONGEST_REASON = 4_000;

/** Why a change is stopped, with the one command to run next; null: it is not. */
export function guardError(verdict: Verdict, audience: Audience): CoordError | null {
  switch (verdict.kind) {
    case 'allowed':
    case 'let-through':
      return null;
    case 'refused':
    case 'claimable':
      return refused(verdict.refusal, verdict.ground, audience);
    case 'undecided':
      return undecided(verdict.error, verdict.ground, audience);
    case 'banned':
      return banned(verdict.ban, audience);
  }
}

/** What is said where nothing could be decided, and nothing of the surface is changed. */
export function letThroughMessage(error: CoordError, act: Act): string {
  return `the guard could not look at this ${act}: ${error.message}; nothing of the surface is in it`;
}

/** What is said to the person who has switched the guard off. */
export function passedMessage(error: CoordError): string {
  return `let through by COORD_GUARD=off, on the record; ${error.message}`;
}

/** What a harness shows to its model or its user: what is wrong, and the next thing to do. */
export function harnessMessage({ message, hint, alternative }: CoordError, standpoint: Standpoint): string {
  const lines = [
    `coord: ${message}`,
    ...(hint === undefined ? [] : [`next: ${hint}`]),
    ...(alternative === undefined ? [] : [`or ${alternative.why}: ${alternative.command}`]),
  ];
  return lines.map((line) => shorten(asTyped(line, standpoint), LONGEST_REASON)).join('\n');
}

function refused(refusal: GuardRefusal, ground: readonly Target[], audience: Audience): CoordError {
  const { code, ...details } = refusal;
  const [message, hint] = refusedMessage(refusal, ground, audience);
  return new CoordError(code, `refused: ${message}`, { ...byHand(audience), hint, details });
}

function refusedMessage(
  refusal: GuardRefusal,
  ground: readonly Target[],
  { act, agent, now }: Audience,
): [message: string, hint: string] {
  switch (refusal.reason) {
    case 'killed': {
      const { by, at, reason } = refusal.kill;
      return [
        `${agent} was stopped by ${by} at ${clock(at, now)}: ${said(reason)}`,
        `stop working; an orchestrator or a person can let it act again: ${coord(`agent revive ${agent}`)}`,
      ];
    }
    case 'role': {
      const { orchestrators, targets } = refusal;
      const may =
        act === 'push'
          ? 'not push to the main branch'
          : `${act === 'commit' ? 'commit' : 'change'} its scratch paths only`;
      return [
        [`${agent} is a worker, and may ${may}`, ...listed(targets, oneLine)].join('\n'),
        handOver(act, targets, orchestrators),
      ];
    }
    case 'unclaimed': {
      const { paths } = refusal;
      const what = `this ${act} changes ${plural(paths.length, 'path')} without a live exclusive claim of ${agent}`;
      return [[what, ...unclaimedLines(paths, now)].join('\n'), claimFirst(refusal.paths, ground, act)];
    }
  }
}

function handOver(act: Act, targets: readonly string[], orchestrators: readonly string[]): string {
  const to = orchestrators.length === 0 ? '' : ` to ${orchestrators.join(' or ')}`;
  if (act === 'push') return `leave it${to}`;
  const work = targetWords(targets.slice(0, MOST_LISTED).map((text): Target => ({ kind: 'path', text })));
  if (act === 'commit') return `hand it over${to}: ${coord(`submit ${work} --note "for review"`)}`;
  return `${coord('session scratch')}, work there, and hand over: ${form(`submit PATH --note "what it is" --to ${orchestrators[0] ?? 'ID'}`)}`;
}

function claimFirst(paths: readonly UnclaimedPath[], ground: readonly Target[], act: Act): string {
  if (act === 'commit' || act === 'push') return nextStep(paths, act);
  const session = paths.find(({ why }) => why === 'other-session')?.holder?.session;
  if (session !== undefined) {
    return `take an id of your own (COORD_AGENT), or end the other session: ${command(`COORD_SESSION=${session} ${coord('session end')}`)}`;
  }
  const isHeld = paths.some(({ holder, why }) => holder !== null && why !== 'shared');
  const claim = coord(`claim ${targetWords(ground)}${isHeld ? ' --wait' : ''}`);
  return isHeld ? `work on other paths, or wait your turn: ${claim}` : `${claim}, then repeat`;
}

function undecided(error: CoordError, ground: readonly string[], audience: Audience): CoordError {
  const { act } = audience;
  const isNobody = 'candidates' in error.details;
  const why = isNobody
    ? `coord does not know who makes it: ${error.message}`
    : `the guard cannot decide: ${error.message}`;
  const where = ground.length === 0 ? 'may change the surface' : 'changes the surface';
  const isGit = act === 'commit' || act === 'push';
  const hint = !isNobody
    ? error.hint
    : isGit
      ? `export COORD_AGENT=ID, or ${form('session start --agent ID')}; then ${act} again`
      : 'start the harness with COORD_AGENT=ID exported';
  return new CoordError(
    error.code,
    [`refused: this ${act} ${where}, and ${why}`, ...listed(ground, oneLine)].join('\n'),
    {
      ...byHand(audience),
      ...(hint === undefined ? {} : { hint }),
      details: { ...error.details, reason: isNobody ? 'nobody' : 'undecided', paths: ground },
      cause: error,
    },
  );
}

function banned(ban: Ban, audience: Audience): CoordError {
  const [code, message, hint] = bannedMessage(ban);
  return new CoordError(code, `refused: ${message}`, { ...byHand(audience), hint, details: { ...ban } });
}

function bannedMessage(ban: Ban): [code: 'closed' | 'behind', message: string, hint: string] {
  switch (ban.reason) {
    case 'stale': {
      const { remote, branch, tip } = ban;
      return [
        'behind',
        `behind: what is pushed lacks commits of ${oneLine(`${remote}/${branch}`)} (its tip is ${shortCommit(tip)}); they would be undone`,
        `${command(`git pull --rebase ${shellWord(remote)} ${shellWord(branch)}`)}, look at your change again, then repeat`,
      ];
    }
    case 'deletes-main':
      return [
        'closed',
        `this push deletes the main branch (${oneLine(ban.branch)})`,
        'leave the main branch where it is',
      ];
    case 'deletes-state': {
      const what = `this push deletes the state ref (${oneLine(ban.branch)}): every claim and the audit trail with it`;
      return ['closed', what, 'leave it to coord, which pushes it by itself'];
    }
    case 'rewrites-state': {
      const what = `this push rewrites the state ref (${oneLine(ban.branch)}): claims of others would be lost`;
      return ['closed', what, 'leave it to coord, which pushes it by itself'];
    }
    case 'bypass': {
      const [first = '', ...others] = ban.ways;
      const hint = 'run it without that; if a guard then refuses it, do what the guard says';
      return ['closed', [first, ...listed(others, oneLine)].join('\n'), hint];
    }
    case 'deploy': {
      const line = commandLine(ban.words);
      const what = `${oneLine(line)} deploys ${oneLine(ban.target)}, bypassing its gates and the sync-check`;
      return ['closed', what, coord(`deploy ${shellWord(ban.target)} -- ${line}`)];
    }
  }
}

/** The way past a guard, which is for a person. */
function byHand({ act, person }: Audience): Pick<CoordErrorOptions, 'alternative'> {
  if (!person || act === 'edit' || act === 'command') return {};
  const why = 'as a person, to bypass the guard, on the record';
  return { alternative: { why, command: `COORD_GUARD=off git ${act} …` } };
}
