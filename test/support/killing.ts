import { spawn } from 'node:child_process';
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
