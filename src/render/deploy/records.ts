import type { Candidate, Deployment, DeployStatus } from '../../domain/deploy/records.js';
import type { CoordEvent } from '../../domain/events.js';
import type { GateRecord } from '../../domain/gates/gate.js';
import { coord } from '../../domain/suggestion.js';
import { oneLine, plural, said, shorten } from '../../domain/text.js';
import type { Instant } from '../../domain/time.js';
import { eventLine } from '../events.js';
import { clock, shortCommit, table } from '../format.js';
import type { Style } from '../style.js';
import { candidateText } from './refusals.js';

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
    apartText(main),
    deploy ?? '',
  ];
}

function apartText({ mainAhead, mainLacks }: Pick<LiveReport, 'mainAhead' | 'mainLacks'>): string {
  if (mainAhead === null || mainLacks === null) return 'not known';
  const words = [...(mainAhead > 0 ? [`${mainAhead} ahead`] : []), ...(mainLacks > 0 ? [`lacks ${mainLacks}`] : [])];
  return words.join(', ') || 'the same';
}

function doubts({ target, perhaps, running, unknown }: LiveReport, now: Instant, style: Style): string[] {
  const name = oneLine(target);
  const may = perhaps.map((one) => candidateText(one, now)).join(', ');
  return [
    ...(perhaps.length > 0 ? [style.warn(`${name} may run ${may}: the outcome is unknown`)] : []),
    ...running.map((id) => `${name} is being deployed to: ${id}`),
    ...unknown.map((id) => style.bad(`${name}: the outcome of ${id} is unknown: ${coord(`deploy show ${id}`)}`)),
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
    shorten(oneLine((why ?? '').split('\n')[0] ?? ''), WIDEST_WHY),
  ]);
  const [head = '', ...lines] = table([['WHEN', 'WHAT', 'COMMIT', 'BY', 'EVIDENCE', 'WHY'], ...rows]);
  const rest = attempts.length - newest.length;
  return [style.dim(head), ...lines, ...(rest > 0 ? [`and ${plural(rest, 'older attempt')}`] : [])];
}

export interface EvidenceReport {
  readonly deployment: Deployment;
  readonly outcome: DeployStatus;
  readonly coordination: { readonly events: readonly PlacedEvent[] };
  /** What a gate said is on one stream only. */
  readonly authorisation: { readonly events: readonly PlacedEvent[] };
  /** What of it does not hold, as sentences. */
  readonly doubts: readonly string[];
}

/** An event, and the commit of the state ref that holds it. */
interface PlacedEvent {
  readonly commit: string;
  readonly event: CoordEvent;
}

/** The two streams of evidence, each under its own heading. */
export function evidenceLines(
  { deployment, outcome, coordination, authorisation, doubts }: EvidenceReport,
  now: Instant,
  style: Style,
): string[] {
  const { id, target, action, commit, agent, startedAt, why, rollback } = deployment;
  return [
    `${style.bold(id)}: ${action} of ${shortCommit(commit)} to ${style.target(oneLine(target))} by ${agent} at ${clock(startedAt, now)}: ${outcome}`,
    ...(rollback ? [`rolled back: ${said(rollback.reason)}`] : []),
    ...(why === null ? [] : why.split('\n').map((line) => `  ${oneLine(line)}`)),
    '',
    style.bold('(a) coordination: who held the target, and that the copy was current; it authorises nothing'),
    ...coordinationLines(deployment).map((line) => `  ${line}`),
    ...eventLines(coordination.events, now, style),
    '',
    style.bold('(b) gates: the authorisation'),
    ...(deployment.gates.length === 0
      ? ['  none: nobody authorised it']
      : deployment.gates.flatMap((gate) => gateLines(gate, now, style))),
    ...eventLines(authorisation.events, now, style),
    '',
    ...(doubts.length === 0 ? ['the history bears it out'] : doubts.map((doubt) => style.bad(doubt))),
    verifiedLine(deployment, now),
  ];
}

function eventLines(events: readonly PlacedEvent[], now: Instant, style: Style): string[] {
  return events.map(({ commit, event }) => `  ${shortCommit(commit)}  ${eventLine(event, now, style)}`);
}

function coordinationLines({ claim, agent, session, rules, sync, target, command, exit }: Deployment): string[] {
  return [
    claim === null
      ? `@deploy/${oneLine(target)} was never held`
      : `claim ${claim.id} on @deploy/${oneLine(target)} · token ${claim.token}`,
    `agent ${agent} · session ${session ?? 'none'} · rules ${rules ?? 'none loaded'}`,
    sync === null
      ? 'sync-check: not passed'
      : `sync-check: ${oneLine(sync.upstream)} ${shortCommit(sync.upstreamCommit)}, fetched ${sync.fetchedAt}`,
    `program: ${oneLine(command.join(' '))}${exit === null ? ' (no exit code is known)' : ` (exit ${exit})`}`,
  ];
}

function gateLines(record: GateRecord, now: Instant, style: Style): string[] {
  const { gate, type, open, finding, checked, signers, outputDigest, configCommit, at, commit, id } = record;
  const state = open ? style.good('open') : style.bad('closed');
  return [
    `  ${oneLine(gate)} (${type ?? 'not configured'}): ${state} for ${shortCommit(commit)} at ${clock(at, now)}: ${oneLine(finding)}`,
    `    record ${id}${checked.length === 0 ? '' : ` · checked ${oneLine(checked.join(' '))}`}${signers.length === 0 ? '' : ` · signed by ${signers.map(oneLine).join(', ')}`}`,
    `    read from ${configCommit === null ? 'the working copy' : shortCommit(configCommit)}${outputDigest === null ? '' : ` · output sha256 ${outputDigest.slice(0, 16)}`}`,
  ];
}

function verifiedLine({ verification }: Deployment, now: Instant): string {
  if (verification === null) return 'live URL: not checked';
  const { ok, finding, lastAt } = verification;
  return `live URL, at ${clock(lastAt, now)}: ${ok ? 'shows it' : 'does not show it'}: ${oneLine(finding)}`;
}
