import type { TargetKind } from '../../../../src/domain/ground/targets.js';
import type { Claim, Release } from '../../../../src/domain/model.js';
import type { BranchCommit } from './branch.js';

/** What the events make of a claim. */
export interface Holding {
  readonly id: string;
  readonly agent: string;
  readonly session: string | null;
  readonly target: string;
  readonly kind: TargetKind;
  readonly mode: string;
  readonly token: number;
  readonly since: string;
  readonly expiresAt: string;
  readonly ttlSeconds: number;
  readonly reason: string | null;
  readonly base: string | null;
  readonly offeredTo: string | null;
}

/** What the events up to a commit make. */
export interface Made {
  /** By id. */
  readonly held: ReadonlyMap<string, Holding>;
  /** Ids of those who wait, in their turn. */
  readonly waiting: readonly string[];
  readonly lastToken: number;
  /** What was released in this very commit, and must be known to whoever comes next. */
  readonly binding: readonly Holding[];
}

/** What the state of a commit says otherwise than the events up to it. */
export function contradictions(commit: BranchCommit, before: BranchCommit | null, made: Made): string[] {
  const { id, claims, waiters, lastToken } = commit;
  const lacking = [...made.held.keys()].filter((one) => !claims.some((claim) => claim.id === one));
  const queue = waiters.map((waiter) => waiter.id).join(', ');
  const turns = made.waiting.join(', ');
  return [
    ...claims.flatMap((claim) => ofClaim(claim, made.held.get(claim.id))),
    ...lacking.map((one) => `lacks ${one}, which was granted and not given back`),
    ...(queue === turns ? [] : [`the queue is ${queue}, but the events made ${turns}`]),
    ...(lastToken < made.lastToken ? [`lastToken is ${lastToken}, but ${made.lastToken} was given`] : []),
    ...ofReleases(commit, before, made.binding),
  ].map((problem) => `${id} (${commit.subject}): ${problem}`);
}

function ofClaim(claim: Claim, holding: Holding | undefined): string[] {
  if (!holding) return [`holds ${claim.id} (${claim.target}), which no event granted`];
  const { offer } = claim;
  const stated: Partial<Record<keyof Holding, unknown>> = {
    ...{ agent: claim.agent, session: claim.session, target: claim.target, mode: claim.mode, token: claim.token },
    ...{ since: claim.acquiredAt, expiresAt: claim.expiresAt, reason: claim.reason, base: claim.base },
    offeredTo: offer && !offer.declined ? offer.to : null,
  };
  const names = Object.keys(stated) as (keyof Holding)[];
  const problems = names
    .filter((name) => stated[name] !== holding[name])
    .map(
      (name) => `${claim.id} differs from what the events made of it: ${name} is ${stated[name]}, not ${holding[name]}`,
    );
  return claim.ttlSeconds < holding.ttlSeconds ? [...problems, `${claim.id} has a shorter time to live`] : problems;
}

/** It stands there still, or each path that it binds is bound by another, whose token may be older: readers end as they like. */
function isKept({ target, token, changes, uncommitted }: Release, now: readonly Release[]): boolean {
  if (now.some((one) => one.target === target && one.token === token)) return true;
  const again = now.filter((one) => one.target === target);
  if (again.some((one) => one.changes === null)) return true;
  if (changes === null || (uncommitted && again.length === 0)) return false;
  return changes.every(({ path }) => now.some((one) => one.changes?.some((change) => change.path === path)));
}

function ofReleases({ releases }: BranchCommit, before: BranchCommit | null, binding: readonly Holding[]): string[] {
  const forgotten = (before?.releases ?? []).filter((release) => !isKept(release, releases));
  const missing = binding.filter(
    ({ target, token }) => !releases.some((one) => one.target === target && one.token >= token),
  );
  return [
    ...forgotten.map(({ target }) => `forgets the release of ${target}`),
    ...missing.map(({ target }) => `lacks the release of ${target}, which binds`),
  ];
}
