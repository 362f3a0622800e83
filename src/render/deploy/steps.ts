import { candidatesOn, type Deployment, type Deployments, type DeployStep } from '../../domain/deploy/records.js';
import { type EndpointReason, exitNameOf, type Verification } from '../../domain/deploy/verification.js';
import { coord, shellWord } from '../../domain/suggestion.js';
import { jsonLine, oneLine, plural } from '../../domain/text.js';
import { formatDuration, type Instant, secondsBetween } from '../../domain/time.js';
import { CoordError } from '../../errors.js';
import { shortCommit } from '../format.js';
import type { Style } from '../style.js';
import { candidateText } from './refusals.js';

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
  status: (target) => `look at the log of the server, then ${again(target)}`,
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
