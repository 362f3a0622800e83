import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import type { Fleet } from '../../support/fleet.js';
import { type Client, programOf } from './clients.js';
import { type Step, standIn } from './model.js';

export interface ClientRun {
  readonly code: number | null;
  readonly output: string;
  /** What the model was asked: the first request, then the one after each step. */
  readonly asked: readonly string[];
}

let homes = 0;
const PATIENCE_MS = 180_000;

/**
 * Runs a client once, without a terminal, over a model that says these steps, in an environment made from nothing.
 * @param cwd a worktree of the fleet
 */
export async function runClient(client: Client, fleet: Fleet, cwd: string, steps: readonly Step[]): Promise<ClientRun> {
  const { box } = fleet;
  const model = await standIn(steps);
  // Each run has settings of its own: two at once have two models.
  homes += 1;
  const home = box.path(`home-${homes}`);
  cpSync(box.home, home, { recursive: true });
  const env = client.prepare(box, home, cwd, model.url);
  const folder = programs(fleet);
  // A shell that a client starts as a login shell sets the path anew.
  box.write(home, '.profile', `PATH="${folder}:$PATH"\n`);
  const program = programOf(client.program);
  if (program === null) throw new Error(`${client.program} is not installed`);
  const { code, output } = await run(program, client.args('go on'), cwd, {
    ...box.env,
    ...env,
    HOME: home,
    PATH: `${folder}:${box.env.PATH}`,
  });
  return { code, output, asked: model.asked };
}

/** A folder with coord as agents find it. */
function programs({ box }: Fleet): string {
  const folder = box.path('programs');
  mkdirSync(folder, { recursive: true });
  try {
    symlinkSync(box.program, `${folder}/coord`);
  } catch {
    // It is there already.
  }
  return folder;
}

function run(
  program: string,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: PATIENCE_MS });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    child.stderr.on('data', (chunk) => {
      output += chunk;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });
}
