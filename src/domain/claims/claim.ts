import { findAgent, orchestratorsOf } from '../agents/agents.js';
import type { EventDraft } from '../events.js';
import { commonGround, overlaps } from '../ground/index.js';
import { type AskedTarget, ownVerbOf, type Target } from '../ground/targets.js';
import type { Claim, Mode, Reach, State } from '../model.js';
import { counted, newId } from '../model.js';
import type { Conflict, MissingWork, Refusal } from '../refusal.js';
import type { Outcome, RequestBase, Row } from '../request.js';
import { isTaskTarget, ORCHESTRATOR } from '../tasks/task.js';
import { addSeconds, formatDuration, type Instant } from '../time.js';
import { ownPlace, waitEnded } from '../waiting/queue.js';
import { conflictsOf, groundOf, releasesOn, sameTarget } from './conflicts.js';
import { claimEvent, claimsBy, extend, isLive } from './leases.js';
import { hasWork, type NeededWork, neededWork } from './work.js';

/** What is asked of a claim, by whatever request it is made. */
export interface ClaimTerms {
  readonly targets: readonly AskedTarget[];
  readonly mode: Mode;
  readonly reason: string | null;
  readonly expectSeconds: number | null;
  /** HEAD of the worktree; null on an unborn branch. */
  readonly head: string | null;
  /** For the work of each release that matters, whether HEAD has it; what is not listed counts as lacking. */
  readonly contains: Readonly<Record<string, boolean>>;
  readonly allowBehind: boolean;
  readonly reach: Reach;
  readonly rules: string | null;
  /** This request's own place in the queue; null: it stands behind every waiter. */
  readonly ticket: string | null;
  /** The task whose ground it is; absent where the ground is claimed for itself. */
  readonly task?: string;
  /** Asked for by the verb whose own the target is, such as `coord deploy`; absent where somebody typed the target. */
  readonly byOwnVerb?: true;
}

export interface ClaimRequest extends RequestBase, ClaimTerms {
  readonly kind: 'claim';
}

export interface ClaimResult {
  readonly claims: readonly Claim[];
}

/** The claim that another request makes: all but its terms is that of the request. */
export function claimFor(request: RequestBase & { readonly claim: ClaimTerms }): ClaimRequest {
  const { operation, agent, session, policy, requestId = null, claim } = request;
  return { ...claim, kind: 'claim', operation, agent, session, policy, requestId };
}

/** What the caller asked of the claim. */
export function askedOfClaim({ targets, mode, reason, expectSeconds, allowBehind }: ClaimTerms): unknown {
  return { targets, mode, reason, expectSeconds, allowBehind };
}

export function groundAsked({ targets }: Pick<ClaimTerms, 'targets'>): Target[] {
  return targets.map(({ target }) => target);
}

/**
 * Grants all targets or none. A live claim of this agent on the same target is extended and keeps its token, except
 * that an upgrade from shared to exclusive takes a new one: readers in between hold larger tokens.
 */
export function decideClaim(state: State, request: ClaimRequest, now: Instant): Outcome<ClaimResult> {
  const refusal =
    reserved(state, request) ??
    otherSession(state, request, now) ??
    outOfOrder(state, request, now) ??
    heldByOthers(state, request, now) ??
    behind(state, request, now);
  return refusal ? { ok: false, refusal } : grant(state, request, now);
}

/** Released work that the decision needs to know about: the edge asks git whether HEAD has it. */
export function workToCheck(state: State, request: ClaimRequest): NeededWork[] {
  if (request.allowBehind) return [];
  return request.targets
    .flatMap(({ target }) => neededWork(releasesOn(state, target, request.policy), target))
    .filter((work) => !hasWork(request, work) && request.contains[work.key] === undefined);
}

/** Resources that stand for something are claimed by its own verb, and `@orchestrator` by who has that role. */
function reserved(state: State, request: ClaimRequest): Refusal | null {
  const asked = groundAsked(request);
  const typed = request.task === undefined && request.byOwnVerb === undefined;
  const own = typed ? asked.find((target) => ownVerbOf(target) !== null) : undefined;
  if (own) return { code: 'usage', reason: 'reserved', target: own.text };
  return notForRole(state, request.agent, asked);
}

/** Why this agent may not hold one of these targets, by its role alone; null when it may. */
export function notForRole(state: State, agent: string, targets: readonly Target[]): Refusal | null {
  if (!targets.some((target) => sameTarget(target, ORCHESTRATOR, false))) return null;
  if (findAgent(state, agent)?.role === 'orchestrator') return null;
  return { code: 'closed', reason: 'authority', orchestrators: orchestratorsOf(state) };
}

