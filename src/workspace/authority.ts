import { join } from 'node:path';
import type { Config } from '../config/config.js';
import { CONFIG_FILE, defaultConfig, loadConfigIfThere, parseConfig } from '../config/load.js';
import { STATE_REF } from '../domain/state-ref.js';
import { coord } from '../domain/suggestion.js';
import { oneLine } from '../domain/text.js';
import { CoordError, usage } from '../errors.js';
import { cloneSettings, isRemoteOf, settingOf } from '../git/clone-config.js';
import { rootFileText } from '../git/files.js';
import { readCached, writeCached } from '../git/local-cache.js';
import { type MainBranch, mainBranchAsFetched } from '../git/main-branch.js';
import { type ObjectDatabase, openObjects } from '../git/objects.js';
import { type RemoteGit, trueGit } from '../git/porcelain.js';
import { readRef } from '../git/refs.js';
import { mustBeRemote } from '../git/remotes.js';
import type { Repository } from '../git/repository.js';
import type { Git } from '../git/run.js';
import { movedTo, type People, parseCommit } from '../store/format/commits.js';

/** What the answers are read from. */
interface Checkout {
  /** The machine-local part of coord's state. */
  readonly localDirectory: string;
  readonly repository: Repository;
  readonly git: Git;
  readonly objects: ObjectDatabase;
  readonly remoteGit: RemoteGit;
}

/** Who decides, and what judges: the same in every checkout of a clone, whatever an agent does to its copy. */
export interface Authority {
  /** The remote that arbitrates, by its name in this clone. */
  readonly remote: string;
  /** The remote that has the main branch, by its name in this clone: mostly the same. */
  readonly mainRemote: string;
  /** null: this clone has known no state yet. */
  readonly memory: Memory | null;
  /** null: there is no main branch that this clone knows. */
  readonly main: MainConfig | null;
}

interface MainConfig {
  readonly branch: MainBranch;
  /** Its `coord.config.json`, and the branch that has it; null: it has none. */
  readonly config: { readonly text: string; readonly from: MainBranch } | null;
}

/**
 * Reads who decides: the remote is the one that this clone knows by its own git configuration, the main branch the one that
 * this remote names, as last fetched. The working copy is asked only by a clone that knows nothing.
 */
export async function readAuthority(checkout: Checkout): Promise<Authority> {
  const { repository, git } = checkout;
  const memory = readMemory(repository);
  const here = memory === null ? await loadConfigIfThere(repository.root).catch(() => null) : null;
  const own = ownRemotes(repository);
  for (const name of Object.values(own)) if (name !== null) await mustBeRemote(repository, git, name);
  const named = { remote: 'origin', mainRemote: 'origin', ...(memory?.remote ? remotesIn(memory) : here) };
  const { remote, mainRemote } = renamed(own, named);
  const told = memory?.mainBranch ?? (isRemoteOf(repository, mainRemote) ? null : (here?.mainBranch ?? null));
  return { remote, mainRemote, memory, main: await readMain(checkout, mainRemote, memory, told) };
}

type Remotes = Pick<Config, 'remote' | 'mainRemote'>;

/** The two remotes by the names that this clone has for them; where the configuration has one for both, so has the clone. */
export function renamed(own: OwnRemotes, named: Remotes): Remotes {
  const remote = own.remote ?? named.remote;
  return { remote, mainRemote: own.mainRemote ?? (named.mainRemote === named.remote ? remote : named.mainRemote) };
}

function remotesIn({ remote, mainRemote }: Memory): Partial<Remotes> {
  return remote === null ? {} : { remote, mainRemote: mainRemote ?? remote };
}

