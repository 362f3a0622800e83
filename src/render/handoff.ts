import type { Claim } from '../domain/model.js';
import type { Refusal } from '../domain/refusal.js';
import { oneLine } from '../domain/text.js';
import type { Instant } from '../domain/time.js';
import { CoordError } from '../errors.js';
import { targetWord, targetWords } from './command-words.js';
import { shortCommit } from './format.js';
import { refusalError } from './refusals.js';
import type { Style } from './style.js';

export function offeredLines(claims: readonly Claim[], style: Style): string[] {
  return claims.map(({ target, offer }) => {
    const name = style.target(oneLine(target));
    if (offer === null) return `${style.good('withdrawn')} the offer of ${name}; you hold it`;
    const at = offer.commit === null ? '' : ` at ${shortCommit(offer.commit)}`;
    return `${style.good('offered')} ${name}${at} to ${offer.to}; you hold it until ${offer.to} accepts`;
  });
}

export function heldBackWarnings(heldBack: readonly Claim[], to: string | null): string[] {
  return heldBack.map(
    ({ target }) =>
      `${to} cannot accept while you keep ${oneLine(target)}, which overlaps: coord handoff ${targetWord(target)} --to ${to}, or coord release ${targetWord(target)}`,
  );
}

export function declinedLines(claims: readonly Claim[], style: Style): string[] {
  if (claims.length === 0) return ['nothing is offered to you'];
  return claims.map(({ target, agent }) => `${style.good('declined')} ${oneLine(target)}; ${agent} still holds it`);
}

/** An offer that was not accepted; when HEAD lacks the work, what brings it in. */
export function acceptRefused(refusal: Refusal, targets: readonly string[], now: Instant): CoordError {
  const error = refusalError(refusal, now);
  if (refusal.reason === 'held') {
    const [first] = refusal.conflicts;
    const hint = `${first?.agent} must hand over or release ${oneLine(first?.heldTarget ?? '')} too; then coord accept ${targetWords(targets)}`;
    return new CoordError('held', error.message, { hint: hint.trimEnd(), details: error.details });
  }
  if (refusal.reason !== 'behind') return error;
  const lines = refusal.missing.map(
    ({ target, commit, agent }) =>
      `behind: HEAD lacks ${shortCommit(commit)}, the work of ${agent} on ${oneLine(target)}`,
  );
  const commits = refusal.missing.map(({ commit }) => shortCommit(commit)).join(' ');
  return new CoordError('behind', lines.join('\n'), {
    hint: `bring it in: git fetch && git merge ${commits}; then coord accept ${targetWords(targets)}`.trimEnd(),
    details: error.details,
  });
}
