import type { State } from '../model.js';
import { claimIn } from '../refusal-event.js';
import type { Request } from '../request.js';
import type { Instant } from '../time.js';
import { commitsToCheck } from './claim.js';
import { commitsOfOffers } from './handoff.js';

/** What only git can tell: which of these commits HEAD contains. */
export interface ContainmentQuestion {
  readonly head: string | null;
  readonly commits: readonly string[];
}

/** What must be known before the request can be decided on this state. */
export function questionOf(state: State, request: Request, now: Instant): ContainmentQuestion {
  if (request.kind === 'accept') return { head: request.head, commits: commitsOfOffers(state, request, now) };
  const claim = claimIn(request);
  return { head: claim?.head ?? null, commits: claim ? commitsToCheck(state, claim) : [] };
}

/** The request with the answers added to those that it has. */
export function withAnswers<R extends Request>(request: R, answers: Readonly<Record<string, boolean>>): R;
export function withAnswers(request: Request, answers: Readonly<Record<string, boolean>>): Request {
  switch (request.kind) {
    case 'claim':
    case 'accept':
      return { ...request, contains: { ...request.contains, ...answers } };
    case 'wait':
    case 'steal':
    case 'deploy-begin':
      return { ...request, claim: { ...request.claim, contains: { ...request.claim.contains, ...answers } } };
    default:
      return request;
  }
}
