import type { Config } from '../../config/config.js';
import { CONFIG_FILE } from '../../config/load.js';
import { tokenBase } from '../../domain/claims/leases.js';
import { EMPTY_STATE } from '../../domain/model.js';
import { STATE_BRANCH, STATE_REF } from '../../domain/state-ref.js';
import { coord } from '../../domain/suggestion.js';
import { asError, CoordError, usage } from '../../errors.js';
import { gitText } from '../../git/run.js';
import { TokenMark } from '../../store/cache/token-mark.js';
import type { GitStore } from '../../store/swap/git-store.js';
import { unreachable } from '../../store/swap/remote-messages.js';
import type { Context } from '../../workspace/context.js';

/** Where a state may be that nobody has told this clone of. */
const LIKELY = ['refs/coord/*', STATE_BRANCH, 'refs/heads/*/coord'];

/** Where the state is, and how it got there. */
export interface Placed {
  /** Full name of the state ref. */
  readonly ref: string;
  readonly commit: string | null;
  readonly outcome: 'created' | 'adopted' | 'existing' | 'moved';
  /** The ref that the state was on before. */
  readonly movedFrom: string | null;
  /** The ref that the server refused, and its words. */
  readonly refused: { readonly ref: string; readonly reason: string } | null;
}

/** Which ref was asked for (`--ref`), and whether the configuration names the one that it has. */
export interface Wish {
  readonly asked: string | null;
  readonly named: boolean;
}

/**
 * Sees to it that there is a state, and that it is on the ref that is wanted: the one that is asked for, else the one that
 * the configuration names, else the one that is there, else the usual one. Only where nobody has named one, and the
 * server refuses the usual one, is a branch taken.
 */
export async function placeState(context: Context, config: Config, { asked, named }: Wish): Promise<Placed> {
  const found = await findState(context, config, named);
  const wanted = asked ?? (named ? config.ref : null);
  if (found === null) return begin(context, { ...config, ref: wanted ?? STATE_REF }, wanted === null);
  const { store, isNew } = found;
  const from = store.ref;
  if (await store.isRetired()) return { ...(await beginAgain(context, config, store)), movedFrom: null, refused: null };
  // Begun on a branch when there was nothing else.
  const to = wanted ?? ((await store.setup())?.ref === undefined ? STATE_REF : from);
  const outcome = isNew ? ('adopted' as const) : ('existing' as const);
  const kept = { ref: from, commit: await store.tip(), outcome, movedFrom: null, refused: null };
  if (to === from) return kept;
  if (asked === null && named) throw otherRef(config.ref, from);
  const entry = entryOf(context, `move the state from ${from} to ${to}`);
  try {
    await store.life.moveTo(to, entry);
  } catch (error) {
    if (asked !== null || refusalOf(error) === null) throw error;
    return { ...kept, refused: { ref: to, reason: refusalOf(error) ?? '' } };
  }
  return { ref: to, commit: await store.tip(), outcome: 'moved', movedFrom: from, refused: null };
}

/** After a state that was ended. */
async function beginAgain(context: Context, { share, remote, mainBranch }: Config, store: GitStore) {
  const setup = { ref: store.ref, remote: share ? remote : null, mainBranch };
  await store.life.recordSetup(setup, entryOf(context, 'begin coordination again'));
  return { ref: store.ref, commit: await store.tip(), outcome: 'created' as const };
}

interface Found {
  readonly store: GitStore;
  /** Whether this clone had not heard of it. */
  readonly isNew: boolean;
}

/** The state that is there, on the remote that arbitrates or else in this clone; null: there is none. */
async function findState(context: Context, config: Config, named: boolean): Promise<Found | null> {
  const there = await refsThere(context, config, named ? [config.ref, ...LIKELY] : LIKELY);
  const order = [...(named ? [config.ref] : []), STATE_REF, ...there];
  for (const ref of new Set(order.filter((one) => there.includes(one)))) {
    const store = await context.stores.open({ ...config, ref });
    store.revives = true;
    const isNew = (await store.tip().catch(asError)) === null;
    const readable = await store.latest().catch(asError);
    if (!(readable instanceof CoordError)) return { store, isNew };
    if (readable.details.missing !== true) throw readable;
    if (named && ref === config.ref) throw (await store.seenBefore()) ? readable : notOurs(ref);
  }
  return null;
}

