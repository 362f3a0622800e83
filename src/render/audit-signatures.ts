import { isUnknown, type SignatureFinding } from '../domain/audit/signatures.js';
import { plural } from '../domain/text.js';
import type { Instant } from '../domain/time.js';
import { clock, shortCommit } from './format.js';
import type { Style } from './style.js';

/** What the signatures of the coordination branch show. */
export interface CoordinationReport {
  /** From when on the main branch asks for them; null: not known. */
  readonly since: Instant | null;
  /** How many commits were looked at. */
  readonly commits: number;
  /** How many of them have a signature that counts. */
  readonly signed: number;
  /** Why nobody can tell, in words; null: it was looked at. */
  readonly problem: string | null;
  readonly findings: readonly SignatureFinding[];
}

/** How many findings there are, and how many of them say only that something is not known. */
export function countsOf(report: CoordinationReport | null): { readonly findings: number; readonly unknown: number } {
  if (report === null) return { findings: 0, unknown: 0 };
  if (report.problem !== null) return { findings: 1, unknown: 1 };
  return { findings: report.findings.length, unknown: report.findings.filter(isUnknown).length };
}

/** A line a finding, at most so many, then one for the whole; none where no signatures are asked for. */
export function signatureLines(
  report: CoordinationReport | null,
  now: Instant,
  most: number,
  style: Style,
): readonly string[] {
  if (report === null) return [];
  if (report.problem !== null)
    return [`${style.warn('unknown')}: the signatures of the coordination branch: ${report.problem}`];
  const { findings, commits, signed } = report;
  const lines = findings.slice(0, most).map((finding) => findingLine(finding, now, style));
  const more = findings.length - lines.length;
  const size = plural(commits, 'coordination commit');
  const whole =
    findings.length === 0
      ? `${style.good('audited')} ${size}: ${signedPart(signed, commits)}`
      : `${style.bad('audited')} ${size}: ${plural(findings.length, 'signature')} missing or not good`;
  return [...lines, ...(more > 0 ? [`and ${more} more: --json lists all`] : []), whole];
}

/** Says of no commit that it is signed when none had to be: a history that was replaced by an old one looks like that. */
function signedPart(signed: number, commits: number): string {
  if (signed === commits) return 'signed by those who may';
  if (signed === 0) return 'none is signed, and none had to be by its date';
  return `${signed} signed by those who may, ${commits - signed} from before that was asked for or kept by a compaction`;
}

function findingLine(finding: SignatureFinding, now: Instant, style: Style): string {
  const paint = isUnknown(finding) ? style.warn : style.bad;
  const commit = shortCommit(finding.commit);
  const next = `git log -1 --show-signature ${commit}`;
  const what = `coordination commit ${commit} of ${clock(finding.at, now)}`;
  return `${paint(finding.reason)}: ${what} ${finding.why} · ${style.dim(next)}`;
}
