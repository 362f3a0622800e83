import { main } from '../../src/main.js';
import { Context } from '../../src/workspace/context.js';
import type { Host } from '../../src/workspace/host.js';
import type { CoordResult, Sandbox } from './sandbox.js';

/** The instant at which the clock of a fleet stands until a test moves it. */
export const NOON = Date.UTC(2026, 10, 21, 12, 0, 0);

export interface HostChanges {
  /** Milliseconds since the epoch; a function where the clock moves during the command. */
  readonly now?: number | (() => number);
  /** Seconds since the boot; those of the clock unless they are named. */
  readonly monotonic?: number;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** A person at a terminal. */
  readonly person?: boolean;
  /** What stands on standard input. */
  readonly input?: string | Buffer;
  readonly random?: () => number;
  /** Another program than that of the sources. */
  readonly main?: typeof main;
}

interface Streams {
  readonly stdout: Host['stdout'];
  readonly stderr: Host['stderr'];
}

function hostIn(box: Sandbox, cwd: string, argv: readonly string[], changes: HostChanges, streams: Streams): Host {
  const { now = Date.now, env = {}, person = false, input = '' } = changes;
  const clock = typeof now === 'number' ? () => now : now;
  return {
    packageRoot: process.cwd(),
    argv,
    cwd,
    env: { ...box.env, NO_COLOR: '1', ...env },
    ...streams,
    interactive: person,
    readInput: async (most) => (Buffer.byteLength(input) > most ? null : Buffer.from(input)),
    node: process.execPath,
    onStop: () => () => undefined,
    now: clock,
    monotonic: { boot: 'test', seconds: () => changes.monotonic ?? clock() / 1000 },
    random: changes.random ?? Math.random,
  };
}

/** Runs the program in this process, where its clock and its terminal can be chosen. */
export async function coordInProcess(
  box: Sandbox,
  cwd: string,
  argv: readonly string[],
  changes: HostChanges = {},
): Promise<CoordResult> {
  const written = { stdout: '', stderr: '' };
  const stream = (name: 'stdout' | 'stderr') => ({
    isTTY: changes.person ?? false,
    write: (text: string | Uint8Array) => {
      written[name] += text.toString();
    },
  });
  const code = await (changes.main ?? main)(
    hostIn(box, cwd, argv, changes, { stdout: stream('stdout'), stderr: stream('stderr') }),
  );
  return { code, ...written, json: () => JSON.parse(written.stdout) };
}

export interface InProcess {
  readonly clock: {
    /** Milliseconds since the epoch. */
    ms: number;
    /** Moves the clock on by this many seconds. */
    pass(seconds: number): void;
  };
  /** Runs one command line of coord as an agent (null: nobody), at the clock's time. */
  run(agent: string | null, cwd: string, args: readonly string[], env?: HostChanges['env']): Promise<CoordResult>;
  /** What a command that runs in this directory would be given. */
  context(cwd: string): Context;
}

/** Runs coord inside the test process over a sandbox, with a clock that only the test moves. */
export function inProcess(box: Sandbox): InProcess {
  const clock = {
    ms: NOON,
    pass(seconds: number) {
      clock.ms += seconds * 1000;
    },
  };
  return {
    clock,
    run: (agent, cwd, args, env = {}) =>
      coordInProcess(box, cwd, args, {
        now: clock.ms,
        env: { ...(agent === null ? {} : { COORD_AGENT: agent }), ...env },
      }),
    context: (cwd) => {
      const silent = { write: () => true };
      const host = hostIn(box, cwd, [], { now: clock.ms }, { stdout: silent, stderr: silent });
      return new Context(host, { json: false, agent: undefined });
    },
  };
}