/** The refs of these patterns, but for archives. */
async function refsThere(context: Context, { share, remote }: Config, patterns: readonly string[]): Promise<string[]> {
  const listed = share ? await remoteRefs(context, remote, patterns) : await localRefs(context, patterns);
  return listed.filter((ref) => !ref.startsWith('refs/coord/archive/'));
}

async function localRefs({ git }: Context, patterns: readonly string[]): Promise<string[]> {
  return (await gitText(git, ['for-each-ref', '--format=%(refname)', ...patterns]))
    .split('\n')
    .filter((ref) => ref !== '');
}

async function remoteRefs({ remoteGit }: Context, remote: string, patterns: readonly string[]): Promise<string[]> {
  const listed = await remoteGit.lsRemote(remote, patterns);
  if (listed.code !== 0) throw unreachable(remote, listed);
  // It matches the end of each name.
  return [...listed.stdout.matchAll(/^[0-9a-f]+\t(refs\/(?:coord|heads)\/.+)$/gm)].map(([, ref = '']) => ref);
}

/** @param mayFallBack whether a branch is taken where the server refuses the ref */
async function begin(context: Context, config: Config, mayFallBack: boolean): Promise<Placed> {
  try {
    const opened = await open(context, config);
    if (opened.outcome === 'created' && config.share) await mustBeShown(context, config, opened.commit);
    return { ref: config.ref, ...opened, movedFrom: null, refused: null };
  } catch (error) {
    const reason = refusalOf(error);
    if (!mayFallBack || reason === null) throw error;
    const instead = await begin(context, { ...config, ref: STATE_BRANCH }, false);
    return { ...instead, refused: { ref: config.ref, reason } };
  }
}

async function open(context: Context, config: Config): Promise<Pick<Placed, 'outcome' | 'commit'>> {
  const store = await context.stores.open(config);
  const lastToken = Math.max(tokenBase(context.now()), new TokenMark(context.localDirectory).read());
  const setup = { ref: config.ref, remote: config.share ? config.remote : null, mainBranch: config.mainBranch };
  try {
    const outcome = await store.life.create(
      { ...EMPTY_STATE, lastToken },
      entryOf(context, 'begin coordination'),
      setup,
    );
    if (outcome === 'existing') await store.read();
    return { outcome, commit: await store.tip() };
  } catch (error) {
    const ours = !(error instanceof CoordError) || error.details.missing !== true || (await store.seenBefore());
    throw ours ? error : notOurs(config.ref);
  }
}

/** What one commit of `init` records. */
export function entryOf(context: Context, summary: string) {
  const agent = context.identityIfKnown()?.agent ?? 'coord';
  return { operation: context.newId(), agent, at: context.now(), summary, events: [] };
}

/** A ref that the server takes and then hides is none that others could follow: it is taken away again. */
async function mustBeShown(context: Context, { ref, remote }: Config, commit: string | null): Promise<void> {
  const listed = await context.remoteGit.lsRemote(remote, [ref]);
  if (listed.code !== 0 || listed.stdout.includes(`\t${ref}\n`)) return;
  await context.remoteGit.push(remote, [`:${ref}`], [`--force-with-lease=${ref}:${commit}`, '--no-verify']);
  for (const one of await localRefs(context, [ref, `refs/coord-local/remote/${remote}/${ref.slice('refs/'.length)}`])) {
    await context.git(['update-ref', '-d', one]);
  }
  throw new CoordError('closed', `the remote ${remote} accepts ${ref}, but does not advertise it`, {
    hint: `do not bypass it: ask whoever administers the remote to show that ref, or name another: ${coord('init --ref refs/coord/claims')}`,
    details: { reason: 'hidden', ref, refusedBy: 'server' },
  });
}

/** Why the server refused this very ref; null: that is not what went wrong. */
function refusalOf(error: unknown): string | null {
  return error instanceof CoordError && error.details.refusedBy === 'server' ? error.message : null;
}

function otherRef(named: string, found: string): CoordError {
  return usage(
    `${CONFIG_FILE} names the state ref ${named}, but the state is on ${found}`,
    `${coord(`init --ref ${named}`)} moves it; or name ${found} in ${CONFIG_FILE}`,
    { named, found },
  );
}

function notOurs(ref: string): CoordError {
  return usage(
    `${ref} holds something other than coord's state`,
    `name another ref: ${coord('init --ref refs/coord/claims')}`,
  );
}
