import {
  decideKill,
  decideRevive,
  decideSessionEnd,
  decideSessionStart,
  decideSetState,
  findAgent,
  touchAgent,
} from './agents/agents.js';
import { lacksSession } from './agents/session-required.js';
import { decideClaim } from './claims/claim.js';
import { decideAccept, decideDecline, decideHandoff } from './claims/handoff.js';
import { decideLand } from './claims/land.js';
import { sweep } from './claims/leases.js';
import { decideLoseOffline } from './claims/offline.js';
import { decideOnceBegin, decideOnceFinish, decideOnceForget } from './claims/once.js';
import { decideKeepAlive, decideRelease, decideRenew, keepAlive } from './claims/release.js';
import { claimsInTheWay, decideSteal } from './claims/takeover.js';
import { decideDeployBegin, decideDeployBlock, decideDeployFinish, decideDeployStart } from './deploy/decision.js';
import { decideNote } from './log/notes.js';
import type { State } from './model.js';
import type { Decision, Request } from './request.js';
import { earlierAnswer, withAnswer } from './requests.js';
import { decideDrop, decideIntegrate, decideSubmit } from './submissions/submissions.js';
import type { Instant } from './time.js';
import { decideLeaveQueue, decideWait } from './waiting/wait.js';

/**
 * Answers every kind of request: state in, decision out, nothing else read. Whatever is granted also sweeps what
 * expired, renews what is past half of its life, and notes that the agent was seen, in the same commit. A request id
 * that was answered before gets that answer again, and nothing else happens.
 */
export function decide<R extends Request>(state: State, request: R, now: Instant): Decision<R['kind']>;
export function decide(state: State, request: Request, now: Instant): Decision {
  return earlierAnswer(state, request, now) ?? withAnswer(decideAnew(state, request, now), request, now);
}

function decideAnew(state: State, request: Request, now: Instant): Decision {
  const killed = findAgent(state, request.agent)?.killed;
  // The program of a stopped agent was stopped as well, and its record is to say so.
  if (killed && request.kind !== 'deploy-finish')
    return { ok: false, refusal: { code: 'closed', reason: 'killed', kill: killed } };
  const unread = lacksSession(state, request);
  if (unread) return { ok: false, refusal: unread };
  const spared = request.kind === 'steal' ? claimsInTheWay(state, request.claim) : [];
  const swept = sweep(state, request.policy, now, spared);
  const outcome = dispatch(swept.state, request, now);
  if (!outcome.ok) return outcome;
  const kept = keepAlive(outcome.state, request, now);
  const events = [...swept.events, ...outcome.events, ...kept.events];
  if (kept.state === state) return { ...outcome, state };
  return { ...outcome, state: touchAgent(kept.state, request.agent, now), events };
}

function dispatch(state: State, request: Request, now: Instant): Decision {
  switch (request.kind) {
    case 'claim':
      return decideClaim(state, request, now);
    case 'wait':
      return decideWait(state, request, now);
    case 'once-begin':
      return decideOnceBegin(state, request, now);
    case 'once-finish':
      return decideOnceFinish(state, request, now);
    case 'once-forget':
      return decideOnceForget(state, request, now);
    case 'deploy-begin':
      return decideDeployBegin(state, request, now);
    case 'deploy-block':
      return decideDeployBlock(state, request, now);
    case 'deploy-start':
      return decideDeployStart(state, request, now);
    case 'deploy-finish':
      return decideDeployFinish(state, request, now);
    case 'leave-queue':
      return decideLeaveQueue(state, request, now);
    case 'renew':
      return decideRenew(state, request, now);
    case 'release':
      return decideRelease(state, request, now);
    case 'land':
      return decideLand(state, request, now);
    case 'keep-alive':
      return decideKeepAlive(state, request);
    case 'session-start':
      return decideSessionStart(state, request, now);
    case 'session-end':
      return decideSessionEnd(state, request, now);
    case 'note':
      return decideNote(state, request, now);
    case 'steal':
      return decideSteal(state, request, now);
    case 'handoff':
      return decideHandoff(state, request, now);
    case 'accept':
      return decideAccept(state, request, now);
    case 'decline':
      return decideDecline(state, request, now);
    case 'kill':
      return decideKill(state, request, now);
    case 'revive':
      return decideRevive(state, request, now);
    case 'lose-offline':
      return decideLoseOffline(state, request, now);
    case 'submit':
      return decideSubmit(state, request, now);
    case 'integrate':
      return decideIntegrate(state, request, now);
    case 'drop-submission':
      return decideDrop(state, request, now);
    case 'set-state':
      return decideSetState(state, request, now);
  }
}
