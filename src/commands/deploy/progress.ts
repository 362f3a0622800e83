import { type DeployCheck, type DeployStep, mayHaveRun } from '../../domain/deploy/records.js';
import { oneLine, printable } from '../../domain/text.js';
import { CoordError } from '../../errors.js';
import { type StepStatus, stepJson, stepLine } from '../../render/deploy/steps.js';
import { loadStyle, wantsColour } from '../../render/style.js';
import type { Context } from '../../workspace/context.js';

/** Steps that may take minutes, so that their beginning is told too. */
const LONG: readonly DeployStep[] = ['gates', 'claim', 'run', 'verify'];

/** The outcome of a step: what was found in order or done, or the error that ends the deploy. */
export type StepResult = { readonly finding: string } | CoordError;

/** Tells the steps of a deploy as they go: on a terminal in lines, with `--json-stream` as JSON. */
export class Progress {
  private found: DeployCheck[] = [];
  private startedAt = 0;
  private warned = false;

  constructor(
    private readonly context: Context,
    private readonly stream: boolean,
  ) {}

  /** Runs one step: its finding, or the error that ends the deploy, is told when it is there. */
  async step(step: DeployStep, work: () => Promise<StepResult>): Promise<StepResult> {
    this.startedAt = this.context.host.now();
    await this.tell(step, 'started', null);
    const result = await work();
    const failed = result instanceof CoordError;
    if (!failed) this.found.push({ step, finding: result.finding, at: this.context.now() });
    const status = !failed ? 'ok' : mayHaveRun({ step }) ? 'failed' : 'blocked';
    await this.tell(step, status, failed ? result.message : result.finding);
    return result;
  }

  /** Tells everybody, at a terminal or not, once: what is told twice helps nobody. */
  warn(text: string): void {
    const { stderr } = this.context.host;
    if (!this.warned) stderr.write(`${printable(oneLine(text), false)}\n`);
    this.warned = true;
  }

  /** What was found in order since this was last asked: each goes on the record once. */
  unrecorded(): readonly DeployCheck[] {
    const { found } = this;
    this.found = [];
    return found;
  }

  private async tell(step: DeployStep, status: StepStatus, finding: string | null): Promise<void> {
    const { stdout, stderr, env } = this.context.host;
    const seconds = status === 'started' ? null : (this.context.host.now() - this.startedAt) / 1000;
    const at = this.context.now();
    if (this.stream) stdout.write(stepJson({ step, status, at, seconds, finding }));
    else if (stderr.isTTY === true && (status !== 'started' || LONG.includes(step))) {
      const style = await loadStyle(wantsColour(env, true));
      const first = finding === null ? null : oneLine(finding.split('\n')[0] ?? '');
      stderr.write(stepLine({ step, status, at, seconds, finding: first }, style));
    }
  }
}
