import type { Config } from '../../config/config.js';
import type { Deployments } from '../../domain/deployments.js';
import { usedNonces } from '../../domain/deployments.js';
import type { GateRecord } from '../../domain/gate.js';
import type { CoordError } from '../../errors.js';
import { gatesClosed, noGates } from '../../render/deploy-blocked.js';
import type { Case } from './case.js';
import { checkGates } from './interim-gates.js';

/** What the gates of a target answered. */
export interface Asked {
  readonly records: readonly GateRecord[];
  /** Why the target is closed; null: every gate is open. */
  readonly closed: CoordError | null;
  readonly finding: string;
}

/**
 * Asks the gates before the target; `signed` are those that can be asked twice, since no program is run for them. A target
 * without a gate is closed.
 */
export async function askGates(one: Case, deployments: Deployments, which: 'all' | 'signed'): Promise<Asked> {
  const { context, order, config, commit, authority } = one;
  const { target, action } = order;
  if (config.gates.length === 0) return { records: [], closed: noGates(target), finding: 'no gate' };
  const asked = which === 'all' ? config.gates : config.gates.filter((gate) => !isCommand(authority.config, gate));
  const records =
    asked.length === 0
      ? []
      : await checkGates(context, {
          target,
          commit,
          action,
          usedNonces: usedNonces(deployments),
          config: withGates(authority.config, target, asked),
        });
  const closed = records.filter(({ open }) => !open);
  return {
    records,
    closed: closed.length === 0 ? null : gatesClosed(closed, target),
    finding: records.map(({ gate }) => `${gate} open`).join(', '),
  };
}

/** The gates of a target that run a program. */
export function commandGates({ authority, config }: Case): readonly string[] {
  return config.gates.filter((gate) => isCommand(authority.config, gate));
}

function isCommand({ gates }: Config, gate: string): boolean {
  return Object.hasOwn(gates, gate) && gates[gate]?.type === 'command';
}

function withGates(config: Config, target: string, gates: readonly string[]): Config {
  const known = config.deploy[target];
  return known ? { ...config, deploy: { ...config.deploy, [target]: { ...known, gates } } } : config;
}
