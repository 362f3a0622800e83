import type { DeployConfig } from '../../config/deploys.js';
import { type DeployAction, type DeployCheck, type DeployStep, mayHaveRun } from '../../domain/deploy/records.js';
import { deployTarget } from '../../domain/ground/targets.js';
import { asTyped, coord, form, shellWord } from '../../domain/suggestion.js';
import { nearest, oneLine, shorten } from '../../domain/text.js';
import { CoordError, usage } from '../../errors.js';
import { type StepStatus, stepJson, stepLine } from '../../render/deploy/records.js';
import { loadStyle, wantsColour } from '../../render/style.js';
import type { GitStore } from '../../store/swap/git-store.js';
import type { Context } from '../../workspace/context.js';
import { readTarget } from '../../workspace/targets.js';
import { readReason } from '../claims/claim-request.js';
import type { Input } from '../verb.js';
import type { Authority } from './authority.js';

/** What was typed. */
export interface DeployOptions {
  readonly target: string;
  readonly action: DeployAction;
  /** The commit to go back to, as it was typed; null: HEAD is deployed. */
  readonly back: string | null;
  readonly reason: string | null;
  readonly command: readonly string[];
  readonly dryRun: boolean;
  /** Whether a dry run asks the gates that run a program. */
  readonly checkGates: boolean;
  readonly retry: boolean;
}

/** One attempt as all of its steps see it. */
export interface DeployContext {
  readonly context: Context;
  readonly store: GitStore;
  readonly options: DeployOptions;
  readonly authority: Authority;
  /** Of the target. */
  readonly config: DeployConfig;
  /** What is to be deployed: HEAD, which for a rollback must be the commit to go back to. */
  readonly commit: string;
}

/** What people type in the place of a target, to see what was deployed. */
const LOOKS = new Set(['status', 'ls', 'log', 'history', 'state']);

/** @throws CoordError `usage` for what makes no sense, before anything is fetched. */
export function readOptions(input: Input): DeployOptions {
  const target = input.argument(0) ?? '';
  const back = input.text('rollbackTo') ?? null;
  const reason = readReason(input.text('reason'));
  const dryRun = input.flag('dryRun');
  if (input.command.length === 0 && !dryRun) {
    const how = `${form(`deploy ${shellWord(target)} -- PROGRAM ARGUMENTS`)}; examples: ${coord('help deploy')}`;
    throw usage('no program to deploy with', LOOKS.has(target) ? coord('deploy list') : how);
  }
  if (back !== null && reason === null) {
    throw usage('a rollback needs a reason', `add why, for the record: --reason "why"`);
  }
  if (back === null && reason !== null) throw usage('--reason belongs to --rollback-to', 'leave it out');
  if (input.flag('checkGates') && !dryRun)
    throw usage('--check-gates belongs to --dry-run', 'a deploy checks its gates');
  return {
    target,
    action: back === null ? 'deploy' : 'rollback',
    back,
    reason,
    command: input.command,
    dryRun,
    checkGates: input.flag('checkGates'),
    retry: input.flag('retry'),
  };
}

/** What the main branch's configuration says of the target. @throws CoordError `usage` when it knows no such target. */
export function targetConfig({ config, from }: Pick<Authority, 'config' | 'from'>, target: string): DeployConfig {
  const known = Object.keys(config.deploy);
  const found = Object.hasOwn(config.deploy, target) ? config.deploy[target] : undefined;
  const where = from === null ? 'coord.config.json' : 'coord.config.json on the main branch';
  if (!found) throw unknownTarget(target, known, where);
  if (!isResourceName(target)) {
    throw usage(
      `the deploy target ${JSON.stringify(target)} cannot be claimed: ${oneLine(deployTarget(target).text)} is not a resource name`,
      `give it a name without spaces or glob characters in ${where}`,
    );
  }
  return found;
}

function unknownTarget(target: string, known: readonly string[], where: string): CoordError {
  const name = JSON.stringify(shorten(target, 80));
  const details = { target, known };
  if (known.length === 0) {
    return usage(
      `no such deploy target: ${name}; ${where} has none`,
      `add "deploy" to ${where}: ${coord('help config')}`,
      details,
    );
  }
  const listed = known.map((one) => oneLine(one)).join(', ');
  const meant = nearest(target, known);
  return usage(
    `no such deploy target: ${name}; ${where} has ${listed}`,
    meant === undefined ? `one of: ${listed}` : `did you mean ${shellWord(meant)}?`,
    details,
  );
}

function isResourceName(target: string): boolean {
  try {
    return readTarget(deployTarget(target).text, { root: '/', cwd: '/' }).text === deployTarget(target).text;
  } catch {
    return false;
  }
}

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
    if (!this.warned) this.context.tell(oneLine(text));
    this.warned = true;
  }

  /** What was found in order since this was last asked: each goes on the record once. */
  unrecorded(): readonly DeployCheck[] {
    const { found } = this;
    this.found = [];
    return found;
  }

  private async tell(step: DeployStep, status: StepStatus, found: string | null): Promise<void> {
    const finding = found === null ? null : asTyped(found, this.context.standpoint);
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
