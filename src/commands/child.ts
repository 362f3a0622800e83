import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { CoordError, usage } from '../errors.js';
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
}

export interface Child {
  /** Resolves with its exit code, 128 and the signal's number when a signal ended it. */
  readonly ended: Promise<number>;
  /** SIGTERM, and SIGKILL when that does not end it. */
  stop(): void;
}

/**
 * Starts a program with our standard streams, and passes on the signals that ask us to stop. With `--json`, its output
 * goes to standard error, since standard output is for the one JSON object.
 * @throws CoordError `usage` when there is no such program.
 */
export async function startChild(context: Context, options: ChildOptions): Promise<Child> {
  const [program = '', ...args] = options.command;
  const toStderr = context.flags.json;
  const child = spawn(program, args, {
    cwd: context.host.cwd,
    env: { ...context.host.env, ...options.env },
    stdio: ['inherit', options.onOutput ? 'pipe' : toStderr ? 2 : 'inherit', 'inherit'],
  });
  child.stdout?.on('data', (chunk: Buffer) => {
    options.onOutput?.(chunk);
    (toStderr ? context.host.stderr : context.host.stdout).write(chunk);
  });
  const unlisten = context.host.onStop((signal) => {
    // On a terminal the whole foreground group has had its SIGINT already.
    if (signal !== 'SIGINT' || !context.host.interactive) child.kill(signal);
  });
  let killer: NodeJS.Timeout | undefined;
  const ended = new Promise<number>((resolve) => {
    child.on('close', (code, signal) => {
      unlisten();
      clearTimeout(killer);
      resolve(code ?? 128 + (signal ? constants.signals[signal] : 0));
    });
  });
  await new Promise<void>((resolve, reject) => {
    child.on('spawn', resolve);
    child.on('error', (error: NodeJS.ErrnoException) => {
      unlisten();
      reject(cannotStart(program, error));
    });
  });
  return {
    ended,
    stop() {
      child.kill('SIGTERM');
      killer ??= setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
    },
  };
}

function cannotStart(program: string, error: NodeJS.ErrnoException): CoordError {
  if (error.code === 'ENOENT') return usage(`no such program: ${program}`, 'check its name and PATH; it was not run');
  return new CoordError('usage', `${program} cannot be started: ${error.message}`, { hint: 'it was not run' });
}
