import type { Claim } from '../../domain/model.js';
import type { Refusal } from '../../domain/refusal.js';
import type { Policy } from '../../domain/request.js';
import { coord, targetWord } from '../../domain/suggestion.js';
import { oneLine } from '../../domain/text.js';
import { addSeconds, formatDuration, type Instant, later, secondsBetween } from '../../domain/time.js';
import { CoordError } from '../../errors.js';
import { claimedLines } from '../../render/claims.js';
import { clock, shortCommit } from '../../render/format.js';
import { refusalError } from '../../render/refusals.js';
import type { Style } from '../../render/style.js';
import { transact } from '../../store/swap/transact.js';
import { changedRulesWarning } from '../rules/loaded.js';
import { readTargets, TARGET_OPTIONS } from '../target-input.js';
import { requiredReason } from '../text-input.js';
import type { Verb } from '../verb.js';
import { CLAIM_OPTIONS, claimTerms, wideWarnings } from './claim.js';

export const steal: Verb = {
  arguments: [['<target...>', 'ground to take over; all of it is granted, or none']],
  options: [['--force', 'before its time is over; needs --reason'], ...CLAIM_OPTIONS, ...TARGET_OPTIONS],
  examples: [
    ['coord steal src/api', 'take over what has expired, once the tolerance for clocks is over too'],
    ['coord steal src/api --force --reason "maya\'s machine died"', 'take it now; the former holder is told why'],
  ],
  notes: [
    'Whoever held any of the ground loses that whole claim, is told so by its next command, and has an older token.',
    'Free ground is claimed as by coord claim. With --force, nobody in the queue comes first.',
  ],
  async run(context, input) {
    const targets = readTargets(context, input, input.list(0));
    const force = input.flag('force');
    if (force) requiredReason(input.text('reason'), 'the former holder is told it');
    const store = await context.store();
    const claim = await claimTerms(context, input, store, targets);
    const base = await context.requestBase();
    const decision = await transact(store, { kind: 'steal', ...base, claim, force }, context.surroundings);
    const now = context.now();
    if (!decision.ok) return stealRefused(decision.refusal, base.policy, now);
    const { claims, takenOver } = decision.result;
    return {
      data: { claims, takenOver },
      text: (style) => [...takenOverLines(takenOver, now, style), ...claimedLines(claims, now, style)],
      warnings: [
        ...unreleasedWorkWarnings(takenOver),
        ...(await wideWarnings(context, claims)),
        ...(await changedRulesWarning(context, claim.rules)),
      ],
    };
  },
};

/** What was taken over, a line a claim; or that there was nothing to take over. */
function takenOverLines(takenOver: readonly Claim[], now: Instant, style: Style): string[] {
  if (takenOver.length === 0) return ['nobody held it: claimed as by coord claim'];
  return takenOver.map((claim) => {
    const left = secondsBetween(now, claim.expiresAt);
    const how = left > 0 ? `by force, ${formatDuration(left)} before its end` : `expired ${formatDuration(-left)} ago`;
    return `${style.warn('taken over')} ${style.target(oneLine(claim.target))} from ${claim.agent} (${how})`;
  });
}

/** The work of a former holder that never released is in no release, so nobody can check for it. */
function unreleasedWorkWarnings(takenOver: readonly Claim[]): string[] {
  return takenOver
    .filter(({ mode, kind }) => mode === 'exclusive' && kind !== 'resource')
    .map((claim) => {
      const from = claim.base === null ? '' : ` since ${shortCommit(claim.base)}`;
      return `${claim.agent} never released ${oneLine(claim.target)}: its work${from} may be uncommitted or unmerged; look for it in its worktree and branches first`;
    });
}

/** A takeover that was refused: says when it may be tried again, and what it takes before. */
function stealRefused(refusal: Refusal, policy: Policy, now: Instant): CoordError {
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
    hint: `wait your turn: ${coord(`claim ${asked} --wait`)}; or, when you know that the holder is gone: ${coord(`steal ${asked} --force --reason "…"`)}`,
    details: { ...error.details, takeoverAt: free },
  });
}