/** @param told the main branch where neither the remote nor the branch itself names one */
async function readMain(
  checkout: Checkout,
  remote: string,
  memory: Memory | null,
  told: string | null,
): Promise<MainConfig | null> {
  const { repository, git } = checkout;
  // What a clone that shares has committed, and pushed nowhere, is no main branch.
  const fetchedOnly = memory !== null && memory.remote !== null && isRemoteOf(repository, remote);
  const at = (mainBranch: string | null) =>
    mainBranchAsFetched(repository, git, { remote, mainBranch, told, fetchedOnly });
  const branch = await at(null);
  const text = branch === null ? null : await textAt(checkout, branch.commit);
  const own = branch !== null && text !== null ? { text, from: branch } : null;
  const named = mainBranchIn(text);
  const other = named === null || branch === null || nameOf(branch) === named ? null : await at(named);
  if (other === null) return branch === null ? null : { branch, config: own };
  const there = await textAt(checkout, other.commit);
  return { branch: other, config: there === null ? own : { text: there, from: other } };
}

function nameOf({ name, fetched }: MainBranch): string {
  return fetched ? name.slice(name.indexOf('/') + 1) : name;
}

/** Which branch a configuration names as the main one, whatever else is wrong with it. */
function mainBranchIn(text: string | null): string | null {
  try {
    const { mainBranch } = JSON.parse((text ?? '{}').replace(/^\uFEFF/, '')) as { mainBranch?: unknown };
    return typeof mainBranch === 'string' ? mainBranch : null;
  } catch {
    return null;
  }
}

/** Kept beside the commit that it belongs to: no git process is started until the main branch moves. */
async function textAt(checkout: Checkout, commit: string): Promise<string | null> {
  const { repository } = checkout;
  const path = join(checkout.localDirectory, 'main-config.json');
  const known = readCached(path, (value) => value as Record<string, string | null>) ?? {};
  const kept = known[commit];
  if (kept !== undefined && Object.keys(known).length <= MOST_KEPT) return kept;
  const text = await rootFileText(openObjects(repository, trueGit(checkout)), repository, commit, CONFIG_FILE);
  writeCached(path, { ...Object.fromEntries(Object.entries(known).slice(1 - MOST_KEPT)), [commit]: text });
  return text;
}

/** The default branch, and the one that its configuration names. */
const MOST_KEPT = 2;

/** The configuration of the main branch; null: it has none. @throws CoordError `usage` that says which branch has its faults. */
export async function mainConfigOf({ main }: Authority): Promise<Config | null> {
  if (main?.config == null) return null;
  const { text, from } = main.config;
  return parseConfig(text).catch((error: unknown) => {
    if (!(error instanceof CoordError) || error.code !== 'usage') throw error;
    const name = oneLine(from.name);
    throw usage(`on ${name}: ${error.message}`, `fix ${CONFIG_FILE} on ${name}`, error.details);
  });
}

/**
 * The configuration that is in force: the main branch's, which the working copy can only make stricter; before the main
 * branch has one, what was begun with, and of the working copy the surface.
 * @throws CoordError `usage` that lists every problem of the working copy, or names what the configuration and this clone's
 *   memory disagree on.
 */
export async function configInForce(checkout: Checkout, authority: Authority): Promise<Config> {
  const here = await loadConfigIfThere(checkout.repository.root);
  const main = await mainConfigOf(authority);
  const ruled =
    main === null ? firstAdoption(await defaultConfig(), here) : here === null ? main : stricter(main, here);
  return { ...ruled, ...(await decided(checkout, authority, main ?? here)) };
}

/** The configuration as far as it protects against the agent itself, and where it was read. */
export interface ProtectedConfig {
  readonly config: Config;
  /** The main branch that it was read from; null: none has the file. */
  readonly from: MainBranch | null;
}

/** What of the main branch protects against the agent itself; before it has any, what is in force. */
export async function protectedBy(checkout: Checkout, authority: Authority): Promise<Config> {
  const main = await mainConfigOf(authority);
  if (main === null) return configInForce(checkout, authority);
  return { ...main, ...(await decided(checkout, authority, main)) };
}

type Decided = Pick<Config, 'ref' | 'share' | 'mainBranch'> & Remotes;

