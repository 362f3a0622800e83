import { spawn } from 'node:child_process';
import { chmodSync } from 'node:fs';
import type { CoordEnvelope, CoordResult, Sandbox } from './sandbox.js';

/**
 * Runs coord with all that it starts in a process group of its own, and kills the whole group after so many
 * milliseconds.
 * @returns what it answered; null when it had not answered in full
 */
export function killedAfter(
  box: Sandbox,
  cwd: string,
  agent: string,
  args: readonly string[],
  ms: number,
): Promise<CoordResult | null> {
  return new Promise((resolve, reject) => {
    const env = { ...box.env, COORD_AGENT: agent };
    const child = spawn(process.execPath, [box.program, ...args], { cwd, env, detached: true });
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.on('error', reject);
    const timer = setTimeout(() => {
      // The group may be gone by itself.
      if (child.exitCode === null) process.kill(-(child.pid ?? 0), 'SIGKILL');
    }, ms);
    child.on('close', () => {
      clearTimeout(timer);
      resolve(answerIn(stdout));
    });
  });
}

/** A whole answer counts, whatever became of its process afterwards. */
function answerIn(stdout: string): CoordResult | null {
  if (!stdout.endsWith('\n')) return null;
  const envelope = JSON.parse(stdout) as CoordEnvelope;
  return { code: envelope.ok ? 0 : envelope.error.exit, stdout, stderr: '', json: () => JSON.parse(stdout) };
}

/** When the remote kills who pushes to the state ref: the hook that runs then, and its first lines. */
const MOMENTS = {
  accepted: ['post-receive', ''],
  /** It holds the lock of the branch. */
  locked: ['reference-transaction', '[ "$1" = prepared ] || exit 0\n'],
} as const;

/**
 * Runs coord as an agent, and kills it with its whole process group at a moment of its push.
 * @returns always null: it had no time to answer
 */
export async function killedOnce(
  moment: keyof typeof MOMENTS,
  box: Sandbox,
  { remote, clone, env }: { readonly remote: string; readonly clone: string; readonly env: Record<string, string> },
  agent: string,
  args: readonly string[],
): Promise<null> {
  const group = box.path('group');
  const [name, first] = MOMENTS[moment];
  const hook = `#!/bin/sh\n${first}grep -q ' refs/coord/state$' || exit 0\nrm "$0"\nkill -9 "-$(cat '${group}')"\n`;
  const path = box.write(remote, `hooks/${name}`, hook);
  chmodSync(path, 0o755);
  const words = ['-c', `echo $$ > '${group}'; exec "$@"`, 'sh', process.execPath, box.program, ...args];
  const child = spawn('sh', words, {
    cwd: clone,
    env: { ...box.env, ...env, COORD_AGENT: agent },
    detached: true,
    stdio: 'ignore',
  });
  const signal = await new Promise((resolve) => child.on('close', (_, by) => resolve(by)));
  if (signal !== 'SIGKILL') throw new Error(`coord ${args.join(' ')} was not killed: ${signal}`);
  return null;
}
