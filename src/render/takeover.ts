import type { Claim } from '../domain/model.js';
import type { Policy } from '../domain/policy.js';
import type { Refusal } from '../domain/refusal.js';
import { oneLine } from '../domain/text.js';
import { addSeconds, formatDuration, type Instant, later, secondsBetween } from '../domain/time.js';
import { CoordError } from '../errors.js';
import { targetWord } from './command-words.js';
import { clock, shortCommit } from './format.js';
import { refusalError } from './refusals.js';
import type { Style } from './style.js';

/** What was taken over, a line a claim; or that there was nothing to take over. */
export function takenOverLines(takenOver: readonly Claim[], now: Instant, style: Style): string[] {
  if (takenOver.length === 0) return ['nobody held it: claimed as by coord claim'];
  return takenOver.map((claim) => {
    const left = secondsBetween(now, claim.expiresAt);
    const how = left > 0 ? `by force, ${formatDuration(left)} before its end` : `expired ${formatDuration(-left)} ago`;
    return `${style.warn('taken over')} ${style.target(oneLine(claim.target))} from ${claim.agent} (${how})`;
  });
}

/** The work of a former holder that never released is in no release, so nobody can check for it. */
export function unreleasedWorkWarnings(takenOver: readonly Claim[]): string[] {
  return takenOver
    .filter(({ mode, kind }) => mode === 'exclusive' && kind !== 'resource')
    .map((claim) => {
      const from = claim.base === null ? '' : ` since ${shortCommit(claim.base)}`;
      return `${claim.agent} never released ${oneLine(claim.target)}: its work${from} may be uncommitted or unmerged; look for it in its worktree and branches first`;
    });
}

/** A takeover that was refused: says when it may be tried again, and what it takes before. */
export function stealRefused(refusal: Refusal, policy: Policy, now: Instant): CoordError {
  const error = refusalError(refusal, now);
  if (refusal.reason !== 'held') return error;
  const asked = [...new Set(refusal.conflicts.map(({ target }) => targetWord(target)))].join(' ');
  const ends = refusal.conflicts.filter(({ waiting }) => !waiting).map(({ expiresAt }) => expiresAt);
  const last = ends.reduce(later, '');
  const free = last === '' || policy.watched !== null ? null : addSeconds(last, policy.skewSeconds);
  const when =
    last === ''
      ? 'others wait for it, and come first'
      : free === null
        ? 'it may be taken over once this clone has watched it unrenewed for its whole life (takeover: observed)'
        : free > now
          ? `it may be taken over in ${formatDuration(secondsBetween(now, free))} (at ${clock(free, now)}), unless it is renewed`
          : 'its time is over, but this clock disagrees with the others, and may not take over';
  return new CoordError(error.code, `${error.message}\n${when}`, {
    hint: `wait your turn: coord claim ${asked} --wait; or, when you know that the holder is gone: coord steal ${asked} --force --reason "…"`,
    details: { ...error.details, takeoverAt: free },
  });
}
