import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import type { Config } from '../../config/config.js';
import type { Context } from '../../context.js';
import type { GateRecord } from '../../domain/gate.js';

/** Command gates only. */
export async function checkGates(
  context: Context,
  q: { target: string; commit: string; action: 'deploy' | 'rollback'; usedNonces: readonly string[]; config: Config },
): Promise<readonly GateRecord[]> {
  const records: GateRecord[] = [];
  for (const gate of q.config.deploy[q.target]?.gates ?? []) {
    const known = Object.hasOwn(q.config.gates, gate) ? q.config.gates[gate] : undefined;
    const base = {
      id: `g${context.newId()}`,
      gate,
      target: q.target,
      commit: q.commit,
      action: q.action,
      type: known?.type ?? null,
      signers: [],
      nonces: [],
      configCommit: null,
      at: context.now(),
    };
    if (known?.type !== 'command') {
      const closed = known ? 'unsigned' : 'unconfigured';
      records.push({ ...base, open: false, closed, finding: closed, checked: [], outputDigest: null });
      continue;
    }
    const [program = '', ...args] = known.command;
    const code = await new Promise<number>((resolve) => {
      const child = spawn(program, args, {
        cwd: context.repository.root,
        env: context.host.env,
        stdio: ['ignore', 2, 2],
      });
      child.on('error', () => resolve(127));
      child.on('close', (exit) => resolve(exit ?? 128));
    });
    const open = code === 0;
    records.push({
      ...base,
      open,
      closed: open ? null : 'failed',
      finding: `exit ${code}`,
      checked: known.command,
      outputDigest: createHash('sha256').update('').digest('hex'),
    });
  }
  return records;
}
