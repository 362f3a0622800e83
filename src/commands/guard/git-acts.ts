import type { Config } from '../../config/config.js';
import type { Verdict } from '../../domain/guard/judge.js';
import { CoordError } from '../../errors.js';
import { sameRepository } from '../../git/addresses.js';
import { pathsBetween } from '../../git/changes.js';
import { isAncestor } from '../../git/refs.js';
import { pathsOfCommit, readStaged, replayedCommit, type Staged } from '../../git/staged.js';
import { type PushedRef, pushedRefs, refOfPreCommit } from '../../guards/pushed-refs.js';
import type { Context } from '../../workspace/context.js';
import { type ProtectedConfig, protectedConfig } from '../../workspace/main-branch.js';
import { ALLOWED, asError, banned, groundOfPaths, judge, unreadable } from './judge.js';

/** A push of so many refs is refused unread. */
const MOST_INPUT_BYTES = 64 * 1024 * 1024;
/** The main branch, where nobody has said what it is called. */
const CUSTOMARY = ['main', 'master'];

/** Judges the commit that git is about to make. */
export function judgeCommit(context: Context): Promise<Verdict> {
  const { repository, git, host } = context;
  const staged = readStaged(repository, git, host.env, host.cwd);
  return judge(context, {
    ground: staged.then(({ paths }) => groundOfPaths(paths)),
    kind: 'change',
    excused: async (read) => excusedPaths(context, await staged, read),
  });
}

/**
 * Paths that need no claim although the commit changes them: those that become what the main branch has already (a
 * squashed merge, a commit picked from it), and those of a commit that a rebase makes anew. That one was judged when it
 * was made, and is judged again before it reaches the main branch; to stop it half-way would only leave a rebase undone.
 */
export async function excusedPaths(
  context: Context,
  staged: Staged,
  { from }: ProtectedConfig,
): Promise<ReadonlySet<string>> {
  const replayed = replayedCommit(context.repository);
  const own = replayed === null ? [] : await pathsOfCommit(context.git, replayed);
  const main = from === null ? null : new Set(await staged.differing(from.commit));
  return new Set([...own, ...staged.paths.filter((path) => main !== null && !main.has(path))]);
}

/**
 * Judges a push by what git tells its pre-push hook on standard input.
 * @param destination name and address of the remote, as git gives them
 */
export async function judgePushHook(context: Context, destination: readonly string[]): Promise<Verdict> {
  const input = await context.host.readInput(MOST_INPUT_BYTES);
  if (input === null) {
    return unreadable(
      new CoordError('usage', 'the push has more refs than can be looked at', { hint: 'push fewer at once' }),
    );
  }
  const told = pushedRefs(input.toString('utf8'));
  return judgePush(context, destination, told.length > 0 ? told : refOfPreCommit(context.host.env));
}

/**
 * Judges a push: of what goes to the main branch and the state ref of the remote that coordinates; anything else is
 * allowed.
 * @param destination name and address of the remote
 */
export async function judgePush(
  context: Context,
  destination: readonly string[],
  refs: readonly PushedRef[],
): Promise<Verdict> {
  const read = await protectedConfig(context).catch(asError);
  if (read instanceof CoordError) return unreadable(read);
  const { config } = read;
  const mains = mainBranches(read).map((branch) => `refs/heads/${branch}`);
  const guarded = refs.filter(({ ref }) => ref === config.ref || mains.includes(ref));
  if (guarded.length === 0 || !(await isOurRemote(context, config, destination))) return ALLOWED;
  for (const pushed of guarded) {
    const verdict = mains.includes(pushed.ref)
      ? await judgeMain(context, config, pushed)
      : await judgeStateRef(context, config, pushed);
    if (verdict.kind !== 'allowed') return verdict;
  }
  return ALLOWED;
}

async function judgeMain(context: Context, { remote }: Config, pushed: PushedRef): Promise<Verdict> {
  const branch = pushed.ref.slice('refs/heads/'.length);
  if (pushed.local === null) return banned({ reason: 'deletes-main', branch });
  // Where there is no such branch yet, nothing can be undone.
  if (pushed.remote === null) return judge(context, { ground: [], kind: 'landing' });
  if ((await isAncestor(context.git, pushed.remote, pushed.local)) !== true) {
    return banned({ reason: 'stale', remote, branch, tip: pushed.remote });
  }
  const paths = pathsBetween(context.git, pushed.remote, pushed.local);
  return judge(context, { ground: paths.then(groundOfPaths), kind: 'landing' });
}

/** Coord's own pushes of it run no hook. */
async function judgeStateRef(
  { git }: Context,
  { ref: branch }: Config,
  { local, remote }: PushedRef,
): Promise<Verdict> {
  if (local === null) return banned({ reason: 'deletes-state', branch });
  if (remote === null || (await isAncestor(git, remote, local)) === true) return ALLOWED;
  return banned({ reason: 'rewrites-state', branch });
}

function mainBranches({ config, from }: ProtectedConfig): readonly string[] {
  if (config.mainBranch !== null) return [config.mainBranch];
  if (from === null) return CUSTOMARY;
  const prefix = `${config.remote}/`;
  return [from.fetched && from.name.startsWith(prefix) ? from.name.slice(prefix.length) : from.name];
}

/** Whether the push goes where the claims are arbitrated; the main branch of a fork is another matter. */
async function isOurRemote(
  { git, repository }: Context,
  { remote }: Config,
  [name, address]: readonly string[],
): Promise<boolean> {
  if (name === undefined || name === remote) return true;
  for (const kind of [['--push'], []]) {
    const { code, stdout } = await git(['remote', 'get-url', ...kind, '--all', remote]);
    const ours = code === 0 ? stdout.toString('utf8').split('\n') : [];
    if (ours.some((one) => sameRepository(one, address ?? name, repository.root))) return true;
  }
  return false;
}
