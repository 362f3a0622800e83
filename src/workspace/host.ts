import { fstatSync, readSync, statSync, writeSync } from 'node:fs';
import { bootId } from '../git/process-mark.js';
import type { Environment } from '../git/run.js';
import type { MonotonicClock } from '../store/cache/observations.js';

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

/** What of the host is there for whoever runs in this process: a command, or a program that calls the API. */
export function surroundings(
  packageRoot: string,
): Pick<Host, 'packageRoot' | 'cwd' | 'env' | 'node' | 'now' | 'monotonic' | 'random'> {
  return {
    packageRoot,
    cwd: workingDirectory(),
    env: process.env,
    node: process.execPath,
    now: Date.now,
    monotonic: {
      get boot() {
        return bootId();
      },
      seconds: () => Number(process.hrtime.bigint() / 1_000_000n) / 1000,
    },
    random: Math.random,
  };
}

/**
 * The host of a real run.
 * @param read what has been read of standard input already
 */
export function processHost(packageRoot: string, read: readonly Buffer[] = []): Host {
  return {
    ...surroundings(packageRoot),
    argv: process.argv.slice(2),
    stdout: output(1, () => process.stdout),
    stderr: output(2, () => process.stderr),
    // Making the stream costs milliseconds.
    get interactive() {
      return process.stdin.isTTY ?? false;
    },
    readInput: (most) => inputFrom(0, () => process.stdin, most, read),
    onStop,
  };
}

/** Whoever wants to know that the process is asked to stop: Node warns of a signal with more than ten listeners. */
const stopListeners = new Set<(signal: StopSignal) => void>();

function tellToStop(signal: StopSignal): void {
  for (const listener of [...stopListeners]) listener(signal);
}

function onStop(listener: (signal: StopSignal) => void): () => void {
  if (stopListeners.size === 0) for (const signal of STOP_SIGNALS) process.on(signal, tellToStop);
  stopListeners.add(listener);
  return () => {
    stopListeners.delete(listener);
    if (stopListeners.size === 0) for (const signal of STOP_SIGNALS) process.off(signal, tellToStop);
  };
}

declare global {
  namespace NodeJS {
    interface Process {
      /** What `process.exit` calls in the end; nothing that was to be done at an exit is done. */
      reallyExit?(code: number): void;
    }
  }
}

/** The descriptors that are written by Node's own streams, which may have something left to write. */
const streams = new Set<number>();

/** Ends this process with a code: at once where all that was said is out, else when it is. */
export function endProcess(code: number): void {
  process.exitCode = code;
  if (streams.size === 0) process.reallyExit?.(code);
}

