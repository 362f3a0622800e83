import type { DeployConfig } from '../../config/deploys.js';
import type { DeployAction } from '../../domain/deploy/records.js';
import { deployTarget } from '../../domain/ground/targets.js';
import { coord, shellWord } from '../../domain/suggestion.js';
import { nearest, oneLine, shorten } from '../../domain/text.js';
import { type CoordError, usage } from '../../errors.js';
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

/** @throws CoordError `usage` for what makes no sense, before anything is fetched. */
export function readOptions(input: Input): DeployOptions {
  const target = input.argument(0) ?? '';
  const back = input.text('rollbackTo') ?? null;
  const reason = readReason(input.text('reason'));
  const dryRun = input.flag('dryRun');
  if (input.command.length === 0 && !dryRun) {
    throw usage('no program to deploy with', coord(`deploy ${shellWord(target)} -- PROGRAM ARGUMENTS`));
  }
  if (back !== null && reason === null) {
    throw usage('a rollback needs a reason', `--rollback-to ${shellWord(back)} --reason "…"; it is recorded`);
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
      `the deploy target ${JSON.stringify(target)} cannot be claimed: ${oneLine(deployTarget(target).text)} is no resource name`,
      `give it a name without blanks and glob characters in ${where}`,
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
