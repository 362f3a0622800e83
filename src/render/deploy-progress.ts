import type { DeployStep } from '../domain/deployments.js';
import { jsonLine } from '../domain/text.js';
import { formatDuration, type Instant } from '../domain/time.js';
import type { Style } from './style.js';

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
