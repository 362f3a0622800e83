import {
  type AuditedCommit,
  type AuditSummary,
  isFinding,
  isUnknown,
  type Judgement,
  type SignatureFinding,
  VERDICTS,
  type Verdict,
} from '../domain/audit/judge.js';
import { groundToClaim } from '../domain/claims/land.js';
import { command, coord, shellWord, targetWord } from '../domain/suggestion.js';
import { firstOf, oneLine, plural, shorten } from '../domain/text.js';
import type { Instant } from '../domain/time.js';
import { clock, shortCommit } from './format.js';
import type { Style } from './style.js';

/** What an audit goes by, as far as words need it. */
export interface AuditPlace {
  readonly range: string;
  /** The one that has the state ref, and the one that has the main branch. */
  readonly remote: string;
  readonly mainRemote: string;
  /** Full name of the state ref. */
  readonly ref: string;
  /** What is gone from the beginning of its history. */
  readonly cut: 'compacted' | 'shallow' | null;
  readonly now: Instant;
}

export interface AuditPathReport {
  readonly path: string;
  readonly verdict: Verdict;
  /** Id of the claim that the verdict is about; null: there is none. */
  readonly claim: string | null;
  readonly agent: string | null;
  /** Digest of the rules that the agent had loaded for that claim; null: none, or not recorded. */
  readonly rules: string | null;
  readonly target: string | null;
  /** One word, for scripts. */
  readonly reason: Judgement['reason'];
  readonly why: string;
  /** What to do; null: nothing. */
  readonly next: string | null;
}

export interface AuditCommitReport {
  readonly commit: string;
  readonly author: string;
  readonly subject: string;
  readonly committedAt: Instant;
  readonly paths: readonly AuditPathReport[];
}

/** What `coord audit --json` answers. */
export interface AuditReport {
  readonly range: string;
  /** Only those that touch the surface. */
  readonly commits: readonly AuditCommitReport[];
  readonly summary: AuditSummary;
  /** From when on the state ref tells everything; null: from the beginning. */
  readonly historyFrom: Instant | null;
  /** null: no signatures are asked for. */
  readonly coordination: CoordinationReport | null;
}

export function commitReport(audited: AuditedCommit, place: AuditPlace): AuditCommitReport {
  const { commit, author, subject, committedAt, judgements } = audited;
  const paths = judgements.map((judged) => ({
    path: judged.path,
    verdict: judged.verdict,
    claim: judged.holding?.claim ?? null,
    agent: judged.holding?.agent ?? null,
    rules: judged.holding?.rules ?? null,
    target: judged.holding?.target ?? null,
    reason: judged.reason,
    why: whyText(judged, committedAt, place),
    next: isFinding(judged.verdict) ? nextText(judged, place) : null,
  }));
  return { commit, author, subject, committedAt, paths };
}

function whyText({ reason, holding, missing }: Judgement, at: Instant, { now, cut }: AuditPlace): string {
  const when = clock(at, now);
  const who = holding?.agent ?? '';
  const what = oneLine(holding?.target ?? '');
  const first = holding?.spans[0];
  const last = holding?.spans.at(-1);
  const since = first ? clock(first.from, now) : '';
  const until = last ? clock(last.until, now) : '';
  switch (reason) {
    case 'landed':
      return `${who} landed it under ${what}`;
    case 'released':
      return `${who} released ${what} with it`;
    case 'pushed':
      return `${who} pushed it for a pull request under ${what}`;
    case 'same-change':
      return `it makes the same change as the work of ${who} under ${what}`;
    case 'as-base':
      return 'it leaves the path as the base of the range has it';
    case 'handed-over':
      return `${who} handed ${what} over with it`;
    case 'named':
      return `it names the claim of ${who} on ${what}, and was made in its time`;
    case 'same-holder':
      return `${who}, whose other claim it was made under, held ${what} then`;
    case 'before-claim':
      return `${who} claimed ${what} only afterwards, at ${since}`;
    case 'after-claim':
      return `it names the claim of ${who} on ${what}, which was over at ${until}`;
    case 'held':
      return `${who} held ${what} at ${when}, and nothing ties the commit to that claim`;
    case 'own-claim':
      return `you hold ${what} at this moment; it is tied to the claim once you land or release it`;
    case 'ended':
      return `nobody held it at ${when}; ${who} held ${what} until ${until}`;
    case 'not-yet':
      return `nobody held it at ${when}; ${who} claimed ${what} at ${since}`;
    case 'shared':
      return `${who} held ${what} only to read (shared)`;
    case 'never':
      return `nobody held it at ${when}`;
    case 'work-missing':
      return `${who} held ${what} then; the commit with that work, ${shortCommit(missing ?? '')}, is not in this clone: not fetched, or no longer anywhere (amended or rebased since): ${who} can tell`;
    case 'made-again':
      return `it was first made while ${who} held ${what}, until ${until}, and made again at ${when} (amended or rebased): whether it is still that work, ${who} can tell`;
    case 'after-mirror':
      return 'it is newer than the mirror of the state in git, and etcd, which has what came after that, cannot be asked';
    case 'before-history':
      return cut === 'shallow'
        ? 'the state ref of this shallow clone does not reach back that far'
        : 'what was claimed then was compacted away';
  }
}

