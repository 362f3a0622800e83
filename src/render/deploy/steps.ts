import { candidatesOn, type Deployment, type Deployments, type DeployStep } from '../../domain/deploy/records.js';
import { coord, shellWord } from '../../domain/suggestion.js';
import { jsonLine, oneLine } from '../../domain/text.js';
import { formatDuration, type Instant } from '../../domain/time.js';
import { shortCommit } from '../format.js';
import type { Style } from '../style.js';
import { candidateText } from './refusals.js';

export type StepStatus = 'started' | 'ok' | 'blocked' | 'failed';

export interface StepReport {
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

export interface DeployPlan {
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
