import { fingerprint } from '../fingerprint.js';
import type { Verification } from '../gates/judge.js';
import type { Instant } from '../time.js';
import { type Judgement, VERDICTS, type Verdict } from './judge.js';

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
