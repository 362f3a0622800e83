import type { SyncReport } from '../domain/sync/sync.js';
import { oneLine, plural, shorten } from '../domain/text.js';
import { shortCommit, table } from './format.js';
import type { Style } from './style.js';

/** `in sync: HEAD 9b1d0e4 contains all of origin/main (51c77aa), and 2 commits of its own`. */
export function inSyncLine(report: SyncReport, style: Style): string {
  const upstream = `${oneLine(report.upstream ?? '')} (${shortCommit(report.upstreamCommit ?? '')})`;
  const own = report.ahead ? `, and ${plural(report.ahead, 'commit')} of its own` : '';
  return `${style.good('in sync:')} HEAD ${shortCommit(report.head ?? '')} contains all of ${upstream}${own}`;
}

const WIDEST_SUBJECT = 72;

/** The newest commits that HEAD lacks: id, author, subject. */
export function missingLines(report: SyncReport): string[] {
  const rows = report.missing.map(({ commit, author, subject }) => [
    shortCommit(commit),
    oneLine(author),
    shorten(oneLine(subject), WIDEST_SUBJECT),
  ]);
  const rest = (report.behind ?? 0) - rows.length;
  return [...table(rows).map((line) => `  ${line}`), ...(rest > 0 ? [`  and ${plural(rest, 'older commit')}`] : [])];
}