/**
 * Who arbitrates.
 * @param named the configuration that says so; null: there is none, and this clone goes by its memory
 * @throws CoordError `usage` where that is not what this clone remembers
 */
async function decided(checkout: Checkout, authority: Authority, named: Config | null): Promise<Decided> {
  const { memory } = authority;
  const own = ownRemotes(checkout.repository);
  const says: Decided = {
    ...renamed(own, named ?? authority),
    ref: named?.ref ?? STATE_REF,
    share: named?.share ?? false,
    mainBranch: named?.mainBranch ?? null,
  };
  if (memory === null) return says;
  const mainBranch = says.mainBranch ?? memory.mainBranch;
  // A clone that shared with none may begin to.
  if (memory.remote === null)
    return named === null ? { ...says, ref: memory.ref, mainBranch } : { ...says, mainBranch };
  const remembered = { remote: memory.remote, mainRemote: memory.mainRemote ?? memory.remote };
  const known: Decided = { ...renamed(own, remembered), ref: memory.ref, share: true, mainBranch };
  if (named === null) return known;
  const sameRemotes = says.remote === known.remote && says.mainRemote === known.mainRemote;
  if (!says.share || !sameRemotes) throw disagree(authority, says, known);
  if (says.ref === known.ref || (await hasMoved(checkout, says.ref, known.ref))) return known;
  if (await hasMovedThere(checkout, known)(says.ref)) return says;
  throw disagree(authority, says, known);
}

/** Whether the state has moved from one ref to another, as far as this clone has seen it. */
async function hasMoved({ repository, git, objects }: Checkout, from: string, to: string): Promise<boolean> {
  const tip = await readRef(repository, git, from);
  const body = tip === null ? undefined : (await objects.read([tip])).get(tip)?.body;
  return body !== undefined && movedTo(parseCommit(body).message) === to;
}

/** The same, after asking the remote. */
function hasMovedThere(checkout: Checkout, { remote, ref }: Decided) {
  return async (to: string): Promise<boolean> => {
    if (await hasMoved(checkout, ref, to)) return true;
    const fetched = await checkout.remoteGit.fetch(remote, [`${ref}:${ref}`], ['--no-filter']);
    return fetched.code === 0 && (await hasMoved(checkout, ref, to));
  };
}

function disagree({ main }: Authority, says: Decided, known: Decided): CoordError {
  const words = ({ share, ref, remote, mainRemote }: Decided) =>
    `${ref} of ${share ? remote : 'this clone only'}${says.mainRemote === known.mainRemote ? '' : ` and the main branch on ${mainRemote}`}`;
  const where = main?.config ? `${CONFIG_FILE} on ${oneLine(main.config.from.name)}` : CONFIG_FILE;
  return usage(
    `${where} has the state on ${words(says)}, but this clone knows it on ${words(known)}`,
    `nothing was changed; fix ${CONFIG_FILE}, or, where it is meant: ${coord('init --adopt')}`,
    { reason: 'authority', says: { ...says }, known: { ...known } },
  );
}

/**
 * The main branch's configuration, which a working copy can only make stricter: the surface of both, the shorter times to
 * live, the longer tolerance, a session where either asks for one. What judges nobody is the working copy's.
 */
function stricter(main: Config, here: Config): Config {
  const maxSeconds = Math.min(main.ttl.maxSeconds, here.ttl.maxSeconds);
  return {
    ...here,
    ...judging(main),
    ttl: { defaultSeconds: Math.min(here.ttl.defaultSeconds, maxSeconds), maxSeconds },
    skewSeconds: Math.max(main.skewSeconds, here.skewSeconds),
    surface: [...new Set([...main.surface, ...here.surface])],
    requireSession: main.requireSession || here.requireSession,
  };
}

/**
 * Before the main branch has a configuration: the defaults judge, and the working copy can make them stricter. There are no
 * gates and deploy targets.
 */
