import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { type Fleet, sharedFleet } from './fleet.js';

export interface LandingFleet extends Fleet {
  readonly remote: string;
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
  const fleet = await sharedFleet();
  const { box, remote } = fleet;
  const other = box.clone(remote);
  return {
    ...fleet,
    other,
    at: (revision) => {
      const { code, stdout } = box.tryGit(remote, 'rev-parse', '--verify', '--quiet', revision);
      return code === 0 ? stdout.trim() : null;
    },
    mainHistory: () => box.git(remote, 'rev-list', '--first-parent', 'main').split('\n'),
    serverHook: (name, ...lines) => hook(fleet, join(remote, 'hooks'), name, lines),
  };
}

/** A hook in a folder of hooks: the lines of a shell script. */
export function hook({ box }: Pick<Fleet, 'box'>, folder: string, name: string, lines: readonly string[]): void {
  chmodSync(box.write(folder, name, ['#!/bin/sh', ...lines, ''].join('\n')), 0o755);
}
