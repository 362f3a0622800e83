import type { Host } from '../../src/context.js';
import { main } from '../../src/main.js';
import type { CoordResult, Sandbox } from './sandbox.js';

// The build replaces this name by the version; here the source itself runs.
Object.assign(globalThis, { __COORD_VERSION__: 'test' });

export interface HostChanges {
  /** Milliseconds since the epoch. */
  readonly now?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** A person at a terminal. */
  readonly person?: boolean;
}

/** Runs the program in this process, where its clock and its terminal can be chosen. */
export async function coordInProcess(
  box: Sandbox,
  cwd: string,
  argv: readonly string[],
  { now, env = {}, person = false }: HostChanges = {},
): Promise<CoordResult> {
  const written = { stdout: '', stderr: '' };
  const stream = (name: 'stdout' | 'stderr') => ({
    isTTY: person,
    write: (text: string | Uint8Array) => {
      written[name] += text.toString();
    },
  });
  const host: Host = {
    packageRoot: process.cwd(),
    argv,
    cwd,
    env: { ...box.env, NO_COLOR: '1', ...env },
    stdout: stream('stdout'),
    stderr: stream('stderr'),
    interactive: person,
    onStop: () => () => undefined,
    now: () => now ?? Date.now(),
    random: Math.random,
  };
  const code = await main(host);
  return { code, ...written, json: () => JSON.parse(written.stdout) };
}