function nextText({ verdict, reason, path, holding, missing }: Judgement, place: AuditPlace): string {
  if (reason === 'work-missing') return command(`git fetch ${shellWord(place.mainRemote)} ${missing}`);
  if (reason === 'after-mirror')
    return `${coord('doctor --fix')} where etcd can be reached brings the mirror up to date`;
  if (reason === 'before-history') {
    if (place.cut === 'shallow')
      return command(`git fetch --unshallow ${shellWord(place.remote)} ${shellWord(place.ref)}`);
    return 'have a person look at the commit';
  }
  if ((verdict === 'claimed-by-another' || reason === 'made-again') && holding) {
    return `ask ${holding.agent}: ${coord(`note "was this change yours?" --to ${holding.agent}`)}; the holder ties its own work by ${coord('land')}, or ${coord('release')}`;
  }
  return `redo it under a claim: ${coord(`claim ${targetWord({ kind: 'path', text: groundToClaim([path])[0] ?? path })}`)}`;
}

const MOST_LISTED = 40;
const LONGEST_SUBJECT = 50;
const MORE_IN_JSON = 'more: --json lists all';

/** A line a finding, then one for the whole. */
export function auditLines(report: AuditReport, now: Instant, style: Style): string[] {
  const findings = report.commits.flatMap((commit) =>
    commit.paths.filter(({ verdict }) => isFinding(verdict)).map((path) => findingLine(commit, path, style)),
  );
  return [
    ...firstOf(findings, (line) => line, MOST_LISTED, MORE_IN_JSON),
    summaryLine(report, style),
    ...signatureLines(report.coordination, now, MOST_LISTED, style),
  ];
}

function findingLine({ commit, subject }: AuditCommitReport, path: AuditPathReport, style: Style): string {
  const named = shorten(oneLine(subject), LONGEST_SUBJECT);
  const paint = path.verdict === 'unknown' ? style.warn : style.bad;
  const what = `${style.target(oneLine(path.path))} in ${shortCommit(commit)} (${named})`;
  return `${paint(path.verdict)}: ${what}: ${path.why} · ${style.dim(path.next ?? '')}`;
}

function summaryLine({ range, summary }: AuditReport, style: Style): string {
  const size = `${plural(summary.commits, 'commit')} of ${oneLine(range)}`;
  if (summary.onSurface === 0) return `${style.good('audited')} ${size}: none touches the surface`;
  const counts = VERDICTS.filter((verdict) => summary[verdict] > 0)
    .map((verdict) => `${plural(summary[verdict], 'path')} ${verdict}`)
    .join(', ');
  const word = summary.findings === 0 ? style.good('audited') : style.bad('audited');
  return `${word} ${size}, ${summary.onSurface} on the surface: ${counts}`;
}

/** What the signatures of the state ref show. */
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
function signatureLines(
  report: CoordinationReport | null,
  now: Instant,
  most: number,
  style: Style,
): readonly string[] {
  if (report === null) return [];
  if (report.problem !== null) return [`${style.warn('unknown')}: the signatures of the state ref: ${report.problem}`];
  const { findings, commits, signed } = report;
  const lines = firstOf(findings, (finding) => signatureFindingLine(finding, now, style), most, MORE_IN_JSON);
  const size = plural(commits, 'coordination commit');
  const whole =
    findings.length === 0
      ? `${style.good('audited')} ${size}: ${signedPart(signed, commits)}`
      : `${style.bad('audited')} ${size}: ${plural(findings.length, 'signature')} missing or not good`;
  return [...lines, whole];
}

/** Says of no commit that it is signed when none had to be: a history that was replaced by an old one looks like that. */
function signedPart(signed: number, commits: number): string {
  if (signed === commits) return 'signed by those who may';
  if (signed === 0) return 'none is signed, and none had to be at its date';
  return `${signed} signed by those who may, ${commits - signed} from before that was asked for or kept by a compaction`;
}

function signatureFindingLine(finding: SignatureFinding, now: Instant, style: Style): string {
  const paint = isUnknown(finding) ? style.warn : style.bad;
  const commit = shortCommit(finding.commit);
  const next = `git log -1 --show-signature ${commit}`;
  const what = `coordination commit ${commit} of ${clock(finding.at, now)}`;
  return `${paint(finding.reason)}: ${what} ${finding.why} · ${style.dim(next)}`;
}
