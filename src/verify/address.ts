import type { VerifyConfig } from '../config/deploys.js';
import { oneLine, shorten } from '../domain/text.js';
import { usage } from '../errors.js';

/** @throws CoordError `usage` when it is no address that may be asked, without repeating what it may hold. */
export function addressOf(url: string): URL {
  const address = parsed(url);
  if (address === null) throw usage('the URL to verify is not a URL', HINT);
  if (!isWeb(address)) throw usage(`the URL to verify is neither https nor http: ${address.protocol}`, HINT);
  if (address.username !== '' || address.password !== '') {
    throw usage(`the URL to verify contains a name or password, at ${address.host}`, HINT);
  }
  address.hash = '';
  return address;
}

const HINT = 'fix "verify" of the deploy target in coord.config.json';

/** The address with one more parameter, so that no cache can have the answer; its own query stays as it is written. */
export function pastCaches(address: URL, chance: string): URL {
  const round = new URL(address);
  round.search = `${address.search === '' ? '?' : `${address.search}&`}coord-verify=${chance}`;
  return round;
}

/** Where an answer leads to, or why it must not be followed. */
export function nextAddress(
  from: URL,
  location: string,
  { origin, redirects }: { readonly origin: URL; readonly redirects: VerifyConfig['redirects'] },
): URL | { readonly refused: string } {
  const to = parsed(location, from);
  if (to === null) return { refused: 'redirects to something that is not an address' };
  const elsewhere = `redirects to ${placeOf(to)}`;
  if (!isWeb(to) || to.username !== '' || to.password !== '') return { refused: elsewhere };
  if (redirects === 'none') return { refused: elsewhere };
  if (from.protocol === 'https:' && to.protocol === 'http:') return { refused: `${elsewhere}, which is not encrypted` };
  const isAllowed = to.origin === origin.origin || (redirects !== 'same-origin' && redirects.includes(to.host));
  return isAllowed ? to : { refused: elsewhere };
}

/** Without query, fragment, name and password, which may be secrets. */
function placeOf({ protocol, host, pathname }: URL): string {
  return shorten(oneLine(isWeb({ protocol }) ? `${protocol}//${host}${pathname}` : protocol), 200);
}

function isWeb({ protocol }: Pick<URL, 'protocol'>): boolean {
  return protocol === 'https:' || protocol === 'http:';
}

function parsed(text: string, base?: URL): URL | null {
  try {
    return new URL(text, base);
  } catch {
    return null;
  }
}
