import { decideSessionEnd, decideSessionStart, findAgent, touchAgent } from './agents.js';
import { decideClaim } from './claim.js';
import { sweep } from './leases.js';
import type { State } from './model.js';
import { decideNote } from './notes.js';
import { decideRelease } from './release.js';
import { decideKeepAlive, decideRenew, keepAlive } from './renew.js';
import type { Decision, Request } from './request.js';
import type { Instant } from './time.js';

/**
 * Answers every kind of request: state in, decision out, nothing else read. Whatever is granted also sweeps what
 * expired, renews what is past half of its life, and notes that the agent was seen, in the same commit.
 */
export function decide<R extends Request>(state: State, request: R, now: Instant): Decision<R['kind']>;
export function decide(state: State, request: Request, now: Instant): Decision {
  const killed = findAgent(state, request.agent)?.killed;
  if (killed) return { ok: false, refusal: { code: 'closed', reason: 'killed', kill: killed } };
  const swept = sweep(state, request.policy, now);
  const outcome = dispatch(swept.state, request, now);
  if (!outcome.ok) return outcome;
  const kept = keepAlive(outcome.state, request, now);
  const events = [...swept.events, ...outcome.events, ...kept.events];
  if (events.length === 0) return { ...outcome, state };
  return { ...outcome, state: touchAgent(kept.state, request.agent, now), events };
}

function dispatch(state: State, request: Request, now: Instant): Decision {
  switch (request.kind) {
    case 'claim':
      return decideClaim(state, request, now);
    case 'renew':
      return decideRenew(state, request, now);
    case 'release':
      return decideRelease(state, request, now);
    case 'keep-alive':
      return decideKeepAlive(state, request);
    case 'session-start':
      return decideSessionStart(state, request, now);
    case 'session-end':
      return decideSessionEnd(state, request, now);
    case 'note':
      return decideNote(state, request, now);
  }
}
