import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { onTestFinished } from 'vitest';
import { textOf } from '../../../src/git/if-there.js';
import type { Fleet } from '../../support/fleet.js';
import { type Client, programOf } from './clients.js';
import { PROMPT, type Script, type StandIn, type Step, standIn } from './model.js';

export interface ClientRun extends Pick<StandIn, 'asked' | 'times' | 'askedByDelegate'> {
  readonly code: number | null;
  readonly output: string;
  /** Of the user; a run that goes on with this one starts there. */
  readonly home: string;
}

export interface RunTerms {
  /** Goes on with the run that this home has seen last. */
  readonly resumes?: ClientRun;
  readonly delegated?: readonly Step[];
  readonly tokens?: number;
  /** What is said in the place of the usual words. */
  readonly prompt?: string;
  /** Further words of the command line. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Changes the settings of the user, before the client starts. */
  readonly settings?: (home: string, env: Readonly<Record<string, string>>) => Readonly<Record<string, string>>;
  /** Ends the client's process, as a crash would, once this resolves. */
  readonly killedOnce?: (model: StandIn) => Promise<unknown>;
  /** The command line that is run, in the place of the client's own. */
  readonly within?: (words: readonly string[]) => readonly string[];
}

let homes = 0;
const PATIENCE_MS = 240_000;

/**
 * Runs a client once, without a terminal, over a model that says these steps, in an environment made from nothing.
 * @param cwd a worktree of the fleet
 */
export async function runClient(
  client: Client,
  fleet: Fleet,
  cwd: string,
  steps: readonly Step[],
  terms: RunTerms = {},
): Promise<ClientRun> {
  const { box } = fleet;
  const { delegated, tokens, resumes } = terms;
  const script: Script = {
    steps,
    ...(delegated ? { delegated } : {}),
    ...(tokens ? { tokens } : {}),
    endsSilent: terms.killedOnce !== undefined,
  };
  const model = await standIn(script);
  // Each run has settings of its own: two at once have two models.
  homes += 1;
  const home = resumes?.home ?? box.path(`home-${homes}`);
  if (!resumes) cpSync(box.home, home, { recursive: true });
  const env = client.prepare(box, home, cwd, model.url);
  const folder = programs(fleet);
  // A shell that a client starts as a login shell sets the path anew.
  box.write(home, '.profile', `PATH="${folder}:$PATH"\n`);
  const program = programOf(client.program);
  if (program === null) throw new Error(`${client.program} is not installed`);
  const prompt = terms.prompt ?? PROMPT;
  const words = [program, ...(resumes ? client.resume : client.args)(prompt), ...(terms.args ?? [])];
  const own = { HOME: home, PATH: `${folder}:${box.env.PATH}` };
  const all = { ...box.env, ...env, ...own, ...terms.env };
  const more = terms.settings?.(home, all) ?? {};
  const { code, output } = await run(terms.within?.(words) ?? words, cwd, { ...all, ...more }, () =>
    terms.killedOnce?.(model),
  );
  const { asked, times, askedByDelegate } = model;
  return { code, output, home, asked, times, askedByDelegate };
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
  [program = '', ...args]: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
  killedOnce: () => Promise<unknown> | undefined,
): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const kill = (what: number) => {
      try {
        process.kill(what, 'SIGKILL');
      } catch {
        // It has ended.
      }
    };
    const { pid = 0 } = child;
    const limit = setTimeout(() => kill(-pid), PATIENCE_MS);
    killedOnce()?.then(() => processesOf(pid).forEach(kill), reject);
    onTestFinished(() => kill(-pid));
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    child.stderr.on('data', (chunk) => {
      output += chunk;
    });
    child.on('error', reject);
    child.on('exit', (code) => {
      clearTimeout(limit);
      if (code === null) resolve({ code, output });
    });
    child.on('close', (code) => resolve({ code, output }));
  });
}

/** The processes of a client, by its group; a server that it has started goes on when it dies, and has to see for itself. */
function processesOf(group: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      const stat = textOf(`/proc/${name}/stat`);
      const [, , own] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return Number(own) === group && !/\0mcp\0$/.test(textOf(`/proc/${name}/cmdline`));
    })
    .map(Number);
}
