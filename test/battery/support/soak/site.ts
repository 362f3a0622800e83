import { chmodSync, existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Sandbox, sandbox } from '../../../support/sandbox.js';

/** A worktree that agents work in, with the clone that it belongs to. */
export interface Place {
  readonly worktree: string;
  readonly clone: string;
}

/** A bare remote, several clones of it, and several worktrees of each. */
export interface Site {
  readonly box: Sandbox;
  readonly remote: string;
  readonly clones: readonly string[];
  readonly places: readonly Place[];
  /** Where those work who have a worktree of their own, by agent. */
  readonly benches: ReadonlyMap<string, Place>;
  /** Where the main branch stands. */
  readonly start: string;
}

/** Who commits and lands, who hands over, and who integrates that. */
export const CREW = { landers: ['lander0', 'lander1', 'lander2'], worker: 'worker3', boss: 'boss4' } as const;

const CONFIG = {
  share: true,
  remote: 'origin',
  ttl: { default: '10m' },
  surface: ['src/**', 'work/**'],
  gates: { tests: { type: 'command', command: ['true'] } },
  deploy: { dummy: { gates: ['tests'], requirePushed: true } },
};
/** What a server does that is told to by a file: it refuses what comes, or keeps it waiting. */
const HOOK = `#!/bin/sh
if [ -e refuse ]; then echo "not now" >&2; exit 1; fi
if [ -e hang ]; then sleep 0.7; fi
`;
/** Git tidies up so early that a soak of minutes sees it do so, again and again. */
const TIDY_AT = '300';

export async function openSite(): Promise<Site> {
  const box = sandbox();
  const remote = box.bareRemote();
  const first = box.clone(remote);
  box.commit(first, 'src/api/users.ts', 'users\n');
  const init = await box.coord(first, ['init']);
  if (init.code !== 0) throw new Error(`coord init: exit ${init.code}\n${init.stderr}`);
  box.commit(first, 'coord.config.json', JSON.stringify(CONFIG), 'set coord up');
  box.git(first, 'add', '.');
  box.git(first, 'commit', '--quiet', '--allow-empty', '--message', 'the rest');
  box.git(first, 'push', '--quiet', 'origin', 'main');
  const clones = [first, box.clone(remote), box.clone(remote)];
  for (const place of [...clones, remote]) box.git(place, 'config', 'gc.auto', TIDY_AT);
  const places = clones.flatMap((clone) => [clone, box.worktree(clone)].map((worktree) => ({ worktree, clone })));
  const benches = [...CREW.landers, CREW.worker, CREW.boss].map((agent, number) => {
    const clone = clones[number % clones.length] as string;
    return [agent, { worktree: box.worktree(clone), clone }] as const;
  });
  chmodSync(box.write(remote, 'hooks/pre-receive', HOOK), 0o755);
  const start = box.git(remote, 'rev-parse', 'main');
  return { box, remote, clones, places, benches: new Map(benches), start };
}

/** The queues that clones of this host share. */
export function queuesIn(box: Sandbox): string[] {
  const own = join(box.directory, 'tmp', `coord-${process.getuid?.()}`);
  return namesIn(own).map((name) => join(own, name));
}

/** What lies about in the clones and on the remote, and must not grow with the commands. */
export interface Leftovers {
  /** Requests of processes that are gone. */
  readonly queued: number;
  /** Refusals on their way into the history. */
  readonly outbox: number;
  /** Everything else below `.git/coord`, and what lies in the folder for temporary files. */
  readonly files: number;
  /** Refs under `refs/coord/`, those of the branch that was fetched left out. */
  readonly refs: number;
  /** Locks of refs, and half-made objects and packs. */
  readonly halfDone: number;
  readonly loose: number;
  readonly packs: number;
}

export function leftoversOf({ box, clones, remote }: Site): Leftovers {
  const coord = clones.map((clone) => join(clone, '.git', 'coord'));
  const queues = [...coord.map((path) => join(path, 'queue')), ...queuesIn(box)];
  const stores = [...clones.map((clone) => join(clone, '.git')), remote];
  const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);
  const below = (paths: readonly string[]) => sum(paths.map((path) => filesBelow(path).length));
  const objects = stores.flatMap((store) => filesBelow(join(store, 'objects')));
  const isTemporary = (file: string) => /(?:^|\/)(?:tmp_|\.tmp-)|\.(?:tmp|lock)$/.test(file);
  return {
    queued: sum(queues.map((path) => namesIn(path).filter((name) => name !== 'about' && name !== 'tip').length)),
    outbox: below(coord.map((path) => join(path, 'outbox'))),
    files:
      below(coord) +
      below([join(box.directory, 'tmp')]) -
      below([...queues, ...coord.map((path) => join(path, 'outbox'))]),
    refs: sum(clones.map((clone) => filesBelow(join(clone, '.git', 'refs', 'coord')).length)),
    halfDone:
      objects.filter(isTemporary).length +
      sum(stores.map((store) => filesBelow(join(store, 'refs')).filter(isTemporary).length)),
    loose: objects.filter((file) => /^[0-9a-f]{2}\//.test(file)).length,
    packs: objects.filter((file) => file.endsWith('.pack')).length,
  };
}

/** Bytes of all repositories. */
export function bytesOf({ clones, remote }: Site): number {
  const stores = [...clones.map((clone) => join(clone, '.git')), remote];
  const sizes = stores.flatMap((store) => filesBelow(store).map((file) => sizeOf(join(store, file))));
  return sizes.reduce((total, size) => total + size, 0);
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function namesIn(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory) : [];
}

/** Relative to the directory. Some of it may be going away at this very moment. */
function filesBelow(directory: string): string[] {
  try {
    return readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1));
  } catch {
    return [];
  }
}

/** Takes away whatever mischief has left behind that a person would have to take away. */
export function clearUp({ box, remote, clones }: Site): void {
  for (const file of ['refuse', 'hang']) rmSync(join(remote, file), { force: true });
  for (const clone of clones) box.git(clone, 'remote', 'set-url', 'origin', remote);
}