/** Pipes of Windows are written only by Node's own streams. */
function output(descriptor: number, own: () => NodeJS.WriteStream): Stream {
  const stream = () => {
    streams.add(descriptor);
    // A reader that went away (`coord log | head`) is not a fault, nor is a full disk: what was done stands.
    // The fast lane may have listened already, before it left this line to all of the program.
    if (own().listenerCount('error') > 0) return own();
    own().on('error', (error: NodeJS.ErrnoException) => {
      if (!NOT_WRITTEN.includes(error.code ?? '')) throw error;
      if (descriptor === STDOUT) sayNotWritten(error);
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

const CHUNK_BYTES = 64 * 1024;

/**
 * All that can be read from a standard input; empty at a terminal, null when it is longer than `most` bytes. Node's own
 * stream takes milliseconds to make, so files, pipes and sockets are read straight from the descriptor as long as they give
 * something; what has nothing to read yet, and the rest, is left to it.
 * @param own makes Node's own stream
 * @param read what came before
 */
export async function inputFrom(
  descriptor: number,
  own: () => NodeJS.ReadStream,
  most: number,
  read: readonly Buffer[] = [],
): Promise<Buffer | null> {
  const { chunks, isWhole } = inputAtOnce(descriptor, most, read);
  let bytes = sizeOf(chunks);
  if (bytes > most) return null;
  if (isWhole) return Buffer.concat(chunks);
  const stream = own();
  if (stream.isTTY) return Buffer.concat(chunks);
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > most) return null;
  }
  return Buffer.concat(chunks);
}

/** What a file, a pipe or a socket gives without waiting; whether that is all. Anything else gives nothing. */
export function inputAtOnce(
  descriptor: number,
  most: number,
  read: readonly Buffer[] = [],
): { readonly chunks: Buffer[]; readonly isWhole: boolean } {
  const chunks = [...read];
  try {
    const stats = fstatSync(descriptor);
    const isPlain = stats.isFile() || stats.isFIFO() || stats.isSocket();
    for (let bytes = sizeOf(chunks); isPlain && bytes <= most; ) {
      const chunk = readNow(descriptor);
      if (chunk === null) break;
      if (chunk.length === 0) return { chunks, isWhole: true };
      chunks.push(chunk);
      bytes += chunk.length;
    }
  } catch {
    // Closed, or of a kind that only Node's own stream can read.
  }
  return { chunks, isWhole: false };
}

function sizeOf(chunks: readonly Buffer[]): number {
  return chunks.reduce((sum, { length }) => sum + length, 0);
}

/** @returns what is there; empty at the end, null when it must be waited for without blocking */
function readNow(descriptor: number): Buffer | null {
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  try {
    return chunk.subarray(0, readSync(descriptor, chunk));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EAGAIN') return null;
    if (code === 'EOF') return chunk.subarray(0, 0);
    throw error;
  }
}

/** Where there are descriptors of devices, it has this name. */
const NULL_DEVICE = '/dev/null';

/** Where a program writes its words. */
interface Stream {
  readonly isTTY?: boolean;
  /** Calls `done` when the text was written, or could not be. */
  write(text: string | Uint8Array, done?: (error?: Error | null) => void): unknown;
}

/**
 * One of the standard streams. Node's own takes milliseconds to make, so files and pipes are written straight to the
 * descriptor, as Node does in the end; terminals, and whatever cannot be written at once, are left to it.
 * @param own makes Node's own stream
 */
function outputTo(descriptor: number, own: () => NodeJS.WriteStream): Stream {
  let stream = isPlain(descriptor) ? null : own();
  return {
    get isTTY() {
      return stream?.isTTY ?? false;
    },
    write(text, done) {
      if (stream !== null) return stream.write(text, done);
      const rest = writeNow(descriptor, Buffer.from(text));
      if (rest instanceof Error) {
        if (descriptor === STDOUT) sayNotWritten(rest);
        return done?.(rest);
      }
      if (rest.length === 0) return done?.();
      stream = own();
      return stream.write(rest, done);
    },
  };
}

/** A file, a pipe, a socket or the null device; a terminal is not. */
function isPlain(descriptor: number): boolean {
  try {
    const stats = fstatSync(descriptor);
    if (stats.isFile() || stats.isFIFO() || stats.isSocket()) return true;
    return stats.isCharacterDevice() && stats.rdev === statSync(NULL_DEVICE).rdev;
  } catch {
    return false;
  }
}

/** The reader has gone, or the disk is full: what was done stands, and there is nobody to tell. */
const NOT_WRITTEN: readonly string[] = ['EPIPE', 'ENOSPC', 'EDQUOT', 'EFBIG', 'EIO'];

const STDOUT = 1;
const STDERR = 2;

/** Of an answer that nobody can read; that a reader has gone is no news to it. */
function sayNotWritten({ code, message }: NodeJS.ErrnoException): void {
  if (code === 'EPIPE') return;
  try {
    writeSync(STDERR, `the answer could not be written (${message}), but what was done stands: see coord status\n`);
  } catch {
    // Standard error is as full.
  }
}

/** @returns what the reader of a pipe has no room for now; an error when it cannot be written */
function writeNow(descriptor: number, bytes: Buffer): Buffer | Error {
  let written = 0;
  try {
    while (written < bytes.length) written += writeSync(descriptor, bytes, written);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EAGAIN') return bytes.subarray(written);
    if (code !== undefined && NOT_WRITTEN.includes(code)) return error as Error;
    throw error;
  }
  return bytes.subarray(written);
}

/** What takes less is not spoken of. */
export const PATIENCE_MS = 1_000;
const WIPE_LINE = '\r\u001b[K';

/**
 * Says on standard error what is going on once it has taken a second, and wipes that away at its end: on a terminal
 * alone, since a program or a log has no use for it.
 * @param what such as `asking origin`
 */
export async function withProgress<T>(
  { stderr }: Pick<Host, 'stderr'>,
  what: string,
  work: () => Promise<T>,
): Promise<T> {
  if (!stderr.isTTY) return work();
  let shown = false;
  const timer = setTimeout(() => {
    shown = true;
    stderr.write(`${WIPE_LINE}${what} …`);
  }, PATIENCE_MS);
  try {
    return await work();
  } finally {
    clearTimeout(timer);
    if (shown) stderr.write(WIPE_LINE);
  }
}
