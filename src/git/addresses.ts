import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';

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
