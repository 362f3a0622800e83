import { type ChildProcess, fork, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { CoordResult, Sandbox } from '../../../support/sandbox.js';

const PROGRAM = fileURLToPath(new URL('machine.cjs', import.meta.url));
const FAULT = fileURLToPath(new URL('../fault.cjs', import.meta.url));

/** The clock of the soak: it began at the real time, and goes so many times as fast. */
export interface FastClock {
  readonly startedMs: number;
  readonly speed: number;
}

export function timeOf({ startedMs, speed }: FastClock): number {
  return Math.round(startedMs + (Date.now() - startedMs) * speed);
}

export interface Memory {
  /** Bytes in use after everything that is of no use was thrown away. */
  readonly heap: number;
  readonly rss: number;
  /** Open files. */
  readonly files: number;
}

interface Order {
  readonly agent: string;
  readonly cwd: string;
  readonly argv: readonly string[];
  /** Nothing of what it writes is kept. */
  readonly forget?: boolean;
}

function environmentOf(box: Sandbox, root: string, clock: FastClock): Record<string, string> {
  return { ...box.env, NO_COLOR: '1', SOAK_ROOT: root, SOAK_CLOCK: `${clock.startedMs} ${clock.speed}` };
}

/** A process that runs many command lines of many agents, as a program would that never ends. */
export class Machine {
  private readonly child: ChildProcess;
  private readonly waiting = new Map<number, (answer: unknown) => void>();
  private count = 0;
  /** How many command lines it has run. */
  commands = 0;

  /** @param root folder of the package whose program it runs */
  constructor(box: Sandbox, root: string, clock: FastClock) {
    const env = environmentOf(box, root, clock);
    this.child = fork(PROGRAM, {
      cwd: box.directory,
      env,
      execArgv: ['--expose-gc'],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.child.on('message', (answer: { readonly id: number }) => {
      this.waiting.get(answer.id)?.(answer);
      this.waiting.delete(answer.id);
    });
  }

  async run(order: Order): Promise<CoordResult> {
    this.commands += 1;
    const answer = (await this.ask(order)) as { code: number; stdout: string; stderr: string };
    return { ...answer, json: () => JSON.parse(answer.stdout) };
  }

  async measure(): Promise<Memory> {
    return (await this.ask({ measure: true })) as Memory;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.child.on('close', resolve));
    this.child.kill('SIGKILL');
    await closed;
  }

  private ask(message: object): Promise<unknown> {
    this.count += 1;
    const id = this.count;
    return new Promise((resolve) => {
      this.waiting.set(id, resolve);
      this.child.send({ ...message, id });
    });
  }
}

/** What befalls a command that is a process of its own. */
export interface Misfortune {
  /** Killed with all that it started, after so many milliseconds. */
  readonly killMs?: number;
  /** Stopped after so many milliseconds, for so many. */
  readonly stop?: readonly [afterMs: number, forMs: number];
  /** Its clock is wrong by so many milliseconds. */
  readonly offsetMs?: number;
  /** The k-th of its file operations fails. */
  readonly fault?: { readonly at: number; readonly code: string; readonly under: string; readonly stays: boolean };
}

/** Runs one command line in a process of its own. @returns null when it was killed before it had answered */
export function runAlone(
  box: Sandbox,
  root: string,
  clock: FastClock,
  { agent, cwd, argv }: Order,
  { killMs, stop, offsetMs = 0, fault }: Misfortune,
): Promise<CoordResult | null> {
  const env = {
    ...environmentOf(box, root, clock),
    SOAK_OFFSET: String(offsetMs),
    ...(fault && {
      COORD_FAULT_AT: String(fault.at),
      COORD_FAULT_CODE: fault.code,
      COORD_FAULT_UNDER: fault.under,
      COORD_FAULT_STAYS: fault.stays ? '1' : '0',
    }),
  };
  const words = [...(fault ? ['--require', FAULT] : []), PROGRAM, agent, ...argv];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, words, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    const written = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      written.stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      written.stderr += text;
    });
    const timers = [
      ...(killMs === undefined ? [] : [setTimeout(() => signal(child, 'SIGKILL'), killMs)]),
      ...(stop ? [setTimeout(() => signal(child, 'SIGSTOP'), stop[0])] : []),
      ...(stop ? [setTimeout(() => signal(child, 'SIGCONT'), stop[0] + stop[1])] : []),
    ];
    child.on('error', reject);
    child.on('close', (code) => {
      for (const timer of timers) clearTimeout(timer);
      resolve(code === null ? null : { code, ...written, json: () => JSON.parse(written.stdout) });
    });
  });
}

/** To the process and all that it started; they may be gone by themselves. */
function signal(child: ChildProcess, name: NodeJS.Signals): void {
  if (child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-(child.pid ?? 0), name);
  } catch {
    // They are.
  }
}
