import { setTimeout } from 'node:timers/promises';
import { prepared } from './prepared.js';
import type { CoordResult, RunOptions, Sandbox } from './sandbox.js';

/** Less than vitest's own limit, so that what never came is named; far more than a busy machine needs. */
const PATIENCE_MS = 240_000;

export interface Fleet {
  readonly box: Sandbox;
  /** The first worktree, set up and committed. */
  readonly clone: string;
  /** Runs coord as one agent, in the first worktree unless another is named. */
  as(agent: string, args: readonly string[], options?: RunOptions & { readonly cwd?: string }): Promise<CoordResult>;
}

/** Builds the repository of {@link localFleet}. */
export async function buildLocal(box: Sandbox): Promise<{ clone: string }> {
  const clone = box.repository();
  box.commit(clone, 'src/api/users.ts', 'users\n');
  box.commit(clone, 'src/web/page.ts', 'page\n');
  await setUp(box, clone);
  return { clone };
}

/** A repository without a remote, set up with `coord init`, with some files on the surface. */
export async function localFleet(): Promise<Fleet> {
  const { box, made } = await prepared('local-fleet', buildLocal);
  return fleetIn(box, made);
}

/** {@link localFleet} whose agents claim by hand: the edit guard claims nothing for them. */
export async function manualFleet(): Promise<Fleet> {
  const fleet = await localFleet();
  configure(fleet, { autoClaim: false });
  return fleet;
}

/** Commits other settings of a project. */
export function configure({ box, clone }: Pick<Fleet, 'box' | 'clone'>, change: object): void {
  const config = JSON.parse(box.git(clone, 'show', 'HEAD:coord.config.json'));
  box.commit(clone, 'coord.config.json', JSON.stringify({ ...config, ...change }));
}

export interface SharedFleet extends Fleet {
  readonly remote: string;
}

/** Builds the repositories of {@link sharedFleet}. */
export async function buildShared(box: Sandbox): Promise<{ clone: string; remote: string }> {
  const remote = box.bareRemote();
  const clone = box.clone(remote);
  box.commit(clone, 'src/api/users.ts', 'users\n');
  await setUp(box, clone);
  box.git(clone, 'push', '--quiet', 'origin', 'main');
  return { clone, remote };
}

/** A clone of a bare remote, set up and pushed. */
export async function sharedFleet(): Promise<SharedFleet> {
  const { box, made } = await prepared('shared-fleet', buildShared);
  return fleetIn(box, made);
}

async function setUp(box: Sandbox, clone: string): Promise<void> {
  const init = await box.coord(clone, ['init']);
  if (init.code !== 0) throw new Error(`coord init: exit ${init.code}\n${init.stderr}`);
  box.git(clone, 'add', '.');
  box.git(clone, 'commit', '--quiet', '--message', 'set coord up');
}

/** The fleet over a repository that is set up. */
export function fleetIn<T extends { readonly clone: string }>(box: Sandbox, made: T): T & Fleet {
  return {
    ...made,
    box,
    as: (agent, args, { cwd = made.clone, ...options } = {}) =>
      box.coord(cwd, args, { ...options, env: { COORD_AGENT: agent, ...options.env } }),
  };
}

/** Resolves when the check holds; looks at it again and again, and fails the test when it never does. */
export async function until(check: () => Promise<boolean>, what: string): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  while (Date.now() < end) {
    if (await check()) return;
    // What is waited for needs the processor as well.
    await setTimeout(10);
  }
  throw new Error(`never came: ${what}`);
}