/** Two agents that share a name must not both win: the same id from another live session is refused. */
function otherSession(state: State, request: ClaimRequest, now: Instant): Refusal | null {
  if (request.session === null) return null;
  const { foldCase } = request.policy;
  const conflicts = request.targets.flatMap(({ target }) =>
    claimsBy(state, request.agent)
      .filter((claim) => claim.session !== null && claim.session !== request.session && isLive(claim, now))
      .flatMap((claim): Conflict[] => {
        const common = commonGround(target, groundOf(claim), { foldCase });
        if (!common) return [];
        const { agent, session, mode, reason, expiresAt } = claim;
        const facts = { agent, session, mode, reason, expiresAt, overlap: common.text, waiting: false };
        return [
          { target: target.text, heldTarget: claim.target, claimId: claim.id, since: claim.acquiredAt, ...facts },
        ];
      }),
  );
  return conflicts.length === 0 ? null : refuseHeld('session', request, conflicts, state);
}

/** With strict order, an agent asks only for what sorts after all that it holds. */
function outOfOrder(state: State, request: ClaimRequest, now: Instant): Refusal | null {
  if (request.policy.lockOrder !== 'strict') return null;
  // Nobody waits for a task while holding what stands for another, so those close no cycle.
  const mine = claimsBy(state, request.agent).filter((claim) => isLive(claim, now) && !isTaskTarget(groundOf(claim)));
  const last =
    mine
      .map((claim) => claim.target)
      .sort()
      .at(-1) ?? '';
  const early = request.targets.find(
    ({ target }) => target.text < last && !isTaskTarget(target) && !ownClaimOn(state, request, target, now),
  );
  if (!early) return null;
  const asked = groundAsked(request);
  const facts = { conflicts: [], free: [], queue: [], asked, mode: request.mode };
  return { code: 'held', reason: 'order', ...facts, held: last, early: early.target.text };
}

/** The refusal for ground that others hold, or stand before this request in the queue for. */
export function heldByOthers(state: State, request: ClaimRequest, now: Instant): Refusal | null {
  const place = ownPlace(state, request);
  const ahead = place ? state.waiters.slice(0, state.waiters.indexOf(place)) : state.waiters;
  const conflicts = request.targets.flatMap(({ target }) =>
    conflictsOf(state, { agent: request.agent, target, mode: request.mode, ahead }, request.policy, now),
  );
  return conflicts.length === 0 ? null : refuseHeld('held', request, conflicts, state);
}

/** Why it is another's turn to land on a branch: somebody holds it, or waits for it; null: it is free. */
export function turnOfOthers(
  state: State,
  { agent, policy }: Pick<ClaimRequest, 'agent' | 'policy'>,
  target: Target,
  now: Instant,
): Refusal | null {
  const asking = { agent, target, mode: 'exclusive' as const, ahead: state.waiters };
  const conflicts = conflictsOf(state, asking, policy, now);
  const request = { targets: [{ target, ttlSeconds: 0 }], mode: 'exclusive' as const, policy };
  return conflicts.length === 0 ? null : refuseHeld('held', request, conflicts, state);
}

function refuseHeld(
  reason: 'held' | 'session',
  request: Pick<ClaimRequest, 'targets' | 'mode' | 'policy'>,
  conflicts: readonly Conflict[],
  state: State,
): Refusal {
  const stopped = new Set(conflicts.map((conflict) => conflict.target));
  const asked = groundAsked(request);
  const options = { foldCase: request.policy.foldCase };
  return {
    code: 'held',
    reason,
    conflicts,
    asked,
    mode: request.mode,
    free: asked.map((target) => target.text).filter((text) => !stopped.has(text)),
    queue: state.waiters.filter((waiter) =>
      waiter.targets.some((wanted) => asked.some((target) => overlaps(target, wanted, options))),
    ),
  };
}

function behind(state: State, request: ClaimRequest, now: Instant): Refusal | null {
  if (request.allowBehind) return null;
  const missing = new Map<string, MissingWork>();
  const lacking = new Set<string>();
  for (const { target } of request.targets) {
    if (ownClaimOn(state, request, target, now)) continue;
    for (const release of releasesOn(state, target, request.policy)) {
      const [work] = neededWork([release], target);
      if (work && !hasWork(request, work)) {
        const { target: released, commit, agent, at } = release;
        missing.set(commit, { target: target.text, released, commit, agent, at });
        lacking.add(target.text);
      }
    }
  }
  if (missing.size === 0) return null;
  const asked = groundAsked(request);
  const free = asked.map(({ text }) => text).filter((text) => !lacking.has(text));
  return { code: 'behind', reason: 'behind', missing: [...missing.values()], free, asked, mode: request.mode };
}

function ownClaimOn(
  state: State,
  request: ClaimRequest,
  target: AskedTarget['target'],
  now: Instant,
): Claim | undefined {
  return claimsBy(state, request.agent).find(
    (claim) => sameTarget(groundOf(claim), target, request.policy.foldCase) && isLive(claim, now),
  );
}

