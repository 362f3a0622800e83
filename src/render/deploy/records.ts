import {
  type Candidate,
  candidatesOn,
  type Deployment,
  type Deployments,
  type DeployStatus,
  type DeployStep,
} from '../../domain/deploy/records.js';
import { type EndpointReason, exitNameOf, type Verification } from '../../domain/deploy/verification.js';
import type { CoordEvent } from '../../domain/events.js';
import type { GateRecord } from '../../domain/gates/gate.js';
import { coord, shellWord } from '../../domain/suggestion.js';
import { jsonLine, oneLine, plural, said, shorten } from '../../domain/text.js';
import { formatDuration, type Instant, secondsBetween } from '../../domain/time.js';
import { CoordError } from '../../errors.js';
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
    liveLine(deployment, now),
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

function liveLine({ verification }: Deployment, now: Instant): string {
  if (verification === null) return 'live URL: not checked';
  const { ok, finding, lastAt } = verification;
  return `live URL, at ${clock(lastAt, now)}: ${ok ? 'shows it' : 'does not show it'}: ${oneLine(finding)}`;
}

export type StepStatus = 'started' | 'ok' | 'blocked' | 'failed';

interface StepReport {
  readonly step: DeployStep;
  readonly status: StepStatus;
  readonly at: Instant;
  /** How long it took; null while it goes on. */
  readonly seconds: number | null;
  readonly finding: string | null;
}

const WIDTH = 'contains'.length;

/** One line of `--json-stream`. */
export function stepJson(report: StepReport): string {
  return `${jsonLine({ schema: 'coord/1', command: 'deploy', ...report })}\n`;
}

/** For a terminal: `✓ sync      2s  HEAD 1f3c2a9 contains all of origin/main`. */
export function stepLine({ step, status, seconds, finding }: StepReport, style: Style): string {
  const name = step.padEnd(WIDTH);
  if (status === 'started') return `${style.dim(`… ${name}`)}\n`;
  const sign = status === 'ok' ? style.good('✓') : style.bad('✗');
  return `${sign} ${name}  ${formatDuration(seconds ?? 0).padStart(4)}  ${finding ?? ''}\n`;
}

/** A step of a deploy as a dry run sees it; `would`: it is done only in earnest. */
export type PlannedStep =
  | { readonly step: DeployStep; readonly status: 'ok' | 'would'; readonly finding: string; readonly exit?: never }
  | {
      readonly step: DeployStep;
      readonly status: 'blocked';
      readonly finding: string;
      readonly code: string;
      readonly exit: number;
      readonly hint: string | null;
      readonly details: Readonly<Record<string, unknown>>;
    };

interface DeployPlan {
  readonly target: string;
  readonly action: string;
  readonly commit: string;
  readonly ready: boolean;
  readonly steps: readonly PlannedStep[];
  readonly blockers: readonly PlannedStep[];
}

/** Each step with what it found, then what to do about each blocker. */
export function planLines({ target, action, commit, steps, blockers }: DeployPlan, style: Style): string[] {
  const ready = blockers.length === 0;
  return [
    `${action} of ${shortCommit(commit)} to ${style.target(oneLine(target))}: ${ready ? style.good('nothing blocks it') : style.bad(`${blockers.length} of ${steps.length} steps would block it`)}`,
    ...steps.flatMap((step) => stepLines(step, style)),
    'nothing was run, claimed or recorded',
  ];
}

function stepLines(step: PlannedStep, style: Style): string[] {
  const [first = '', ...more] = step.finding.split('\n').map(oneLine);
  const sign = step.status === 'ok' ? style.good('✓') : step.status === 'would' ? style.dim('·') : style.bad('✗');
  const indent = ' '.repeat(WIDTH + 4);
  const next = step.status === 'blocked' && step.hint !== null ? [`${indent}next: ${step.hint}`] : [];
  return [`${sign} ${step.step.padEnd(WIDTH)}  ${first}`, ...more.map((line) => `${indent}${line}`), ...next];
}

