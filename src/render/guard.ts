import type { GuardRefusal } from '../domain/guard.js';
import { coord, shellWord, targetWords } from '../domain/suggestion.js';
import { listed, MOST_LISTED, oneLine, plural } from '../domain/text.js';
import type { Instant } from '../domain/time.js';
import { type Alternative, CoordError } from '../errors.js';
import { clock, shortCommit } from './format.js';
import { nextStep, unclaimedLines } from './land-refusals.js';

/** What a guard looks at. */
export type Act = 'commit' | 'push';

/** A change that a guard stops, with what to do next, and how a person passes. */
export function guardRefused(refusal: GuardRefusal, agent: string, act: Act, now: Instant): CoordError {
  const { code, ...details } = refusal;
  const options = { details, alternative: byHand(act) };
  switch (refusal.reason) {
    case 'killed': {
      const { by, at, reason } = refusal.kill;
      const message = `refused: ${agent} was stopped by ${by} at ${clock(at, now)}: ${oneLine(reason)}`;
      return new CoordError(code, message, {
        ...options,
        hint: `stop working; an orchestrator or a person can run ${coord('agent revive')}`,
      });
    }
    case 'role': {
      const { orchestrators, targets } = refusal;
      const to = orchestrators.length === 0 ? '' : ` to ${orchestrators.join(' or ')}`;
      const work = targetWords(targets.slice(0, MOST_LISTED).map((text) => ({ kind: 'path', text })));
      const message = [
        `refused: ${agent} is a worker, and may ${act === 'push' ? 'not push to the main branch' : 'commit its scratch paths only'}`,
        ...listed(targets, oneLine),
      ];
      return new CoordError(code, message.join('\n'), {
        ...options,
        hint: act === 'commit' ? `hand it over${to}: ${coord(`submit ${work} --note "…"`)}` : `leave it${to}`,
      });
    }
    case 'unclaimed': {
      const { paths } = refusal;
      const subject = `this ${act} changes ${plural(paths.length, 'path')}`;
      const message = [`refused: ${subject} without a live exclusive claim of ${agent}`, ...unclaimedLines(paths, now)];
      return new CoordError(code, message.join('\n'), { ...options, hint: nextStep(paths, act) });
    }
  }
}

/** What is stopped because it cannot be decided: the surface is closed then. */
export function guardUndecided(error: CoordError, paths: readonly string[], act: Act): CoordError {
  const isNobody = 'candidates' in error.details;
  const why = isNobody
    ? `refused: this ${act} changes the surface, and coord does not know who makes it: ${error.message}`
    : `refused: the guard cannot decide about this ${act}: ${error.message}`;
  const hint = isNobody
    ? `export COORD_AGENT=ID, or ${coord('session start --agent ID')}; then ${act} again`
    : error.hint;
  return new CoordError(error.code, [why, ...listed(paths, oneLine)].join('\n'), {
    ...(hint === undefined ? {} : { hint }),
    alternative: byHand(act),
    details: { ...error.details, reason: isNobody ? 'nobody' : 'undecided', paths },
    cause: error,
  });
}

/** What is said where nothing could be decided, and nothing of the surface is changed. */
export function letThroughWords(error: CoordError, act: Act): string {
  return `the guard could not look at this ${act}: ${error.message}; nothing of the surface is in it`;
}

/** What is said to the person who has switched the guard off. */
export function passedWords(error: CoordError): string {
  return `let through by COORD_GUARD=off, on the record; ${error.message}`;
}

/** The way past a guard, for a person. */
export function byHand(act: Act): Alternative {
  return { why: 'as a person, past the guard and on the record', command: `COORD_GUARD=off git ${act} …` };
}

/** A push of the main branch that lacks what is on it. */
export function pushStale(remote: string, branch: string, tip: string): CoordError {
  const name = oneLine(`${remote}/${branch}`);
  const message = `refused: behind: what is pushed lacks commits of ${name} (its tip is ${shortCommit(tip)}); they would be undone`;
  return new CoordError('behind', message, {
    hint: `git pull --rebase ${shellWord(remote)} ${shellWord(branch)}, look at your change again, then repeat`,
    alternative: byHand('push'),
    details: { reason: 'stale', remote, branch, tip },
  });
}

/** A push that would take a branch away, or the history of the coordination branch. */
export function pushForbidden(reason: 'deletes-main' | 'deletes-coord' | 'rewrites-coord', branch: string): CoordError {
  const name = oneLine(branch);
  const what = {
    'deletes-main': `this push deletes the main branch (${name})`,
    'deletes-coord': `this push deletes the coordination branch (${name}): every claim and the audit trail with it`,
    'rewrites-coord': `this push rewrites the coordination branch (${name}): claims of others would be lost`,
  }[reason];
  return new CoordError('closed', `refused: ${what}`, {
    hint:
      reason === 'deletes-main' ? 'leave the main branch where it is' : 'leave it to coord, which pushes it by itself',
    alternative: byHand('push'),
    details: { reason, branch },
  });
}
