import type { Verification } from '../gates/judge.js';
import { fingerprint } from '../text.js';
import { addSeconds, type Instant } from '../time.js';
import type { Holding, WorkKind } from './holdings.js';

export const VERDICTS = ['covered', 'late', 'claimed-by-another', 'unclaimed', 'unknown'] as const;

/**
 * How the change of one path stands to the claims:
 * - `covered`: made under a claim over it
 * - `late`: tied to a claim over it, which was granted only afterwards, or was over already
 * - `claimed-by-another`: somebody held it then, and nothing ties the commit to that claim
 * - `unclaimed`: nobody held it then
 * - `unknown`: the history, or this clone, does not reach far enough to tell
 */
export type Verdict = (typeof VERDICTS)[number];

/** What a verdict rests on. */
export type Reason =
  | WorkKind
  /** It makes the very change that is in the work: a squash, or a rebase, of it. */
  | 'same-change'
  /** It brings the path to what the base of the range has: a merge of it by hand. */
  | 'as-base'
  /** The commit names the claim, and was made in its time. */
  | 'named'
  /** The commit is tied to another claim of the agent that held the path then. */
  | 'same-holder'
  | 'before-claim'
  | 'after-claim'
  | 'held'
  /** Whoever audits holds the path at this moment, and made the commit under that claim. */
  | 'own-claim'
  | 'ended'
  | 'not-yet'
  | 'shared'
  | 'never'
  | 'work-missing'
  /** First made under a claim that was given back, and made again after its end: by an amend or a rebase, it seems. */
  | 'made-again'
  | 'before-history'
  | 'after-mirror';

export interface AuditCommit {
  readonly commit: string;
  readonly committedAt: Instant;
  /** What an amend or a rebase keeps. */
  readonly authoredAt: Instant;
  /** Ids of claims that its message names in `Coord-Claim` trailers: anybody can write these. */
  readonly named: readonly string[];
}

/** How a commit stands to the work of a claim, by ancestry alone. */
export type Tie =
  /** It is part of the work. */
  | { readonly is: 'part'; readonly kind: WorkKind }
  /** It landed with the work, but the holder had it before the claim. */
  | { readonly is: 'earlier'; readonly kind: WorkKind };

export interface Evidence {
  /** By the ids of their claims. */
  readonly holdings: ReadonlyMap<string, Holding>;
  /** The claims over a path, in the order of their ends. */
  over(path: string): readonly Holding[];
  /** How a commit is tied to claims, by their ids. */
  tiesOf(commit: string): ReadonlyMap<string, Tie>;
  /** Commits with the work of claims, by their ids, that are not in this clone: nothing can be told by ancestry. */
  readonly missing: ReadonlyMap<string, string>;
  /** Claims whose work has the very same change of the path, by their ids. */
  sameChange(commit: string, path: string): ReadonlySet<string>;
  /** Whether the commit, which lacks the base of the range, leaves the path as it is there. */
  asBase(commit: string, path: string): boolean;
  /** From when on the history tells everything; null: from the beginning. */
  readonly reach: Instant | null;
  /** Up to when everything of that is known; null: up to now. */
  readonly until: Instant | null;
  readonly skewSeconds: number;
  /** Who audits; null: nobody that takes part. */
  readonly auditor: string | null;
}

export interface Judgement {
  readonly path: string;
  readonly verdict: Verdict;
  readonly reason: Reason;
  /** The claim that the verdict is about; null: there is none. */
  readonly holding: Holding | null;
  /** The commit that is missing here, for `work-missing`. */
  readonly missing?: string;
}

type Timing = 'before' | 'within' | 'after';

/** Judges each path of the surface that a commit changes. */
export function judgeCommit(commit: AuditCommit, paths: readonly string[], evidence: Evidence): Judgement[] {
  const makers = makersOf(commit, evidence);
  return paths.map((path) => {
    const judged = judgePath(commit, path, makers, evidence);
    if (judged.verdict === 'covered' || !isAfter(commit, evidence)) return { path, ...judged };
    return { path, verdict: 'unknown', reason: 'after-mirror', holding: null };
  });
}

/** Whether what is known of claims may end before the commit was made. */
function isAfter({ committedAt }: AuditCommit, { until, skewSeconds }: Evidence): boolean {
  return until !== null && addSeconds(committedAt, skewSeconds) >= until;
}