function firstAdoption(defaults: Config, own: Config | null): Config {
  const here = own ?? defaults;
  const { takeover, lockOrder, signCommits, tasks } = here;
  // The default of each of these is the least that there is.
  return { ...stricter(defaults, here), takeover, lockOrder, signCommits, tasks };
}

/** What an agent is judged by, and nothing else. */
function judging(config: Config) {
  const { scratch, takeover, lockOrder, gates, deploy, land, signCommits, signers, tasks, store } = config;
  return { scratch, takeover, lockOrder, gates, deploy, land, signCommits, signers, tasks, store };
}

/** What a clone remembers of the state that it has known, in its own git configuration: no checkout changes it. */
export interface Memory {
  /** Full name of the state ref. */
  readonly ref: string;
  /** Name of the remote that arbitrates, in this clone; null: the clone itself does. */
  readonly remote: string | null;
  /** Name of the remote that has the main branch; null: the same. */
  readonly mainRemote: string | null;
  /** Short name of the main branch, where it was told at the beginning; null: the remote's default branch. */
  readonly mainBranch: string | null;
}

const KEY = 'coord.state';
/** As git writes it for a branch that follows one of its own clone. */
const THIS_CLONE = '.';
const NOT_TOLD = '-';

/** null: this clone has known none yet. */
export function readMemory(repository: Repository): Memory | null {
  const value = settingOf(cloneSettings(repository), KEY) ?? '';
  const [remote = '', ref = STATE_REF, mainBranch = NOT_TOLD, mainRemote = NOT_TOLD] = value.split(' ');
  if (remote === '') return null;
  return {
    ref,
    remote: remote === THIS_CLONE ? null : remote,
    mainBranch: mainBranch === NOT_TOLD ? null : mainBranch,
    mainRemote: mainRemote === NOT_TOLD || mainRemote === remote ? null : mainRemote,
  };
}

/** Best effort: where the configuration of the clone cannot be written, the next command tries again. */
export async function rememberState(
  { repository, git }: { repository: Repository; git: Git },
  known: Memory,
): Promise<void> {
  const before = readMemory(repository);
  const value = textOf({ ...known, mainBranch: known.mainBranch ?? before?.mainBranch ?? null });
  if (before === null || textOf(before) !== value) await git(['config', '--local', KEY, value]);
}

function textOf({ remote, ref, mainBranch, mainRemote }: Memory): string {
  const apart = mainRemote === null || mainRemote === remote ? '' : ` ${mainRemote}`;
  return `${remote ?? THIS_CLONE} ${ref} ${mainBranch ?? NOT_TOLD}${apart}`;
}

/**
 * Whom the commits of the state name in this clone (`git config coord.author`, `coord.committer`), for servers that take only people
 * they know; undefined: the agent.
 * @throws CoordError `usage` for what git would not write
 */
export function peopleOf(repository: Repository): People | undefined {
  const settings = cloneSettings(repository);
  const [author = null, committer = null] = ['author', 'committer'].map((role) => {
    const who = settingOf(settings, `coord.${role}`);
    if (who === null || /^[^<>\s,.][^<>\n]*[^<>\s,.] <[^<>\s]+@[^<>\s]+>$/.test(who)) return who;
    throw usage(
      `coord.${role} is not a name and an address: ${oneLine(who)}`,
      `git config coord.${role} "Name <name@example.com>"`,
    );
  });
  return author === null && committer === null ? undefined : { author, committer };
}

/** What this clone calls the remotes that the configuration names (`git config coord.remote`, `coord.mainRemote`). */
export interface OwnRemotes {
  /** null: as the configuration does. */
  readonly remote: string | null;
  readonly mainRemote: string | null;
}

export function ownRemotes(repository: Repository): OwnRemotes {
  const settings = cloneSettings(repository);
  return { remote: settingOf(settings, 'coord.remote'), mainRemote: settingOf(settings, 'coord.mainremote') };
}
