import type { Candidate, Deployment, DeployStatus } from '../domain/deployments.js';
import { oneLine, plural, shorten } from '../domain/text.js';
import type { Instant } from '../domain/time.js';
import { asWritten } from './command-words.js';
import { candidateWords } from './deploy-refusals.js';
import { clock, shortCommit, table } from './format.js';
import type { Style } from './style.js';

/** What is known of a target; null where it is not known. */
export interface LiveReport {
  readonly target: string;
  readonly commit: string | null;
  readonly deploy: string | null;
  readonly agent: string | null;
  readonly at: Instant | null;
  readonly evidence: {
    readonly coordination: { readonly claim: string; readonly token: number } | null;
    readonly gates: readonly { readonly id: string; readonly gate: string }[];
  } | null;
  readonly main: string | null;
  readonly mainCommit: string | null;
  /** Commits that the main branch, as last fetched, has and the target lacks. */
  readonly mainAhead: number | null;
  /** Commits that the target has and the main branch lacks. */
  readonly mainLacks: number | null;
  /** What may run instead. */
  readonly perhaps: readonly Candidate[];
  /** Ids of attempts. */
  readonly running: readonly string[];
  readonly unknown: readonly string[];
}

type Attempt = Deployment & { readonly outcome: DeployStatus };

const WIDEST_WHY = 60;
const LISTED = 10;

/** The table of what runs; for one target also its newest attempts. */
export function deploymentLines(
  live: readonly LiveReport[],
  attempts: readonly Attempt[],
  now: Instant,
  style: Style,
  withAttempts: boolean,
): string[] {
  if (live.length === 0) return ['no deploy target is configured, and nothing was deployed'];
  const [head = '', ...rows] = table([
    ['TARGET', 'RUNS', 'BY', 'SINCE', 'MAIN', 'EVIDENCE'],
    ...live.map((one) => liveRow(one, now)),
  ]);
  return [
    style.dim(head),
    ...rows,
    ...live.flatMap((one) => doubts(one, now, style)),
    ...(withAttempts && attempts.length > 0 ? ['', ...attemptLines(attempts, now, style)] : []),
  ];
}

function liveRow({ target, commit, agent, at, deploy, perhaps, ...main }: LiveReport, now: Instant): string[] {
  if (commit === null) return [oneLine(target), perhaps.length > 0 ? 'not known' : 'nothing known', '', '', '', ''];
  const since = at === null ? '' : clock(at, now);
  return [
    oneLine(target),
    `${shortCommit(commit)}${perhaps.length > 0 ? '?' : ''}`,
    agent ?? '',
    since,
    apartWords(main),
    deploy ?? '',
  ];
}

function apartWords({ mainAhead, mainLacks }: Pick<LiveReport, 'mainAhead' | 'mainLacks'>): string {
  if (mainAhead === null || mainLacks === null) return 'not known';
  const words = [...(mainAhead > 0 ? [`${mainAhead} ahead`] : []), ...(mainLacks > 0 ? [`lacks ${mainLacks}`] : [])];
  return words.join(', ') || 'the same';
}

function doubts({ target, perhaps, running, unknown }: LiveReport, now: Instant, style: Style): string[] {
  const name = oneLine(target);
  const may = perhaps.map((one) => candidateWords(one, now)).join(', ');
  return [
    ...(perhaps.length > 0 ? [style.warn(`${name} may run ${may}: that did not end well`)] : []),
    ...running.map((id) => `${name} is being deployed to: ${id}`),
    ...unknown.map((id) => style.bad(`${name}: how ${id} ended is not known: coord deploy show ${id}`)),
  ];
}

function attemptLines(attempts: readonly Attempt[], now: Instant, style: Style): string[] {
  const newest = attempts.slice(-LISTED).reverse();
  const rows = newest.map(({ id, startedAt, action, commit, outcome, step, agent, why }) => [
    clock(startedAt, now),
    outcome === 'done' ? action : `${action} ${outcome} (${step})`,
    shortCommit(commit),
    agent,
    id,
    asWritten(shorten(oneLine((why ?? '').split('\n')[0] ?? ''), WIDEST_WHY)),
  ]);
  const [head = '', ...lines] = table([['WHEN', 'WHAT', 'COMMIT', 'BY', 'EVIDENCE', 'WHY'], ...rows]);
  const rest = attempts.length - newest.length;
  return [style.dim(head), ...lines, ...(rest > 0 ? [`and ${plural(rest, 'older attempt')}`] : [])];
}
