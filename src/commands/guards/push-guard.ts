import type { Config } from '../../config/config.js';
import type { Context } from '../../context.js';
import { CoordError } from '../../errors.js';
import { sameRepository } from '../../git/addresses.js';
import { pathsBetween } from '../../git/changes.js';
import { isAncestor } from '../../git/refs.js';
import { type PushedRef, pushedRefs, refOfPreCommit } from '../../guards/pushed-refs.js';
import { pushForbidden, pushStale } from '../../render/guard.js';
import { type ProtectedConfig, protectedConfig } from '../main-branch/protected-config.js';
import { type Judgement, judgeChange } from './judge.js';

/** A push of so many refs is refused unread. */
const MOST_INPUT_BYTES = 64 * 1024 * 1024;
/** The main branch, where nobody has said what it is called. */
const CUSTOMARY = ['main', 'master'];

/** A judgement, or what is wrong with the push whoever makes it. */
export type PushJudgement = Judgement | { readonly kind: 'forbidden'; readonly error: CoordError };

/**
 * Judges a push by what git tells its pre-push hook.
 * @param destination name and address of the remote, as git gives them
 */
export async function judgePush(context: Context, destination: readonly string[]): Promise<PushJudgement> {
  const input = await context.host.readInput(MOST_INPUT_BYTES);
  if (input === null) return { kind: 'undecided', error: tooMany(), paths: [] };
  const told = pushedRefs(input.toString('utf8'));
  const refs = told.length > 0 ? told : refOfPreCommit(context.host.env);
  const read = await protectedConfig(context).catch(asError);
  if (read instanceof CoordError) return { kind: 'undecided', error: read, paths: [] };
  const { config } = read;
  const mains = mainBranches(read).map((branch) => `refs/heads/${branch}`);
  const guarded = refs.filter(({ ref }) => ref === `refs/heads/${config.branch}` || mains.includes(ref));
  if (guarded.length === 0 || !(await isOurRemote(context, config, destination))) return { kind: 'allowed' };
  for (const pushed of guarded) {
    const judgement = mains.includes(pushed.ref)
      ? await judgeMain(context, config, pushed)
      : await judgeCoordination(context, config, pushed);
    if (judgement.kind !== 'allowed') return judgement;
  }
  return { kind: 'allowed' };
}

async function judgeMain(context: Context, { remote }: Config, pushed: PushedRef): Promise<PushJudgement> {
  const branch = shortName(pushed.ref);
  if (pushed.local === null) return forbidden(pushForbidden('deletes-main', branch));
  // Where there is no such branch yet, nothing can be undone.
  if (pushed.remote === null) return judgeChange(context, { paths: [], kind: 'landing' });
  if ((await isAncestor(context.git, pushed.remote, pushed.local)) !== true) {
    return forbidden(pushStale(remote, branch, pushed.remote));
  }
  const paths = await pathsBetween(context.git, pushed.remote, pushed.local);
  return judgeChange(context, { paths, kind: 'landing' });
}

/** Coord's own pushes of it run no hook. */
async function judgeCoordination({ git }: Context, { branch }: Config, pushed: PushedRef): Promise<PushJudgement> {
  if (pushed.local === null) return forbidden(pushForbidden('deletes-coord', branch));
  if (pushed.remote === null || (await isAncestor(git, pushed.remote, pushed.local)) === true)
    return { kind: 'allowed' };
  return forbidden(pushForbidden('rewrites-coord', branch));
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

function shortName(ref: string): string {
  return ref.slice('refs/heads/'.length);
}

function forbidden(error: CoordError): PushJudgement {
  return { kind: 'forbidden', error };
}

function tooMany(): CoordError {
  return new CoordError('usage', 'the push has more refs than can be looked at', { hint: 'push fewer at once' });
}

function asError(error: unknown): CoordError {
  if (error instanceof CoordError) return error;
  throw error;
}