function grant(state: State, request: ClaimRequest, now: Instant): Outcome<ClaimResult> {
  const granted: Claim[] = [];
  const events: EventDraft[] = [];
  const again: Claim[] = [];
  const place = ownPlace(state, request);
  if (place) events.push(waitEnded(place, 'granted', now));
  let lastToken = state.lastToken;
  let made = 0;
  for (const asked of request.targets) {
    const own = ownClaimOn(state, request, asked.target, now);
    if (own) {
      const upgrade = own.mode === 'shared' && request.mode === 'exclusive';
      if (upgrade) lastToken += 1;
      const claim = reenter(own, asked, request, now, upgrade ? lastToken : own.token);
      granted.push(claim);
      again.push(own);
      events.push(claimEvent('claim.renewed', claim, now, { expiresAt: claim.expiresAt, reason: claim.reason }));
    } else {
      lastToken += 1;
      const claim = newClaim(asked, request, now, lastToken, newId(state, 'c', state.lastClaim, made + 1));
      made += 1;
      granted.push(claim);
      events.push(claimEvent('claim.granted', claim, now, grantFacts(claim, asked.target.kind)));
    }
  }
  const over = ownOver(state, granted, request, now);
  return {
    ok: true,
    state: {
      ...state,
      ...counted(state, 'lastClaim', made),
      lastToken,
      claims: [...without(state.claims, [...again, ...over]), ...granted],
      waiters: place ? state.waiters.filter((waiter) => waiter !== place) : state.waiters,
    },
    events: [
      ...over.map((claim) => claimEvent('claim.expired', claim, now, { expiresAt: claim.expiresAt })),
      ...events,
    ],
    result: { claims: granted },
    summary: summaryOf(granted, request.agent),
  };
}

function grantFacts(claim: Claim, kind: Claim['kind']): Record<string, unknown> {
  const { expiresAt, ttlSeconds, reason, base, reach, rules, allowedBehind } = claim;
  return { kind, expiresAt, ttlSeconds, reason, base, reach, rules, ...(allowedBehind ? { allowedBehind } : {}) };
}

/** This agent's claims that are over, on targets which it is granted again. */
function ownOver(state: State, granted: readonly Claim[], { agent, policy }: ClaimRequest, now: Instant): Claim[] {
  return claimsBy(state, agent).filter(
    (claim) =>
      !isLive(claim, now) && granted.some((one) => sameTarget(groundOf(one), groundOf(claim), policy.foldCase)),
  );
}

/** What is granted again, or is over, makes way; mostly nothing does, of perhaps thousands. */
function without(claims: readonly Claim[], gone: readonly Claim[]): readonly Claim[] {
  return gone.length === 0 ? claims : claims.filter((claim) => !gone.includes(claim));
}

function reenter(own: Claim, asked: AskedTarget, request: ClaimRequest, now: Instant, token: number): Claim {
  const { mode, reason, session, expectSeconds, rules, task } = request;
  return {
    ...extend(own, now, asked.ttlSeconds),
    token,
    mode,
    reason: reason ?? own.reason,
    session: session ?? own.session,
    expectSeconds: expectSeconds ?? own.expectSeconds,
    rules: rules ?? own.rules,
    tasks: task === undefined || own.tasks.includes(task) ? own.tasks : [...own.tasks, task],
    byHand: own.byHand,
  };
}

function newClaim(asked: AskedTarget, request: ClaimRequest, now: Instant, token: number, id: string): Claim {
  return {
    id,
    target: asked.target.text,
    kind: asked.target.kind,
    mode: request.mode,
    agent: request.agent,
    session: request.session,
    token,
    ttlSeconds: asked.ttlSeconds,
    acquiredAt: now,
    renewedAt: now,
    expiresAt: addSeconds(now, asked.ttlSeconds),
    reason: request.reason,
    reach: request.reach,
    base: request.head,
    expectSeconds: request.expectSeconds,
    rules: request.rules,
    allowedBehind: request.allowBehind,
    offer: null,
    tasks: request.task === undefined ? [] : [request.task],
    byHand: request.task === undefined,
  };
}

function summaryOf(claims: readonly Claim[], agent: string): string {
  const longest = Math.max(...claims.map((claim) => claim.ttlSeconds));
  return `claim ${claims.map((claim) => claim.target).join(', ')} by ${agent} for ${formatDuration(longest)}`;
}

export const CLAIM_ROWS = {
  claim: {
    decide: decideClaim,
    repeatable: true,
    fields: {
      targets: 'asked',
      mode: 'asked',
      reason: 'asked',
      expectSeconds: 'asked',
      allowBehind: 'asked',
      head: 'found',
      contains: 'found',
      reach: 'found',
      rules: 'found',
      ticket: 'found',
      task: 'asked',
      byOwnVerb: 'found',
    },
    parts: () => [],
    combinable: true,
    ground: (_state, request) => groundAsked(request),
    work: workToCheck,
    offline: true,
  },
} as const satisfies { readonly claim: Row<ClaimRequest> };
