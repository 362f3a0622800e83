import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { type Fleet, localFleet, sharedFleet } from './fleet.js';
import type { Result } from './sandbox.js';

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

/** A fleet whose surface is `src`, with the guards installed in the first clone. */
export async function guarded(fleet: Fleet): Promise<GuardedFleet> {
  const { box, clone } = fleet;
  const installed = await box.coord(clone, ['hooks', 'install']);
  if (installed.code !== 0) throw new Error(installed.stderr);
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
  return guarded(await localFleet());
}

export async function guardedShared(): Promise<GuardedFleet & { readonly remote: string }> {
  const fleet = await sharedFleet();
  return { ...(await guarded(fleet)), remote: fleet.remote };
}

/** The folder of hooks of a clone. */
export function hooksOf(clone: string): string {
  return join(clone, '.git', 'hooks');
}