function judgePath(
  commit: AuditCommit,
  path: string,
  makers: ReadonlySet<string>,
  evidence: Evidence,
): Omit<Judgement, 'path'> {
  const over = evidence.over(path);
  const exclusive = over.filter(({ spans }) => spans.length > 0);
  const tied = exclusive.flatMap((holding) => tiedTo(commit, path, holding, evidence) ?? []);
  const best = tied.find(({ verdict }) => verdict === 'covered') ?? tied[0];
  if (best) return best;
  if (evidence.asBase(commit.commit, path)) return { verdict: 'covered', reason: 'as-base', holding: null };
  const near = exclusive.filter((holding) => timingOf(commit, holding, evidence.skewSeconds) === 'within');
  const own = near.find(({ agent }) => makers.has(agent));
  if (own) return { verdict: 'covered', reason: 'same-holder', holding: own };
  for (const holding of near) {
    const missing = evidence.missing.get(holding.claim);
    if (missing !== undefined) return { verdict: 'unknown', reason: 'work-missing', holding, missing };
  }
  const held = exclusive.find((holding) => timingOf(commit, holding, 0) === 'within');
  const former = exclusive.findLast((holding) => isMadeAgain(commit, holding, evidence.skewSeconds));
  if (former) return { verdict: 'unknown', reason: 'made-again', holding: former };
  const isOwn = held?.end === 'held' && held.agent === evidence.auditor;
  if (isOwn) return { verdict: 'covered', reason: 'own-claim', holding: held };
  if (held) return { verdict: 'claimed-by-another', reason: 'held', holding: held };
  if (evidence.reach !== null && commit.committedAt < addSeconds(evidence.reach, evidence.skewSeconds))
    return { verdict: 'unknown', reason: 'before-history', holding: null };
  return { verdict: 'unclaimed', ...nearest(commit, over, evidence) };
}

/** Whether its author's date lies in a claim whose work was given back, and its committer's after the end of that. */
function isMadeAgain({ authoredAt, committedAt }: AuditCommit, holding: Holding, skewSeconds: number): boolean {
  const isGivenBack = holding.end === 'released' || holding.end === 'handed-over';
  const timing = (at: Instant) => timingOf({ committedAt: at }, holding, skewSeconds);
  return isGivenBack && timing(authoredAt) === 'within' && timing(committedAt) === 'after';
}

/** What ties the commit to this very claim, if anything does: ancestry first, then its own word with the time. */
function tiedTo(
  commit: AuditCommit,
  path: string,
  holding: Holding,
  evidence: Evidence,
): Omit<Judgement, 'path'> | null {
  const tie = evidence.tiesOf(commit.commit).get(holding.claim);
  const timing = timingOf(commit, holding, evidence.skewSeconds);
  if (tie?.is === 'part') {
    // What is in the work was made before the end of it, whatever its date says.
    if (timing !== 'before' || landedFree(commit, path, tie, holding, evidence)) {
      return { verdict: 'covered', reason: tie.kind, holding };
    }
    return { verdict: 'late', reason: 'before-claim', holding };
  }
  if (tie?.is === 'earlier') {
    const free = landedFree(commit, path, tie, holding, evidence);
    return free
      ? { verdict: 'covered', reason: tie.kind, holding }
      : { verdict: 'late', reason: 'before-claim', holding };
  }
  if (evidence.sameChange(commit.commit, path).has(holding.claim)) {
    if (timing !== 'before') return { verdict: 'covered', reason: 'same-change', holding };
    return { verdict: 'late', reason: 'before-claim', holding };
  }
  if (!commit.named.includes(holding.claim)) return null;
  if (timing === 'within') return { verdict: 'covered', reason: 'named', holding };
  return { verdict: 'late', reason: timing === 'before' ? 'before-claim' : 'after-claim', holding };
}

/** Whether work that was made before its claim landed under it, and nobody else held the path from the one to the other. */
function landedFree(
  commit: AuditCommit,
  path: string,
  { kind }: Tie,
  holding: Holding,
  { over, skewSeconds }: Evidence,
): boolean {
  if (kind !== 'landed') return false;
  const since = addSeconds(commit.committedAt, -skewSeconds);
  const granted = holding.spans[0]?.from ?? since;
  // A date after the grant is wrong: the claim's base has the commit. So nobody can tell who came between.
  if (since > granted) return false;
  return !over(path).some(
    ({ agent, spans }) => agent !== holding.agent && spans.some(({ from, until }) => from <= granted && since <= until),
  );
}

/** The agents that made the commit, as far as any claim of theirs shows: on whatever ground. */
function makersOf(commit: AuditCommit, { holdings, tiesOf, skewSeconds }: Evidence): Set<string> {
  const makers = new Set<string>();
  const add = (id: string, allowed: readonly Timing[]) => {
    const holding = holdings.get(id);
    if (holding && allowed.includes(timingOf(commit, holding, skewSeconds))) makers.add(holding.agent);
  };
  for (const [id, tie] of tiesOf(commit.commit)) if (tie.is === 'part') add(id, ['within', 'after']);
  for (const id of commit.named) add(id, ['within']);
  return makers;
}

