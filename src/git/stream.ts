import { spawn } from 'node:child_process';
import { type Environment, gitEnvironment } from './environment.js';
import { gitFailed, notRunnable } from './run.js';

/** Standard output of one git command, chunk by chunk; a reader that stops early ends git. */
export type GitStream = (args: readonly string[]) => AsyncIterable<Buffer>;

/**
 * The door to git for long outputs, of which often only the beginning is needed.
 * @throws CoordError `unavailable` when git cannot start, `fault` when it fails.
 */
export function gitStreamIn(cwd: string, env: Environment): GitStream {
  return (args) => outputOf(args, cwd, gitEnvironment(env));
}

async function* outputOf(
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
): AsyncGenerator<Buffer> {
  const child = spawn('git', args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const err: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  const ended = new Promise<number>((resolve, reject) => {
    child.on('error', (cause) => reject(notRunnable(cause)));
    child.on('close', (code) => resolve(code ?? 128));
  });
  // Looked at only after the output; until then it is no unhandled rejection.
  ended.catch(() => undefined);
  try {
    for await (const chunk of child.stdout) yield chunk as Buffer;
    const code = await ended;
    if (code !== 0) throw gitFailed(args, { code, stderr: Buffer.concat(err).toString('utf8') });
  } finally {
    child.kill();
  }
}
