import { existsSync, realpathSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { command, shellWord } from '../domain/suggestion.js';
import { oneLine } from '../domain/text.js';
import { type CoordError, usage } from '../errors.js';
import { cloneSettings, isRemoteOf, parseSettings, type Setting } from './clone-config.js';
import { textOf } from './if-there.js';
import type { Repository } from './repository.js';
import type { Environment, Git } from './run.js';

/*
 * A remote is a name that git's own configuration defines in this clone. Nothing that stands in a file of the repository
 * becomes an address: git would take a path or a URL in a name's place, and run what it finds there.
 */

/** Whether this clone has a remote of that name. */
export async function hasRemote(repository: Repository, git: Git, remote: string): Promise<boolean> {
  return isRemoteOf(repository, remote) || (await remotesOf(git)).includes(remote);
}

/** @throws CoordError `usage` for what is no such name, with those that there are. */
export async function mustBeRemote(repository: Repository, git: Git, remote: string): Promise<void> {
  if (!(await hasRemote(repository, git, remote))) throw noSuchRemote(remote, await remotesOf(git));
}

/** Git lists none where one of them is configured in a way that it cannot read. */
function remotesOf(git: Git): Promise<string[]> {
  return linesOf(git, ['remote']);
}

/** The lines that a command of git prints; none where it fails. */
async function linesOf(git: Git, args: readonly string[]): Promise<string[]> {
  const { code, stdout } = await git(args);
  const lines = stdout.toString('utf8').split('\n');
  return code === 0 ? lines.filter((line) => line !== '') : [];
}

/** The same words for all commands. @param names those that this clone has */
function noSuchRemote(remote: string, names: readonly string[]): CoordError {
  const [other] = names;
  const has = other === undefined ? 'none at all' : names.map(oneLine).join(', ');
  return usage(
    `this clone has no remote ${oneLine(remote)} (it has ${has})`,
    other === undefined
      ? `add it (git remote add ${shellWord(remote)} URL); existing ones: ${command('git remote -v')}`
      : `if ${oneLine(other)} is that remote under another name: ${command(`git config coord.remote ${shellWord(other)}`)}; otherwise add it: git remote add ${shellWord(remote)} URL`,
    { reason: 'no-remote', remote, remotes: names },
  );
}

/**
 * Refuses a remote that is fetched from one repository and pushed to another: what is granted there, nobody else would see.
 * Git is asked only where something says that the two could differ.
 * @throws CoordError `usage` with both addresses
 */
export async function mustBeOneRepository(
  repository: Repository,
  git: Git,
  env: Environment,
  remote: string,
): Promise<void> {
  if (!maybeTwo(repository, env, remote)) return;
  const fetched = await addressesOf(git, remote, 'fetch');
  const pushed = await addressesOf(git, remote, 'push');
  const [from] = fetched;
  const elsewhere = pushed.find(
    (to) => from !== undefined && to !== from && !sameRepository(to, from, repository.root),
  );
  if (from === undefined || elsewhere === undefined) return;
  throw usage(
    `the remote ${oneLine(remote)} is fetched from ${withoutSecret(from)} and pushed to ${withoutSecret(elsewhere)}: claims would be valid in neither`,
    `make both addresses the same (they come from pushurl or pushInsteadOf: ${command('git remote -v')}), or let coord use another remote: git config coord.remote NAME`,
    { reason: 'two-addresses', remote, fetched: withoutSecret(from), pushed: withoutSecret(elsewhere) },
  );
}

/** The addresses that a remote is fetched from, or pushed to. */
export function addressesOf(git: Git, remote: string, use: 'fetch' | 'push'): Promise<string[]> {
  return linesOf(git, ['remote', 'get-url', ...(use === 'push' ? ['--push'] : []), '--all', '--', remote]);
}

function maybeTwo(repository: Repository, env: Environment, remote: string): boolean {
  if (!isRemoteOf(repository, remote)) return true;
  const settings = knownSettings(repository, env);
  if (settings === null) return true;
  return settings.some(
    ({ section, subsection, key }) =>
      (section === 'url' && key === 'pushinsteadof') ||
      (section === 'remote' && subsection === remote && key === 'pushurl'),
  );
}

/** The settings of git that count in this clone, the user's before its own; null: only git can tell. */
function knownSettings(repository: Repository, env: Environment): Setting[] | null {
  if (env.GIT_CONFIG_COUNT !== undefined || env.GIT_CONFIG_PARAMETERS !== undefined) return null;
  const settings = [...elsewhere(repository, env).flatMap(parseSettings), ...cloneSettings(repository)];
  return settings.some(({ section }) => section === 'include' || section === 'includeif') ? null : settings;
}

/** The texts of the configuration files of the user and of the machine. */
function elsewhere({ commonDir }: Repository, env: Environment): string[] {
  const home = env.HOME ?? '';
  const global = env.GIT_CONFIG_GLOBAL ?? join(home, '.gitconfig');
  const more =
    env.GIT_CONFIG_GLOBAL === undefined ? [join(env.XDG_CONFIG_HOME || join(home, '.config'), 'git', 'config')] : [];
  const system = env.GIT_CONFIG_NOSYSTEM === undefined ? [env.GIT_CONFIG_SYSTEM ?? '/etc/gitconfig'] : [];
  return [global, ...more, ...system, join(commonDir, 'config.worktree')].map((path) => textOf(path));
}

/** An address without the name and password that may stand in it. */
function withoutSecret(address: string): string {
  return oneLine(address.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^@/]*@/i, '$1'));
}

