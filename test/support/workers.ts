import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { sharedFleet } from './fleet.js';
import type { CoordResult, Sandbox } from './sandbox.js';

/** An orchestrator and a worker, each in a clone of its own, with a remote between them. */
export interface Workshop {
  readonly box: Sandbox;
  readonly remote: string;
  /** The orchestrator's clone. */
  readonly boss: string;
  /** The worker's clone. */
  readonly bench: string;
  /** Runs coord as the orchestrator `maya`. */
  maya(...args: string[]): Promise<CoordResult>;
  /** Runs coord as the worker `w1`. */
  w1(...args: string[]): Promise<CoordResult>;
}

export async function workshop(): Promise<Workshop> {
  const { box, clone: boss, remote } = await sharedFleet();
  const bench = box.clone(remote);
  const run =
    (agent: string, cwd: string) =>
    (...args: string[]) =>
      box.coord(cwd, args, { env: { COORD_AGENT: agent } });
  const [maya, w1] = [run('maya', boss), run('w1', bench)];
  await maya('session', 'start', '--role', 'orchestrator');
  await w1('session', 'start', '--role', 'worker');
  return { box, remote, boss, bench, maya, w1 };
}

/** Submits these paths and returns the id. */
export async function submitted({ w1 }: Pick<Workshop, 'w1'>, ...words: string[]): Promise<string> {
  const result = await w1('submit', ...words, '--note', 'look at this', '--json');
  if (result.code !== 0) throw new Error(result.stdout);
  return result.json().data.submission.id;
}

/** Path → content of every file in a folder. */
export function treeOf(root: string, folder: string): Record<string, string> {
  const files = readdirSync(join(root, folder), { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
  const paths = files.map((one) => relative(root, join(one.parentPath, one.name))).sort();
  return Object.fromEntries(paths.map((path) => [path, readFileSync(join(root, path), 'latin1')]));
}
