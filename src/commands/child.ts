import { usage } from '../errors.js';
import { runProgram } from '../programs/run.js';
import type { Context } from '../workspace/context.js';

/** How long a stopped program gets to end by itself. */
const GRACE_MS = 10_000;

export interface ChildOptions {
  /** Program and arguments; no shell. */
  readonly command: readonly string[];
  /** Added to the environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Called with what it writes to standard output, which then goes to our own standard error or output as well. */
  readonly onOutput?: (chunk: Buffer) => void;
  /** Stops it when it is aborted. */
  readonly stop?: AbortSignal;
}

/**
 * Runs a program with our standard streams, and passes on the signals that ask us to stop. With `--json`, its output goes
 * to standard error, since standard output is for the one JSON object.
 * @returns its exit code, 128 and the signal's number when a signal ended it
 * @throws CoordError `usage` when there is no such program.
 */
export async function runChild({ host, flags }: Context, options: ChildOptions): Promise<number> {
  const { command, env, onOutput, stop } = options;
  const tee = (chunk: Buffer) => {
    onOutput?.(chunk);
    (flags.json ? host.stderr : host.stdout).write(chunk);
  };
  const end = await runProgram({
    command,
    cwd: host.cwd,
    env: { ...host.env, ...env },
    stdin: 'ours',
    stdout: onOutput ? tee : flags.json ? 'our-stderr' : 'ours',
    stderr: 'ours',
    graceMs: GRACE_MS,
    ...(stop ? { stop } : {}),
    onStop: (listener) =>
      host.onStop((signal) => {
        // On a terminal the whole foreground group has had its SIGINT already.
        if (signal !== 'SIGINT' || !host.interactive) listener(signal);
      }),
  });
  if (end.kind !== 'not-started') return end.exit;
  throw usage(`${command[0]} cannot be run: ${end.reason}`, 'check its name and PATH; it was not run');
}
