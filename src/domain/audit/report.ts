import { fingerprint } from '../fingerprint.js';
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