/**
 * Whether two addresses, as git knows them, are of one repository: by whatever protocol, as whatever user, with or without
 * `.git` at their end. Only their text is compared (and links in local paths followed), so a mirror is another one.
 * @param base absolute; where relative paths begin
 */
export function sameRepository(one: string, other: string, base: string): boolean {
  return one !== '' && other !== '' && placeOf(one, base) === placeOf(other, base);
}

function placeOf(address: string, base: string): string {
  const url = /^([a-z][a-z0-9+.-]*):\/\/(?:[^@/]*@)?([^/]*?)(?::\d*)?(\/.*)?$/i.exec(address);
  if (url) {
    const [, scheme = '', host = '', path = ''] = url;
    return scheme.toLowerCase() === 'file' ? localPlace(decoded(path), base) : remotePlace(host, path);
  }
  // `host:path`, unless a slash comes before the colon.
  const [, host, path] = /^(?:[^@/:]*@)?([^/:]+):(.*)$/s.exec(address) ?? [];
  return host === undefined || path === undefined ? localPlace(address, base) : remotePlace(host, path);
}

function remotePlace(host: string, path: string): string {
  return `${host.toLowerCase()}:${withoutEnd(path.replace(/^\/+/, ''))}`;
}

function localPlace(path: string, base: string): string {
  const absolute = resolve(base, path);
  const spellings = [absolute, `${absolute}.git`];
  for (const spelling of spellings) {
    try {
      return withoutEnd(realpathSync(spelling));
    } catch {
      // Not there under this name.
    }
  }
  return withoutEnd(absolute);
}

function withoutEnd(path: string): string {
  return path.replace(/\/+$/, '').replace(/\/?\.git$/, '');
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/**
 * How the server's side of a push runs where the remote is a path of this host, and git starts that side here:
 *
 * - in a session of its own (setsid(1)), as it would on a server: who kills the whole process group of an agent would kill it
 *   too, and one that is killed while it holds the lock of a ref leaves that behind in the remote, for everybody;
 * - without packing the refs when it tidies up: git (2.39 at least) knows an old `packed-refs` from a new one by the second and
 *   the length, so that a push that meets a packing may be compared with what the branch was before, and undo another one.
 *
 * @returns options of `git push`; none where the remote is not surely such a path
 */
export async function serverOfPath(
  repository: Repository,
  git: Git,
  env: Environment,
  remote: string,
): Promise<string[]> {
  const settings = knownSettings(repository, env) ?? cloneSettings(repository);
  if (settings.some((one) => one.subsection === remote && one.section === 'remote' && one.key === 'receivepack'))
    return [];
  const addresses = addressesPushedTo(repository, env, remote) ?? (await addressesOf(git, remote, 'push'));
  const isLocal = addresses.length > 0 && addresses.every((address) => existsSync(pathIn(address, repository.root)));
  if (!isLocal) return [];
  const session = isInstalled('setsid', env) ? 'setsid ' : '';
  return [`--receive-pack=${session}git -c gc.packRefs=false receive-pack`];
}

/** The addresses that git pushes to, read without it (git-config(1), `url.BASE.insteadOf`); null: only git can tell. */
export function addressesPushedTo(repository: Repository, env: Environment, remote: string): string[] | null {
  const settings = knownSettings(repository, env);
  if (settings === null) return null;
  const own = settings.filter(({ section, subsection }) => section === 'remote' && subsection === remote);
  const values = (name: string) => own.filter(({ key }) => key === name).map(({ value }) => value);
  const rewritten = (address: string, name: string): string | null => {
    const fits = settings.filter(
      ({ section, key, value }) => section === 'url' && key === name && address.startsWith(value),
    );
    const best = fits.sort((a, b) => b.value.length - a.value.length)[0];
    return best === undefined ? null : `${best.subsection ?? ''}${address.slice(best.value.length)}`;
  };
  const pushed = values('pushurl');
  if (pushed.length > 0) return pushed.map((address) => rewritten(address, 'insteadof') ?? address);
  // One that is rewritten for pushes takes the place of all that are not.
  const aside = values('url').flatMap((address) => rewritten(address, 'pushinsteadof') ?? []);
  return aside.length > 0 ? aside : values('url').map((address) => rewritten(address, 'insteadof') ?? address);
}

/** What of git's configuration decides how a remote is reached, beside its address, and with `signs` how commits are signed. */
const TRANSPORT = ['credential', 'http', 'protocol', 'ssh', 'url'];
const SIGNING = ['gpg', 'user'];
const TRANSPORT_OF_CORE = ['sshcommand', 'askpass', 'gitproxy'];

/** The settings of this clone that decide that, in their order; null: only git can tell. */
export function transportSettings(
  repository: Repository,
  env: Environment,
  remote: string,
  signs: boolean,
): Setting[] | null {
  const counts = ({ section, subsection, key }: Setting): boolean => {
    if (section === 'remote') return subsection === remote && !['url', 'pushurl', 'fetch'].includes(key);
    if (section === 'core') return TRANSPORT_OF_CORE.includes(key);
    return TRANSPORT.includes(section) || (signs && SIGNING.includes(section));
  };
  return knownSettings(repository, env)?.filter(counts) ?? null;
}

/** Empty where it is no path: it has a scheme, or a colon before its first slash. @param root where relative ones begin */
export function pathIn(address: string, root: string): string {
  if (/^file:\/\//i.test(address)) return decoded(address.slice('file://'.length));
  return /^[^/]*:/.test(address) ? '' : resolve(root, address);
}

function isInstalled(program: string, { PATH = '' }: Environment): boolean {
  return PATH.split(delimiter).some((folder) => folder !== '' && existsSync(join(folder, program)));
}
