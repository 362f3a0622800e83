import type { Target } from '../../domain/ground/targets.js';
import type { Claim } from '../../domain/model.js';
import { oneLine } from '../../domain/text.js';
import { formatDuration, type Instant, secondsBetween } from '../../domain/time.js';
import { claimedLines } from '../../render/claims.js';
import { shortCommit } from '../../render/format.js';
import { refusalError } from '../../render/refusals.js';
import type { Style } from '../../render/style.js';
import { transact } from '../../store/swap/transact.js';
import type { Context } from '../../workspace/context.js';
import { changedRulesWarning } from '../../workspace/rules.js';
import { requiredReason } from '../input.js';
import type { Input, Outcome } from '../verb.js';
import { claimTerms, wideWarnings } from './claim-request.js';

/** `claim --take-over`: takes ground that others hold, before its time is over. The former holders are told why. */
export async function takeOver(context: Context, input: Input, targets: readonly Target[]): Promise<Outcome> {
  requiredReason(input.text('reason'), 'the former holder is told why');
  const store = await context.store();
  const claim = await claimTerms(context, input, store, targets);
  const request = { kind: 'take-over', ...(await context.requestBase()), claim } as const;
  const decision = await transact(store, request, context.effects);
  const now = context.now();
  if (!decision.ok) return refusalError(decision.refusal, now);
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
}

/** What was taken over, a line a claim; or that there was nothing to take over. */
function takenOverLines(takenOver: readonly Claim[], now: Instant, style: Style): string[] {
  if (takenOver.length === 0) return ['nobody held it'];
  return takenOver.map((claim) => {
    const left = secondsBetween(now, claim.expiresAt);
    const how = left > 0 ? `${formatDuration(left)} before its end` : `expired ${formatDuration(-left)} ago`;
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
