import { isEmpty, isGlob, problemOf } from './index.js';
import { directoryTarget, type Target } from './targets.js';

/**
 * The target of a pattern in canonical form, where no file system decides what exists. `src/**` and the same text typed
 * for the directory `src` are one target.
 */
export function patternTarget(text: string): Target {
  if (text.startsWith('@')) return { kind: 'resource', text };
  if (text === '**') return directoryTarget('');
  const folder = text.endsWith('/**') ? text.slice(0, -'/**'.length) : null;
  if (folder !== null && !isGlob(folder) && !folder.includes('\\')) return directoryTarget(folder);
  return { kind: isGlob(text) ? 'glob' : 'path', text };
}

/** As in git's pathspecs: from the root of the repository. */
export const TOP = ':/';
/** From the root, and a path whatever characters it has. */
export const LITERAL = ':(literal)';

/**
 * A pattern of the configuration in canonical form, from the root of the repository: a leading `/`, `./` or `:/` means
 * that root, a slash at the end all below.
 */
export function canonicalPattern(text: string): string {
  if (text.startsWith('@')) return text;
  const literal = text.startsWith(LITERAL);
  const marked = literal
    ? escapeGlob(text.slice(LITERAL.length))
    : text.startsWith(TOP)
      ? text.slice(TOP.length)
      : text;
  const segments: string[] = [];
  for (const segment of marked.split('/')) {
    const before = segments.at(-1);
    if (segment === '..' && before !== undefined && before !== '..' && !isGlob(before)) segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(segment);
  }
  const below = marked.endsWith('/') || segments.length === 0 ? ['**'] : [];
  return withoutEscapes([...segments, ...below].join('/')).normalize('NFC');
}

/** A text of nothing but plain and escaped characters is a path: of those that would make it a glob, each is a class. */
function withoutEscapes(text: string): string {
  if (isGlob(text) || !text.includes('\\')) return text;
  const plain = text.replace(/\\(.)/gsu, '$1');
  return isGlob(plain) || plain.includes('\\')
    ? plain.replace(/[\\*?[{]/g, (one) => (one === '\\' ? '[\\\\]' : `[${one}]`))
    : plain;
}

/**
 * Why a pattern of the configuration cannot be read, as a clause; null when it can. What the command line refuses is
 * refused here, and the other way round.
 */
export function problemOfPattern(text: string): string | null {
  const foreign = text.startsWith(LITERAL) ? null : foreignSyntax(text);
  if (foreign !== null) return foreign;
  const canonical = canonicalPattern(text);
  if (canonical.split('/').includes('..')) return "'..' leads out of the repository, or stands after a wildcard";
  return problemOf(canonical) ?? (isEmpty(patternTarget(canonical)) ? 'no path can match it' : null);
}

const SUPPORTED = 'supported are * ** ? [...] {a,b}';
const EXTENDED = /(?<!\\)[?*+@!]\(/;

/** Syntax of other globs, which would be taken for plain characters: negation, and the extended globs of shells. */
export function foreignSyntax(text: string): string | null {
  if (text.startsWith('!')) return `negation ('!') is not supported; ${SUPPORTED}`;
  const found = EXTENDED.exec(text)?.[0];
  return found === undefined ? null : `the extended glob '${found}…)' is not supported; ${SUPPORTED}`;
}

/** A path as a pattern that matches just it. */
export function escapeGlob(path: string): string {
  return path.replace(/[\\*?[\]{}]|[@+](?=\()|!(?=\()|^!/g, '\\$&');
}
