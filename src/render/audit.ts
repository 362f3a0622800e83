import { type Judgement, VERDICTS, type Verdict } from '../domain/audit/judge.js';
import type { AuditedCommit, AuditSummary } from '../domain/audit/report.js';
import { isFinding } from '../domain/audit/report.js';
import { groundToClaim } from '../domain/land.js';
import { oneLine, plural, shorten } from '../domain/text.js';
import type { Instant } from '../domain/time.js';
import { type CoordinationReport, signatureLines } from './audit-signatures.js';
import { shellWord, targetWord } from './command-words.js';
import { clock, shortCommit } from './format.js';
import type { Style } from './style.js';

/** What an audit goes by, as far as words need it. */
export interface AuditPlace {
  readonly range: string;
  readonly remote: string;
  /** Name of the coordination branch. */
  readonly branch: string;
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
  /** From when on the coordination branch tells everything; null: from the beginning. */
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
    why: whyWords(judged, committedAt, place),
    next: isFinding(judged.verdict) ? nextWords(judged, place) : null,
  }));
  return { commit, author, subject, committedAt, paths };
}

function whyWords({ reason, holding, missing }: Judgement, at: Instant, { now, cut }: AuditPlace): string {
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
    case 'ended':
      return `nobody held it at ${when}; ${who} held ${what} until ${until}`;
    case 'not-yet':
      return `nobody held it at ${when}; ${who} claimed ${what} at ${since}`;
    case 'shared':
      return `${who} held ${what} only to read (shared)`;
    case 'never':
      return `nobody held it at ${when}`;
    case 'work-missing':
      return `${who} held ${what} then; the commit with that work, ${shortCommit(missing ?? '')}, is not in this clone`;
    case 'before-history':
      return cut === 'shallow'
        ? 'the coordination branch of this shallow clone does not reach back so far'
        : 'what was claimed then was compacted away';
  }
}

function nextWords({ verdict, reason, path, holding, missing }: Judgement, place: AuditPlace): string {
  if (reason === 'work-missing') return `git fetch ${shellWord(place.remote)} ${missing}`;
  if (reason === 'before-history') {
    if (place.cut === 'shallow') return `git fetch --unshallow ${shellWord(place.remote)} ${shellWord(place.branch)}`;
    return 'let a person look at the commit';
  }
  if (verdict === 'claimed-by-another' && holding) {
    return `ask ${holding.agent}: coord note "…" --to ${holding.agent}; the holder ties its own work by coord land, or coord release`;
  }
  return `redo it under a claim: coord claim ${targetWord({ kind: 'path', text: groundToClaim([path])[0] ?? path })}`;
}

const MOST_LISTED = 40;
const LONGEST_SUBJECT = 50;

/** A line a finding, then one for the whole. */
export function auditLines(report: AuditReport, now: Instant, style: Style): string[] {
  const findings = report.commits.flatMap((commit) =>
    commit.paths.filter(({ verdict }) => isFinding(verdict)).map((path) => findingLine(commit, path, style)),
  );
  const more = findings.length - MOST_LISTED;
  return [
    ...findings.slice(0, MOST_LISTED),
    ...(more > 0 ? [`and ${more} more: --json lists all`] : []),
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