/** How a deploy ended that its program decided on. */
export function deployedLines(deployment: Deployment, deployments: Deployments, now: Instant, style: Style): string[] {
  const { id, target, commit, action, status, claim, gates, why } = deployment;
  const name = oneLine(target);
  const evidence = coord(`deploy show ${shellWord(id)}`);
  if (status === 'done') {
    const verb = action === 'rollback' ? 'rolled back' : 'deployed';
    // A signature is looked at twice, and is on the record twice.
    const authorised = [...new Set(gates.map(({ gate }) => oneLine(gate)))].join(', ');
    return [
      `${style.good(verb)} ${style.target(name)} ${action === 'rollback' ? 'to' : '·'} ${shortCommit(commit)} · token ${claim?.token} · gates ${authorised}`,
      `evidence: ${evidence}`,
    ];
  }
  const may = candidatesOn(deployments, target).map((candidate) => candidateText(candidate, now));
  return [
    `${style.bad('failed:')} ${action} of ${shortCommit(commit)} to ${style.target(name)}: ${oneLine(why ?? '')}`,
    `${name} may run ${may.join(' or ')}; the next deploy must contain all of that`,
    `evidence: ${evidence}`,
  ];
}

const SAID_BY = { option: '', deployments: ', as it was deployed', HEAD: ', which is HEAD' } as const;

/** `verified: https://app.example/version shows 1f3c2a9…, which is HEAD`. */
export function verifiedLine({ finding }: Verification, commitFrom: keyof typeof SAID_BY, style: Style): string {
  return `${style.good('verified:')} ${oneLine(finding)}${SAID_BY[commitFrom]}`;
}

/** What is true beside an endpoint that was verified. */
export function verifiedWarnings({ cached, namesCommit, expected }: Verification, target: string): string[] {
  const warnings: string[] = [];
  if (cached !== null) {
    const age = cached.ageSeconds === null ? '' : `, ${formatDuration(cached.ageSeconds)} old`;
    const what = cached.seen === null ? 'something else' : oneLine(cached.seen);
    warnings.push(`a cache still shows ${what} to whoever reads through it${age}`);
  }
  if (!namesCommit) {
    const key = `deploy.${oneLine(target)}.verify`;
    warnings.push(
      `"${oneLine(expected)}" names no commit, so another version may show it too: put {commit} into ${key}`,
    );
  }
  return warnings;
}

/** A endpoint that was not verified, as the refusal it is. */
export function verificationError(
  verification: Verification & { readonly reason: EndpointReason | null },
  details: Readonly<Record<string, unknown>> & { readonly target: string },
): CoordError {
  const { finding, attempts, firstAt, lastAt } = verification;
  const reason = verification.reason ?? 'unreachable';
  const tried = `${plural(attempts, 'attempt')} in ${formatDuration(secondsBetween(firstAt, lastAt))}`;
  const code = exitNameOf(reason);
  const opening = code === 'behind' ? 'not verified' : 'cannot know';
  return new CoordError(code, `${opening}: ${oneLine(finding)} (${tried})`, {
    hint: HINTS[reason](details.target),
    details: { ...verification, ...details },
  });
}

const again = (target: string) => coord(`deploy verify ${shellWord(target)}`);
const key = (target: string, name: string) => `"${name}" of deploy.${oneLine(target)}.verify in coord.config.json`;

const HINTS: Readonly<Record<EndpointReason, (target: string) => string>> = {
  'old-version': (target) => `the deploy has not arrived: look at what it wrote, then ${again(target)}`,
  'other-version': (target) => `find out who deployed that; when it is put right, ${again(target)}`,
  missing: (target) => `let the URL show the commit, or fix ${key(target, 'expect')}`,
  ambiguous: (target) => `name more than the commit, such as "commit":"{commit}", in ${key(target, 'expect')}`,
  status: (target) => `check the server’s log, then ${again(target)}`,
  redirect: (target) =>
    `name the address where it ends in ${key(target, 'url')}, or allow it in ${key(target, 'redirects')}`,
  'too-large': (target) => `name an address with a short answer in ${key(target, 'url')}`,
  unreadable: (target) => `name an address with a plain answer in ${key(target, 'url')}`,
  'slow-pattern': (target) => `name a simpler one in ${key(target, 'pattern')}`,
  timeout: (target) => `check that the server runs, then ${again(target)}`,
  unreachable: (target) => `check that the server runs, then ${again(target)}`,
  tls: (target) => `fix its certificate (NODE_EXTRA_CA_CERTS names further authorities), then ${again(target)}`,
};

/** One attempt, for a terminal: `attempt 3, 6s: https://app.example/version still shows …`. */
export function attemptLine(
  { number, finding }: { readonly number: number; readonly finding: string },
  seconds: number,
): string {
  return `attempt ${number}, ${formatDuration(seconds)}: ${oneLine(finding)}\n`;
}
