import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { EMPTY_STATE } from '../../../src/domain/model.js';
import { CoordError } from '../../../src/errors.js';
import type { GitStore } from '../../../src/store/swap/git-store.js';
import { StateRef } from '../../../src/store/swap/state-ref.js';
import { transact } from '../../../src/store/swap/transact.js';
import type { Context } from '../../../src/workspace/context.js';
import { inProcess } from '../../support/in-process.js';
import { claimOf, START } from '../../support/requests.js';
import type { Sandbox } from '../../support/sandbox.js';

export const LOCAL = { ref: 'refs/coord/state', share: false, remote: 'origin' };
export const SHARED = { ...LOCAL, share: true };

/** What a command that runs in this directory would be given. */
export function contextIn(box: Sandbox, directory: string): Context {
  return inProcess(box).context(directory);
}

export function storeIn(box: Sandbox, directory: string, config = SHARED): Promise<GitStore> {
  return contextIn(box, directory).stores.open(config);
}

export async function begin(box: Sandbox, directory: string, config = SHARED) {
  const operation = `begin ${directory}`;
  const entry = { operation, agent: 'coord', at: START, summary: 'begin coordination', events: [] };
  return (await storeIn(box, directory, config)).life.create(EMPTY_STATE, entry);
}

/** One claim, as a command of its own would make it. */
export async function claim(box: Sandbox, directory: string, agent: string, target: string, config = SHARED) {
  const context = contextIn(box, directory);
  const reach = config.share ? 'remote' : 'clone';
  return transact(await context.stores.open(config), claimOf(agent, target, { reach }), context.effects);
}

/** The local branch of a clone; `pause` stands for the waiting of its writer. */
export function branchIn(box: Sandbox, directory: string, pause: (ms: number) => Promise<void>): StateRef {
  const { repository, git, objects } = contextIn(box, directory);
  return new StateRef(repository, git, objects, LOCAL.ref, { pause, random: Math.random });
}

/** The error that this work must end with. */
export async function failureOf(work: Promise<unknown>): Promise<CoordError> {
  const error: unknown = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (error instanceof CoordError) return error;
  throw new Error(`not refused: ${error}`);
}

/** Every ref of a repository with its value. */
export function refsOf(box: Sandbox, directory: string): string {
  return box.git(directory, 'for-each-ref', '--format=%(refname) %(objectname)');
}

/** Installs a hook; `gitDirectory` is a bare repository or a `.git`. */
export function addHook(box: Sandbox, gitDirectory: string, name: string, script: string): string {
  const path = box.write(gitDirectory, `hooks/${name}`, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

/** Whether nobody listens at a local socket. */
export function socketFree(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on('error', () => resolve(false));
    server.listen(address, () => server.close(() => resolve(true)));
  });
}

/** A commit object on top of another, that no ref holds yet. */
export function looseCommit(box: Sandbox, directory: string, parent: string, message: string): string {
  return box.git(directory, 'commit-tree', `${parent}^{tree}`, '-p', parent, '-m', message);
}

export function lockOf(clone: string, ref = 'refs/coord/state'): string {
  return join(clone, '.git', `${ref}.lock`);
}

export interface HeldLock {
  readonly git: ChildProcess;
  /** Ends with git's exit code, once it was told to go on. */
  goOn(): Promise<number>;
}

/** A git that has taken the lock of a branch to move it, and holds it until it is told to go on. */
export function holdLock(box: Sandbox, clone: string, from: string, to: string, ref = 'refs/coord/state') {
  const git = spawn('git', ['update-ref', '--stdin'], { cwd: clone, env: box.env });
  const ended = new Promise<number>((resolve) => git.on('close', (code) => resolve(code ?? 128)));
  return new Promise<HeldLock>((resolve) => {
    let heard = '';
    git.stdout.on('data', (chunk: Buffer) => {
      heard += chunk.toString();
      if (!heard.includes('prepare: ok')) return;
      resolve({
        git,
        goOn: () => {
          git.stdin.end('commit\n');
          return ended;
        },
      });
    });
    git.stdin.write(`start\nupdate ${ref} ${to} ${from}\nprepare\n`);
  });
}
