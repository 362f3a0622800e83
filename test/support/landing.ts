import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { buildShared, type Fleet, fleetIn, type SharedFleet } from './fleet.js';
import { type InProcess, inProcess } from './in-process.js';
import { prepared } from './prepared.js';
import type { CoordResult } from './sandbox.js';

export interface LandingFleet extends SharedFleet {
  /** A second clone, on another machine as it were. */
  readonly other: string;
  /** A commit of the remote, by revision; null when it has none. */
  at(revision: string): string | null;
  /** Commits of the remote's main branch, newest first. */
  mainHistory(): string[];
  /** A hook of the remote: the lines of a shell script. */
  serverHook(name: string, ...lines: string[]): void;
}

/** Two clones of one bare remote, set up with coord, whose surface is `src`. */
export async function landingFleet(): Promise<LandingFleet> {
  const { box, made } = await prepared('landing-fleet', async (box) => {
    const shared = await buildShared(box);
    return { ...shared, other: box.clone(shared.remote) };
  });
  const fleet = fleetIn(box, made);
  const { remote } = made;
  return {
    ...fleet,
    at: (revision) => {
      const { code, stdout } = box.tryGit(remote, 'rev-parse', '--verify', '--quiet', revision);
      return code === 0 ? stdout.trim() : null;
    },
    mainHistory: () => box.git(remote, 'rev-list', '--first-parent', 'main').split('\n'),
    serverHook: (name, ...lines) => hook(fleet, join(remote, 'hooks'), name, lines),
  };
}

/** Runs coord as one agent in its clone, with `--json`; it must answer with this exit code. */
export type Acts = (exit: number, verb: string, ...args: string[]) => Promise<CoordResult>;

export interface LandingPair {
  readonly fleet: LandingFleet;
  /** At the real time: hooks run the built program, which has the real clock. */
  readonly coord: InProcess;
  /** In the first clone. */
  readonly maya: Acts;
  /** In the second clone. */
  readonly noor: Acts;
  /** All claims, as `maya src/api/**`. */
  held(): Promise<string[]>;
  /** Commits a file, `src/api/users.ts` in the first clone unless said otherwise; returns the commit. */
  work(text?: string, file?: string, cwd?: string): string;
}

/** A landing fleet in which maya and noor run coord inside the test process. */
export async function landingPair(): Promise<LandingPair> {
  const fleet = await landingFleet();
  const coord = inProcess(fleet.box);
  coord.clock.ms = Date.now();
  const acts =
    (agent: string, cwd: string): Acts =>
    async (exit, verb, ...args) => {
      // What stands after `--` is no option.
      const result = await coord.run(agent, cwd, [verb, '--json', ...args]);
      expect(result.stdout, result.stderr).toContain('"schema"');
      expect(result.code, result.stdout).toBe(exit);
      return result;
    };
  const noor = acts('noor', fleet.other);
  return {
    fleet,
    coord,
    maya: acts('maya', fleet.clone),
    noor,
    held: async () => {
      const claims = (await noor(0, 'status')).json().data.claims as { agent: string; target: string }[];
      return claims.map(({ agent, target }) => `${agent} ${target}`);
    },
    work: (text = 'more users\n', file = 'src/api/users.ts', cwd = fleet.clone) => fleet.box.commit(cwd, file, text),
  };
}

/** A hook in a folder of hooks: the lines of a shell script. */
export function hook({ box }: Pick<Fleet, 'box'>, folder: string, name: string, lines: readonly string[]): void {
  chmodSync(box.write(folder, name, ['#!/bin/sh', ...lines, ''].join('\n')), 0o755);
}
