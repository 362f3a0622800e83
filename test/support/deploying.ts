import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { buildShared, type Fleet, fleetIn, type SharedFleet } from './fleet.js';
import { prepared } from './prepared.js';
import type { Sandbox } from './sandbox.js';

/** A fleet with a deploy target `prod` behind one gate that runs a program. */
export interface DeployFleet extends SharedFleet {
  /** Runs `coord deploy prod` with `--json`, by an agent. */
  deploy(agent: string, options: readonly string[], command: readonly string[], cwd?: string): ReturnType<Fleet['as']>;
  /** Commits a file on main, pushed; returns the commit. */
  land(file: string, text?: string, cwd?: string): string;
}

export interface Configured {
  /** The program of the gate. */
  readonly gate?: readonly string[];
  /** More of the deploy target, such as `requirePushed`. */
  readonly target?: Readonly<Record<string, unknown>>;
  /** More of the configuration. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** A clone of a bare remote, where `prod` has one gate. */
export async function deployFleet({
  gate = ['true'],
  target = {},
  config = {},
}: Configured = {}): Promise<DeployFleet> {
  const more = {
    gates: { tests: { type: 'command', command: gate } },
    deploy: { prod: { gates: ['tests'], ...target } },
    ...config,
  };
  const key = createHash('sha1').update(JSON.stringify(more)).digest('hex');
  const { box, made } = await prepared(`deploy-fleet-${key}`, async (box) => {
    const shared = await buildShared(box);
    const path = 'coord.config.json';
    const before = JSON.parse(readFileSync(join(shared.clone, path), 'utf8'));
    box.commit(shared.clone, path, JSON.stringify({ ...before, ...more }, null, 2), 'let prod be deployed to');
    box.git(shared.clone, 'push', '--quiet', 'origin', 'main');
    return shared;
  });
  const { clone } = made;
  const fleet = fleetIn(box, made);
  return {
    ...fleet,
    deploy: (agent, options, command, cwd = clone) =>
      fleet.as(agent, ['deploy', 'prod', ...options, '--json', '--', ...command], { cwd }),
    land: (file, text = `${file}\n`, cwd = clone) => {
      const commit = box.commit(cwd, file, text, `change ${file}`);
      box.git(cwd, 'push', '--quiet', 'origin', 'HEAD:main');
      return commit;
    },
  };
}

/** The history of the state ref, newest first. */
export function historyOf({ box, clone }: Fleet): string {
  return box.git(clone, 'log', '--format=%H %s', 'coord/state');
}

/**
 * Makes the remote run a shell script, once, as soon as it has accepted a write of the state ref whose subject
 * contains this.
 */
export function onCoordinationPush(box: Sandbox, remote: string, subject: string, script: string): void {
  const hook = [
    '#!/bin/sh',
    'while read -r old new ref; do',
    `  [ "$ref" = refs/coord/state ] || continue`,
    `  case "$(git show -s --format=%s "$new")" in *'${subject}'*) ;; *) continue ;; esac`,
    '  [ -e once ] && continue',
    '  touch once',
    `  ${script}`,
    'done',
    '',
  ].join('\n');
  chmodSync(box.write(remote, 'hooks/post-receive', hook), 0o755);
}

/** Runs coord as maya, killed (-9) as soon as the remote has accepted the write whose subject contains this. */
export async function killedOn({ box, remote, clone }: DeployFleet, subject: string, args: readonly string[]) {
  const pid = box.path('pid');
  onCoordinationPush(box, remote, subject, `kill -9 "$(cat '${pid}')"`);
  const words = ['-c', 'echo $$ > "$PID"; exec "$@"', 'sh', process.execPath, box.program, ...args];
  const { signal } = spawnSync('sh', words, {
    cwd: clone,
    env: { ...box.env, COORD_AGENT: 'maya', PID: pid },
    stdio: 'ignore',
  });
  if (signal !== 'SIGKILL') throw new Error(`coord ${args.join(' ')} was not killed: ${signal}`);
}

/** Starts coord as maya, and leaves it running. */
export function startCoord({ box, clone }: DeployFleet, args: readonly string[]) {
  const env = { ...box.env, COORD_AGENT: 'maya' };
  const child = spawn(process.execPath, [box.program, ...args], { cwd: clone, env, stdio: 'ignore' });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const ended = new Promise<number>((resolve) => child.on('close', (code) => resolve(code ?? 128)));
  return { child, ended };
}