/** Git keeps whole seconds, so a commit may have been made anywhere in its second. */
function timingOf({ committedAt }: Pick<AuditCommit, 'committedAt'>, { spans }: Holding, skewSeconds: number): Timing {
  const earliest = addSeconds(committedAt, -skewSeconds);
  const latest = addSeconds(committedAt, skewSeconds + 0.999);
  if (spans.some(({ from, until }) => from <= latest && earliest <= until)) return 'within';
  return spans.every(({ from }) => latest < from) ? 'before' : 'after';
}

/** Of the claims that do not cover a change, the one worth telling of. */
function nearest(
  commit: AuditCommit,
  over: readonly Holding[],
  { skewSeconds }: Evidence,
): Pick<Judgement, 'reason' | 'holding'> {
  const timed = over.filter(({ spans }) => spans.length > 0);
  const ended = timed.findLast((holding) => timingOf(commit, holding, skewSeconds) === 'after');
  if (ended) return { reason: 'ended', holding: ended };
  const [later] = timed;
  if (later) return { reason: 'not-yet', holding: later };
  const [shared] = over;
  return shared ? { reason: 'shared', holding: shared } : { reason: 'never', holding: null };
}

export interface AuditedCommit {
  readonly commit: string;
  /** As git has it: it is no agent's id. */
  readonly author: string;
  readonly subject: string;
  readonly committedAt: Instant;
  readonly judgements: readonly Judgement[];
}

/** How many there are of each verdict, in paths; `commits` are all of the range, `onSurface` those that touch it. */
export type AuditSummary = Readonly<Record<Verdict, number>> & {
  readonly commits: number;
  readonly onSurface: number;
  readonly findings: number;
};

export function summaryOf(commits: number, audited: readonly AuditedCommit[]): AuditSummary {
  const count = (verdict: Verdict) =>
    audited.reduce((sum, one) => sum + one.judgements.filter((judged) => judged.verdict === verdict).length, 0);
  const counts = Object.fromEntries(VERDICTS.map((verdict) => [verdict, count(verdict)])) as Record<Verdict, number>;
  const findings = VERDICTS.reduce((sum, verdict) => sum + (isFinding(verdict) ? counts[verdict] : 0), 0);
  return { commits, onSurface: audited.length, ...counts, findings };
}

export function isFinding(verdict: Verdict): boolean {
  return verdict !== 'covered';
}

/**
 * The same for the same finding in each run, so that a platform can tell a new one: of commit, path and verdict. Two
 * hashes, since one of 32 bits would now and then be shared by two findings.
 */
export function findingPrint({ commit }: AuditedCommit, { path, verdict }: Judgement): string {
  const text = `${commit} ${verdict} ${path}`;
  return `${commit.slice(0, 16)}${fingerprint(text)}${fingerprint(`${path} ${text}`)}`;
}

/** A commit of the state ref, as far as its signature goes. */
export interface CoordinationCommit {
  readonly commit: string;
  /** By the clock of its writer. */
  readonly at: Instant;
  /** null: it has no signature. */
  readonly verification: Verification | null;
  /** `kept` in a compaction, or the `compaction` itself, which answers for what it kept. */
  readonly part: 'kept' | 'compaction' | null;
}

/** A coordination commit that lacks a signature that counts. */
export interface SignatureFinding {
  readonly commit: string;
  readonly at: Instant;
  /** One word, for scripts; `not-runnable`: it could not be looked at. */
  readonly reason: 'unsigned' | Extract<Verification, { good: false }>['closed'];
  readonly why: string;
}

/**
 * The commits that should have a signature and have none that counts. From when signatures are asked for each commit needs
 * one; so does each that follows a good one, whatever its date says, since whoever makes a commit writes its date.
 * @param line oldest first
 */
export function judgeSignatures(line: readonly CoordinationCommit[], since: Instant): SignatureFinding[] {
  const answeredFor = line.findLastIndex((one) => one.part === 'compaction' && isGood(one));
  const from = line.findIndex((one) => one.at >= since || isGood(one));
  return line.flatMap((one, index) => {
    const isAsked = from >= 0 && index >= from && !(one.part === 'kept' && index < answeredFor);
    return isAsked && !isGood(one) ? findingOf(one) : [];
  });
}

/** What stands in the way of knowing is no proof of a breach. */
export function isUnknown({ reason }: SignatureFinding): boolean {
  return reason === 'not-runnable';
}

function isGood({ verification }: CoordinationCommit): boolean {
  return verification?.good === true;
}

function findingOf({ commit, at, verification }: CoordinationCommit): SignatureFinding {
  if (verification === null || verification.good) return { commit, at, reason: 'unsigned', why: 'has no signature' };
  return { commit, at, reason: verification.closed, why: verification.why };
}
