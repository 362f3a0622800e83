import { readFileSync } from 'node:fs';
import type { Environment } from '../git/run.js';
import type { MonotonicClock } from '../store/cache/observations.js';
import { inputFrom, NOT_WRITTEN, outputTo, type Stream } from './streams.js';

/** The world outside: the only source of time, chance, environment and streams. Tests set each of them. */
export interface Host {
  /** Folder of the installed package: the starter rules and the schema are in it. */
  readonly packageRoot: string;
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Environment;
  readonly stdout: Stream;
  readonly stderr: Stream;
  /** Whether a person sits at standard input. */
  readonly interactive: boolean;
  /** All of standard input, empty at a terminal; null when it is longer than `most` bytes. */
  readInput(most: number): Promise<Buffer | null>;
  /** Absolute path of the Node that runs this. */
  readonly node: string;
  /** Calls the listener when the process is asked to stop; returns what takes the listener away. */
  onStop(listener: (signal: StopSignal) => void): () => void;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Time that nobody can set, to tell how long something has lasted across commands. */
  readonly monotonic: MonotonicClock;
  /** A number from 0 up to 1. */
  random(): number;
}

const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
export type StopSignal = (typeof STOP_SIGNALS)[number];

/** The host of a real run. */
export function processHost(packageRoot: string): Host {
  return {
    packageRoot,
    argv: process.argv.slice(2),
    cwd: workingDirectory(),
    env: process.env,
    stdout: output(1, () => process.stdout),
    stderr: output(2, () => process.stderr),
    // Making the stream costs milliseconds.
    get interactive() {
      return process.stdin.isTTY ?? false;
    },
    readInput: (most) => inputFrom(0, () => process.stdin, most),
    node: process.execPath,
    onStop: (listener) => {
      for (const signal of STOP_SIGNALS) process.on(signal, listener);
      return () => {
        for (const signal of STOP_SIGNALS) process.off(signal, listener);
      };
    },
    now: Date.now,
    monotonic: { boot: bootId(), seconds: () => Number(process.hrtime.bigint() / 1_000_000n) / 1000 },
    random: Math.random,
  };
}

/** Pipes of Windows are written only by Node's own streams. */
function output(descriptor: number, own: () => NodeJS.WriteStream): Stream {
  const stream = () => {
    // A reader that went away (`coord log | head`) is not a fault, nor is a full disk: what was done stands.
    own().on('error', (error: NodeJS.ErrnoException) => {
      if (!NOT_WRITTEN.includes(error.code ?? '')) throw error;
    });
    return own();
  };
  return process.platform === 'win32' ? stream() : outputTo(descriptor, stream);
}

/** Where it was removed meanwhile, its former name: the commands that need it then say so. */
function workingDirectory(): string {
  try {
    return process.cwd();
  } catch {
    return process.env.PWD ?? '.';
  }
}

/** Linux names each boot; elsewhere nothing tells one boot from the next. */
function bootId(): string | null {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return null;
  }
}
