import { type CoordResult, type RunOptions, type Sandbox, sandbox } from './sandbox.js';

export interface Fleet {
  readonly box: Sandbox;
  /** The first worktree, set up and committed. */
  readonly clone: string;
  /** Runs coord as one agent, in the first worktree unless another is named. */
  as(agent: string, args: readonly string[], options?: RunOptions & { readonly cwd?: string }): Promise<CoordResult>;
}

/** A repository without a remote, set up with `coord init`, with some files on the surface. */
export async function localFleet(): Promise<Fleet> {
  const box = sandbox();
  const clone = box.repository();
  box.commit(clone, 'src/api/users.ts', 'users\n');
  box.commit(clone, 'src/web/page.ts', 'page\n');
  return setUp(box, clone);
}

/** A clone of a bare remote, set up and pushed. */
export async function sharedFleet(): Promise<Fleet & { readonly remote: string }> {
  const box = sandbox();
  const remote = box.bareRemote();
  const clone = box.clone(remote);
  box.commit(clone, 'src/api/users.ts', 'users\n');
  const fleet = await setUp(box, clone);
  box.git(clone, 'push', '--quiet', 'origin', 'main');
  return { ...fleet, remote };
}

async function setUp(box: Sandbox, clone: string): Promise<Fleet> {
  const init = await box.coord(clone, ['init']);
  if (init.code !== 0) throw new Error(`coord init: exit ${init.code}\n${init.stderr}`);
  box.git(clone, 'add', '.');
  box.git(clone, 'commit', '--quiet', '--message', 'set coord up');
  return {
    box,
    clone,
    as: (agent, args, { cwd = clone, ...options } = {}) =>
      box.coord(cwd, args, { ...options, env: { COORD_AGENT: agent, ...options.env } }),
  };
}

/** Resolves when the check holds; looks at it again and again, and fails the test when it never does. */
export async function until(check: () => Promise<boolean>, what: string): Promise<void> {
  const end = Date.now() + 30_000;
  while (Date.now() < end) {
    if (await check()) return;
  }
  throw new Error(`never came: ${what}`);
}
