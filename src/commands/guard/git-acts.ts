import type { Config } from '../../config/config.js';
import type { Verdict } from '../../domain/guard/judge.js';
import { CoordError } from '../../errors.js';
import { pathsBetween } from '../../git/changes.js';
import { isAncestor, readHead, resolveCommit } from '../../git/refs.js';
import { addressesOf, sameRepository } from '../../git/remotes.js';
import { gitText } from '../../git/run.js';
import { pathsOfCommit, readStaged, replayedCommit, type Staged } from '../../git/staged.js';
import {
  type PushCommand,
  type PushedRef,
  type PushSettings,
  type PushTarget,
  pushedRefs,
  refOfPreCommit,
  remoteOfPush,
  targetsOfPush,
} from '../../guards/pushed-refs.js';
import type { ProtectedConfig } from '../../workspace/authority.js';
import type { Context } from '../../workspace/context.js';
import { protectedConfig } from '../../workspace/main-branch.js';
import { asCoordError } from '../perform.js';
import { ALLOWED, banned, groundOfPaths, judge, unreadable } from './judge.js';

/** A push of so many refs is refused unread. */
const MOST_INPUT_BYTES = 64 * 1024 * 1024;
/** The main branch, where nobody has said what it is called. */
const CUSTOMARY = ['main', 'master'];

/** Judges the commit that git is about to make, once the remote was asked for what this clone claimed by itself. */
export async function judgeCommit(context: Context): Promise<Verdict> {
  // A commit without the remote is not blocked: its push demands the confirmation.
  await context.stores.deliver().catch(() => undefined);
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
 * squashed merge, a commit picked from it), and those of a commit that a rebase makes again. That one was judged when it
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
async function judgePush(
  context: Context,
  destination: readonly string[],
  refs: readonly PushedRef[],
): Promise<Verdict> {
  const read = await protectedConfig(context).catch(asCoordError);
  if (read instanceof CoordError) return unreadable(read);
  const { config } = read;
  const { mains, all } = await guardedRefs(context, read, destination);
  for (const pushed of refs.filter(({ ref }) => all.includes(ref))) {
    const verdict = mains.includes(pushed.ref)
      ? await judgeMain(context, config, pushed)
      : await judgeStateRef(context, config, pushed);
    if (verdict.kind !== 'allowed') return verdict;
  }
  return ALLOWED;
}

/**
 * Judges a push before it runs, by what was typed: for shells that run no hooks of git. What is pushed is read as it is
 * now; what the remote has, from the remote itself.
 */
export async function judgePushCommand(context: Context, command: PushCommand): Promise<Verdict> {
  const read = await protectedConfig(context).catch(asCoordError);
  if (read instanceof CoordError) return unreadable(read);
  const settings = await pushSettings(context);
  const remote = remoteOfPush(command, settings);
  const destination = [remote, ...(await addressesOf(context.git, remote, 'push')).slice(0, 1)];
  const guarded = await guardedRefs(context, read, destination);
  const targets = targetsOfPush(command, settings).filter(({ ref }) => guarded.all.includes(ref));
  const gone = command.what === 'mirror' ? guarded.all.filter((ref) => targets.every((one) => one.ref !== ref)) : [];
  const moved: PushTarget[] = [...targets, ...gone.map((ref) => ({ source: null, ref }))];
  if (moved.length === 0) return ALLOWED;
  const { config } = read;
  const there = await refsThere(context, guarded.mains.length > 0 ? config.mainRemote : config.remote, moved);
  const pushed: PushedRef[] = [];
  for (const { source, ref } of moved) {
    const local = source === null ? null : await resolveCommit(context.git, source);
    // What is not there git refuses by itself; what stands there already moves nothing.
    const isMove = source === null ? there.has(ref) : local !== null && local !== there.get(ref);
    if (isMove) pushed.push({ local, ref, remote: there.get(ref) ?? null });
  }
  return judgePush(context, destination, pushed);
}

async function pushSettings({ git, repository }: Context): Promise<PushSettings> {
  const { ref } = await readHead(repository, git);
  const refs = await gitText(git, ['for-each-ref', '--format=%(refname)', 'refs/heads', 'refs/coord']);
  const { stdout } = await git(['config', '-z', '--get-regexp', '^(push|remote|branch)\\.']);
  const config = new Map<string, string[]>();
  for (const entry of stdout.toString('utf8').split('\0').slice(0, -1)) {
    const end = entry.indexOf('\n');
    const key = end < 0 ? entry : entry.slice(0, end);
    config.set(key, [...(config.get(key) ?? []), end < 0 ? '' : entry.slice(end + 1)]);
  }
  return {
    branch: ref?.startsWith('refs/heads/') ? ref.slice('refs/heads/'.length) : null,
    refs: refs.split('\n'),
    config,
  };
}

/** What the remote has now; where it cannot be asked, what was fetched of it last. */
async function refsThere(context: Context, remote: string, moved: readonly PushTarget[]): Promise<Map<string, string>> {
  const refs = [...new Set(moved.map(({ ref }) => ref))];
  const asked = await context.remoteGit.lsRemote(remote, refs).catch(() => null);
  if (asked?.code === 0) {
    const lines = asked.stdout.split('\n').map((line) => line.split('\t'));
    return new Map(lines.flatMap(([id = '', ref]) => (ref === undefined || !refs.includes(ref) ? [] : [[ref, id]])));
  }
  const known = new Map<string, string>();
  for (const ref of refs) {
    const tip = await resolveCommit(context.git, `refs/remotes/${remote}/${ref.slice('refs/heads/'.length)}`);
    if (tip !== null) known.set(ref, tip);
  }
  return known;
}

async function judgeMain(context: Context, { mainRemote: remote }: Config, pushed: PushedRef): Promise<Verdict> {
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

/** The refs that a push to this remote may not move as it likes: the main branch of the one, the state of the other. */
async function guardedRefs(
  context: Context,
  read: ProtectedConfig,
  destination: readonly string[],
): Promise<{ readonly mains: readonly string[]; readonly all: readonly string[] }> {
  const { remote, mainRemote, ref } = read.config;
  const goesToMain = await leadsTo(context, mainRemote, destination);
  const goesToState = remote === mainRemote ? goesToMain : await leadsTo(context, remote, destination);
  const mains = goesToMain ? mainBranches(read).map((branch) => `refs/heads/${branch}`) : [];
  return { mains, all: [...mains, ...(goesToState ? [ref] : [])] };
}

function mainBranches({ config, from }: ProtectedConfig): readonly string[] {
  if (config.mainBranch !== null) return [config.mainBranch];
  if (from === null) return CUSTOMARY;
  const prefix = `${config.mainRemote}/`;
  return [from.fetched && from.name.startsWith(prefix) ? from.name.slice(prefix.length) : from.name];
}

/** Whether the push goes to this remote, by whatever name or address; the main branch of a fork is another matter. */
async function leadsTo(
  { git, repository }: Context,
  remote: string,
  [name, address]: readonly string[],
): Promise<boolean> {
  if (name === undefined || name === remote) return true;
  const ours = [...(await addressesOf(git, remote, 'push')), ...(await addressesOf(git, remote, 'fetch'))];
  return ours.some((one) => sameRepository(one, address ?? name, repository.root));
}
