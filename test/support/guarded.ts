import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { buildLocal, buildShared, type Fleet, fleetIn, type SharedFleet } from './fleet.js';
import { prepared } from './prepared.js';
import type { Result, Sandbox } from './sandbox.js';

export interface GuardedFleet extends Fleet {
  /** Runs git as one agent (null: nobody), in the first worktree unless another is named. */
  git(agent: string | null, args: readonly string[], options?: GitRun): Result;
  /** Writes a file, and stages it; returns its path in the repository. */
  stage(file: string, text?: string, cwd?: string): string;
  /** The commit at HEAD. */
  head(cwd?: string): string;
}

export interface GitRun {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Buffer;
}

async function install(box: Sandbox, clone: string): Promise<void> {
  const installed = await box.coord(clone, ['guard', 'install']);
  if (installed.code !== 0) throw new Error(installed.stderr);
}

/** A fleet whose surface is `src`, with the guards installed in the first clone. */
function guarded<T extends Fleet>(fleet: T): T & GuardedFleet {
  const { box, clone } = fleet;
  return {
    ...fleet,
    git: (agent, args, { cwd = clone, env = {}, input } = {}) => {
      const who = agent === null ? {} : { COORD_AGENT: agent };
      const ran = spawnSync('git', args, {
        cwd,
        env: { ...box.env, GIT_EDITOR: 'true', ...who, ...env },
        encoding: 'utf8',
        ...(input === undefined ? {} : { input }),
      });
      if (ran.error) throw ran.error;
      return { code: ran.status ?? 128, stdout: ran.stdout, stderr: ran.stderr };
    },
    stage: (file, text = `${file}\n`, cwd = clone) => {
      box.write(cwd, file, text);
      box.git(cwd, 'add', '--', file);
      return file;
    },
    head: (cwd = clone) => box.git(cwd, 'rev-parse', 'HEAD'),
  };
}

export async function guardedLocal(): Promise<GuardedFleet> {
  const { box, made } = await prepared('guarded-local', (box) => installedIn(box, buildLocal));
  return guarded(fleetIn(box, made));
}

export async function guardedShared(): Promise<GuardedFleet & SharedFleet> {
  const { box, made } = await prepared('guarded-shared', (box) => installedIn(box, buildShared));
  return guarded(fleetIn(box, made));
}

async function installedIn<T extends { clone: string }>(box: Sandbox, build: (box: Sandbox) => Promise<T>): Promise<T> {
  const made = await build(box);
  await install(box, made.clone);
  return made;
}

/** The folder of hooks of a clone. */
export function hooksOf(clone: string): string {
  return join(clone, '.git', 'hooks');
}
