import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { kill } from 'node:process';
import { oneLine, shorten } from '../domain/text.js';
import type { Environment } from '../git/run.js';

/** What came of a program. */
export type ProgramEnd =
  | { readonly kind: 'ended'; readonly exit: number }
  | { readonly kind: 'killed'; readonly signal: string }
  | { readonly kind: 'timeout' }
  /** We were asked to stop, and stopped it. */
  | { readonly kind: 'stopped'; readonly signal: string }
  | { readonly kind: 'not-started'; readonly why: string };

export interface ProgramRun {
  readonly end: ProgramEnd;
  /** SHA-256 of all that it wrote, standard output and error in the order of arrival; null when it never ran. */
  readonly digest: string | null;
  /** The end of it: the last lines that are not empty, each printable and cut to a readable length. */
  readonly lastLines: readonly string[];
}

export interface ProgramOptions {
  /** Program and arguments; no shell. */
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env: Environment;
  readonly timeoutMs: number;
  /** How long it gets to end by itself once it is asked to; default 5,000. */
  readonly graceMs?: number;
  /** As in `Host`: how we learn that we are to stop. */
  readonly onStop: (listener: (signal: string) => void) => () => void;
}

const GRACE_MS = 5_000;
/** How long the pipes of a program that has ended may stay open: something that left its group holds them. */
const DRAIN_MS = 1_000;
const TAIL_BYTES = 16 * 1024;
const TAIL_LINES = 10;
const LINE_POINTS = 200;

/**
 * Runs a program in a process group of its own, with standard input closed, and waits until it and all of its group are
 * over. It never rejects. However much it writes, no more than the end is kept.
 */
export async function runProgram(options: ProgramOptions): Promise<ProgramRun> {
  const started = await start(options);
  if (typeof started === 'string') return notStarted(started);
  const output = new Output(started);
  let cause: ProgramEnd | null = null;
  let killer: NodeJS.Timeout | undefined;
  const stop = (why: ProgramEnd) => {
    cause ??= why;
    signalGroup(started, 'SIGTERM');
    killer ??= setTimeout(() => signalGroup(started, 'SIGKILL'), options.graceMs ?? GRACE_MS);
  };
  const timer = setTimeout(() => stop({ kind: 'timeout' }), options.timeoutMs);
  const unlisten = options.onStop((signal) => stop({ kind: 'stopped', signal }));
  const end = await new Promise<ProgramEnd>((resolve) => {
    started.once('exit', (exit, signal) =>
      resolve(exit === null ? { kind: 'killed', signal: signal ?? '' } : { kind: 'ended', exit }),
    );
  });
  clearTimeout(timer);
  clearTimeout(killer);
  unlisten();
  // What it left running would go on after the gate has been judged.
  signalGroup(started, 'SIGKILL');
  await output.drained();
  return { end: cause ?? end, digest: output.digest(), lastLines: output.lastLines() };
}

function notStarted(why: string): ProgramRun {
  return { end: { kind: 'not-started', why }, digest: null, lastLines: [] };
}

/** The running program, or why there is none. */
async function start({ command, cwd, env }: ProgramOptions): Promise<ChildProcess | string> {
  const [program = '', ...args] = command;
  try {
    const child = spawn(program, args, { cwd, env: { ...env }, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    return await new Promise((resolve) => {
      child.once('spawn', () => resolve(child));
      child.once('error', (error: NodeJS.ErrnoException) => resolve(whyNot(error)));
    });
  } catch (error) {
    return whyNot(error as NodeJS.ErrnoException);
  }
}

function whyNot({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'ENOENT') return 'there is no such program';
  if (code === 'EACCES') return 'it is not executable';
  if (code === 'ENOEXEC' || code === 'UNKNOWN') return 'it is no program that this system can run';
  return message;
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (child.pid !== undefined) kill(-child.pid, signal);
  } catch {
    // The group is over already; and where there are no groups, the program alone is stopped.
    child.kill(signal);
  }
}

/** Digests what a program writes, and keeps its end. */
class Output {
  private readonly hash = createHash('sha256');
  private tail = Buffer.alloc(0);
  private readonly closed: Promise<unknown>;

  constructor(private readonly child: ChildProcess) {
    const take = (chunk: Buffer) => {
      this.hash.update(chunk);
      this.tail = Buffer.concat([this.tail, chunk]).subarray(-TAIL_BYTES);
    };
    child.stdout?.on('data', take);
    child.stderr?.on('data', take);
    this.closed = new Promise((resolve) => child.once('close', resolve));
  }

  /** Resolves when all was read, or when whoever still holds the pipes was given long enough. */
  async drained(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, DRAIN_MS);
    });
    await Promise.race([this.closed, late]);
    clearTimeout(timer);
    this.child.stdout?.destroy();
    this.child.stderr?.destroy();
  }

  digest(): string {
    return this.hash.digest('hex');
  }

  lastLines(): string[] {
    const lines = this.tail.toString('utf8').split(/\r?\n/);
    return lines
      .filter((line) => line.trim() !== '')
      .slice(-TAIL_LINES)
      .map((line) => shorten(oneLine(line), LINE_POINTS));
  }
}
