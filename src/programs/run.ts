import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { kill } from 'node:process';
import { withOwnUmask } from './umask.js';

/** What came of a program. `exit` is its exit code, 128 and the signal's number where a signal ended it. */
export type ProgramEnd =
  | { readonly kind: 'ended'; readonly exit: number }
  | { readonly kind: 'killed'; readonly exit: number; readonly signal: string }
  | { readonly kind: 'timeout'; readonly exit: number }
  /** We stopped it. */
  | { readonly kind: 'stopped'; readonly exit: number; readonly signal: string }
  | { readonly kind: 'not-started'; readonly reason: string };

type Reader = (chunk: Buffer) => void;
type StopSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

export interface ProgramOptions {
  /** Program and arguments; no shell. */
  readonly command: readonly string[];
  readonly cwd: string;
  /** All of its environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `ours`, or what it is given to read; it is given nothing otherwise. */
  readonly stdin?: 'ours' | string | Buffer;
  /** Our stream, or who reads what it writes, chunk by chunk. */
  readonly stdout: 'ours' | 'our-stderr' | Reader;
  readonly stderr: 'ours' | Reader;
  /**
   * Whether it gets a process group of its own, which is over when the program is. Without one, it is in the group of the
   * terminal that it shares with us.
   */
  readonly ownGroup?: boolean;
  /** Milliseconds until it is stopped; none: it may take as long as it likes. */
  readonly timeoutMs?: number;
  /** Milliseconds that it gets to end by itself once it is asked to, before it is killed; default 5,000. */
  readonly graceMs?: number;
  /** Stops it when it is aborted. */
  readonly stop?: AbortSignal;
  /** How we learn that we are to stop. A group of its own is stopped then; any other program is passed the signal as it is. */
  readonly onStop?: (listener: (signal: StopSignal) => void) => () => void;
}

const GRACE_MS = 5_000;
/** How long the pipes of a group that is over may stay open: something that left it holds them. */
const DRAIN_MS = 1_000;

/**
 * Runs a program that is not git, and waits until it is over: with a group of its own until all of that is, otherwise until
 * whoever holds what it writes to has closed it. It never rejects. To stop it is SIGTERM, then SIGKILL.
 */
export async function runProgram(options: ProgramOptions): Promise<ProgramEnd> {
  const { ownGroup = false, timeoutMs, graceMs = GRACE_MS } = options;
  let child: ChildProcess | undefined;
  let cause = null as { kind: 'timeout' } | { kind: 'stopped'; signal: string } | null;
  let killer: NodeJS.Timeout | undefined;
  const send = (signal: NodeJS.Signals) => (ownGroup ? signalGroup(child, signal) : child?.kill(signal));
  const stop = (why: NonNullable<typeof cause>) => {
    cause ??= why;
    send('SIGTERM');
    killer ??= setTimeout(send, graceMs, 'SIGKILL');
  };
  // Before it is started, so that no signal ends us and leaves it behind.
  const unlisten = options.onStop?.((signal) => (ownGroup ? stop({ kind: 'stopped', signal }) : send(signal)));
  const started = await start(options);
  if (typeof started === 'string') {
    unlisten?.();
    return { kind: 'not-started', reason: started };
  }
  child = started;
  const exited = new Promise<Exit>((resolve) => started.once('exit', (code, signal) => resolve({ code, signal })));
  const closed = new Promise<unknown>((resolve) => started.once('close', resolve));
  const timer = timeoutMs === undefined ? undefined : setTimeout(stop, timeoutMs, { kind: 'timeout' });
  const onAbort = () => stop({ kind: 'stopped', signal: 'SIGTERM' });
  options.stop?.addEventListener('abort', onAbort);
  if (options.stop?.aborted) onAbort();
  const { code, signal } = await exited;
  clearTimeout(timer);
  clearTimeout(killer);
  // What it left running would go on although the program has been judged.
  if (ownGroup) send('SIGKILL');
  await (ownGroup ? within(DRAIN_MS, closed) : closed);
  started.stdout?.destroy();
  started.stderr?.destroy();
  unlisten?.();
  options.stop?.removeEventListener('abort', onAbort);
  const exit = code ?? 128 + (signal ? constants.signals[signal] : 0);
  if (cause !== null) return { ...cause, exit };
  return signal === null ? { kind: 'ended', exit } : { kind: 'killed', exit, signal };
}

interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Captured {
  readonly end: ProgramEnd;
  readonly stdout: string;
  readonly stderr: string;
}

const MOST_BYTES = 64 * 1024 * 1024;

/**
 * Runs a program in a group of its own and keeps what it writes, as UTF-8; it is stopped when that is more than `mostBytes`
 * (64 MiB).
 */
export async function captureProgram(
  options: Omit<ProgramOptions, 'stdout' | 'stderr' | 'stop' | 'ownGroup'>,
  mostBytes = MOST_BYTES,
): Promise<Captured> {
  const [out, err]: [Buffer[], Buffer[]] = [[], []];
  const stopping = new AbortController();
  let bytes = 0;
  const into = (chunks: Buffer[]) => (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > mostBytes) stopping.abort();
    else chunks.push(chunk);
  };
  const end = await runProgram({
    ...{ ...options, ownGroup: true, stop: stopping.signal },
    ...{ stdout: into(out), stderr: into(err) },
  });
  return { end, stdout: Buffer.concat(out).toString('utf8'), stderr: Buffer.concat(err).toString('utf8') };
}

/** The running program, or why there is none. */
async function start({
  command,
  cwd,
  env,
  stdin,
  stdout,
  stderr,
  ownGroup,
}: ProgramOptions): Promise<ChildProcess | string> {
  const [program = '', ...args] = command;
  const stdio: StdioOptions = [
    stdin === undefined ? 'ignore' : stdin === 'ours' ? 'inherit' : 'pipe',
    stdout === 'ours' ? 'inherit' : stdout === 'our-stderr' ? 2 : 'pipe',
    stderr === 'ours' ? 'inherit' : 'pipe',
  ];
  try {
    const options = { cwd, env: { ...env }, detached: ownGroup ?? false, stdio };
    const child = withOwnUmask(() => spawn(program, args, options));
    if (typeof stdout === 'function') child.stdout?.on('data', stdout);
    if (typeof stderr === 'function') child.stderr?.on('data', stderr);
    // A program that ends early closes the pipe; its exit code tells.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(stdin);
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
  if (code === 'ENOEXEC' || code === 'UNKNOWN') return 'this system cannot run it';
  return message;
}

function signalGroup(child: ChildProcess | undefined, signal: NodeJS.Signals): void {
  try {
    if (child?.pid !== undefined) kill(-child.pid, signal);
  } catch {
    // The group is over already; and where there are no groups, the program alone is stopped.
    child?.kill(signal);
  }
}

async function within(ms: number, promise: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => {
    // What has arrived while this process had no turn is read first.
    timer = setTimeout(() => setImmediate(resolve), ms);
  });
  await Promise.race([promise, late]);
  clearTimeout(timer);
}
