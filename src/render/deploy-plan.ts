import type { DeployStep } from '../domain/deployments.js';
import { oneLine } from '../domain/text.js';
import { shortCommit } from './format.js';
import type { Style } from './style.js';

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

const WIDTH = 'contains'.length;

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
