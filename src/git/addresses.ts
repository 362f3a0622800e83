import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import type { Repository } from './repository.js';
import type { Environment } from './run.js';

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
export function serverOfPath(repository: Repository, env: Environment, remote: string): string[] {
  const settings = settingsOf(repository, remote);
  const addresses = Array.from(
    settings.matchAll(/^\s*(?:push)?url\s*=\s*"?(.*?)"?\s*$/gim),
    ([, address = '']) => address,
  );
  const isLocal = addresses.length > 0 && addresses.every((address) => existsSync(pathIn(address)));
  if (!isLocal || /^\s*receivepack\s*=/im.test(settings)) return [];
  const session = isInstalled('setsid', env) ? 'setsid ' : '';
  return [`--receive-pack=${session}git -c gc.packRefs=false receive-pack`];
}

/** What the repository itself says of a remote, which is all but always where that stands. */
function settingsOf({ commonDir }: Repository, remote: string): string {
  const lines = readFileSync(join(commonDir, 'config'), 'utf8').split('\n');
  const head = lines.indexOf(`[remote "${remote}"]`);
  if (head < 0) return '';
  const end = lines.findIndex((line, index) => index > head && line.startsWith('['));
  return lines.slice(head + 1, end < 0 ? undefined : end).join('\n');
}

function pathIn(address: string): string {
  const path = address.replace(/^file:\/\//, '');
  return isAbsolute(path) ? path : '';
}

function isInstalled(program: string, { PATH = '' }: Environment): boolean {
  return PATH.split(delimiter).some((folder) => folder !== '' && existsSync(join(folder, program)));
}
