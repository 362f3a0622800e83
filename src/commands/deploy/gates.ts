import type { Config } from '../../config/config.js';
import { type Deployments, usedNonces } from '../../domain/deploy/records.js';
import type { GateRecord } from '../../domain/gates/gate.js';
import type { CoordError } from '../../errors.js';
import { checkGates } from '../../gates/check.js';
import type { GateStep } from '../../gates/effects.js';
import { gatesClosed } from '../../render/deploy/refusals.js';
import type { DeployContext } from './context.js';

/** What the gates of a target answered. */
export interface GateAnswers {
  readonly records: readonly GateRecord[];
  /** Why the target is closed; null: every gate is open. */
  readonly closed: CoordError | null;
  readonly finding: string;
}

/**
 * Asks the gates before the target; `signed` are those that can be asked twice, since no program is run for them. A target
 * without a gate is closed.
 */
export async function askGates(
  deploy: DeployContext,
  deployments: Deployments,
  which: 'all' | 'signed',
): Promise<GateAnswers> {
  const { context, options, config, commit, authority } = deploy;
  const { target, action } = options;
  const programs = which === 'all' ? [] : commandGates(deploy);
  const gates = config.gates.filter((gate) => !programs.includes(gate));
  // With programs alone there is nothing to ask; without any gate there is: whether one is missing.
  if (gates.length === 0 && programs.length > 0) return { records: [], closed: null, finding: '' };
  const records = await checkGates(context, {
    target,
    commit,
    action,
    usedNonces: usedNonces(deployments),
    config: { config: withGates(authority.config, target, gates), from: authority.from },
    onStep: (step) => showEnd(deploy, step),
  });
  const closed = records.filter(({ open }) => !open);
  return {
    records,
    closed: closed.length === 0 ? null : gatesClosed(closed, target),
    finding: records.map(({ gate }) => `${gate} open`).join(', '),
  };
}

/** The end of what the program of a closed gate wrote: shown, and never recorded, since it may hold secrets. */
function showEnd({ context }: DeployContext, step: GateStep): void {
  if (step.step !== 'checked' || step.record.open) return;
  for (const line of step.lastLines) context.host.stderr.write(`${line}\n`);
}

/** The gates of a target that run a program. */
export function commandGates({ authority, config }: DeployContext): readonly string[] {
  const { gates } = authority.config;
  return config.gates.filter((gate) => Object.hasOwn(gates, gate) && gates[gate]?.type === 'command');
}

function withGates(config: Config, target: string, gates: readonly string[]): Config {
  const known = config.deploy[target];
  return known ? { ...config, deploy: { ...config.deploy, [target]: { ...known, gates } } } : config;
}
