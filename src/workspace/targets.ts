import { isEmpty, isGlob, problemOf } from '../domain/ground/index.js';
import { escapeGlob, foreignSyntax, LITERAL, patternTarget, TOP } from '../domain/ground/patterns.js';
import { directoryTarget, type Target } from '../domain/ground/targets.js';
import { usage } from '../errors.js';
import { canonicalPath, pathExists } from '../git/paths.js';

export interface TargetPlace {
  /** Root of the worktree. */
  readonly root: string;
  /** Directory that typed paths are relative to. */
  readonly cwd: string;
  /** `literal` and `glob` override what the file system would say. */
  readonly as?: 'literal' | 'glob' | undefined;
}

const MOST_BYTES = 4096;
const RESOURCE = /^@[^\s/*?[\]{}\\]+(?:\/[^\s/*?[\]{}\\]+)*$/u;

/**
 * Reads a target as somebody typed it. What names an existing file or directory is that path, whatever characters it
 * has, and so are the folders of a longer path that are there; otherwise `@name/...` is a resource, text with glob
 * syntax a glob, and the rest a path that is not there yet. `:/path` and `:(literal)path` count from the root, as in
 * git's pathspecs; so do the commands that coord suggests.
 * @throws CoordError `usage` when it is none of these, or outside the repository.
 */
export function readTarget(text: string, place: TargetPlace): Target {
  checkText(text);
  const { root } = place;
  if (text.startsWith(LITERAL)) return pathTarget(text.slice(LITERAL.length) || '.', root, root);
  if (text.startsWith(TOP)) return pathOrGlob(text.slice(TOP.length) || '.', { ...place, cwd: root });
  if (place.as === undefined && text.startsWith('@') && !pathExists(place.cwd, text.split('/')[0] ?? '')) {
    return resourceTarget(text);
  }
  return pathOrGlob(text, place);
}

function pathOrGlob(text: string, place: TargetPlace): Target {
  const { root, cwd } = place;
  if (place.as !== 'glob' && (place.as === 'literal' || pathExists(cwd, text))) return pathTarget(text, root, cwd);
  const isPattern = isGlob(text) || foreignSyntax(text) !== null;
  if (place.as !== 'glob' && (!isPattern || firstGlob(text, place) < 0)) return pathTarget(text, root, cwd);
  return globTarget(text, place);
}

function checkText(text: string): void {
  if (text.trim() === '') throw usage('an empty target', 'name a path, a directory, a glob or a @resource');
  if (text.includes('\0')) throw usage('a target with a NUL character', 'no file can have that name');
  if (text.includes('\uFFFD'))
    throw usage('a target that is not valid UTF-8', 'rename the file, or claim its directory');
  if (Buffer.byteLength(text) > MOST_BYTES) {
    throw usage(`a target longer than ${MOST_BYTES} bytes`, 'claim its directory instead');
  }
}

function pathTarget(text: string, root: string, cwd: string): Target {
  const { path, isDirectory, exists } = canonicalPath(root, cwd, text);
  if (isDirectory || path === '' || (!exists && /[/\\]$/.test(text))) return directoryTarget(path);
  return { kind: 'path', text: path };
}

function resourceTarget(text: string): Target {
  const name = text.replace(/\/+$/, '').normalize('NFC');
  const climbs = name.split('/').some((part) => part === '.' || part === '..');
  if (!RESOURCE.test(name) || climbs) {
    throw usage(
      `not a resource name: ${JSON.stringify(text)}`,
      'a resource looks like @deploy/prod; for a file, write ./@name',
    );
  }
  return { kind: 'resource', text: name };
}

/** The first segment that is glob syntax and no folder that is there; negative when there is none. */
function firstGlob(text: string, { cwd, as }: TargetPlace): number {
  const segments = text.split('/');
  return segments.findIndex(
    (segment, index) =>
      (isGlob(segment) || segment.includes('\\') || foreignSyntax(index === 0 ? segment : `/${segment}`) !== null) &&
      (as === 'glob' || !pathExists(cwd, segments.slice(0, index + 1).join('/'))),
  );
}

function globTarget(text: string, place: TargetPlace): Target {
  const segments = text.split('/');
  const first = firstGlob(text, place);
  const at = first < 0 ? segments.length - 1 : first;
  const rest = segments.slice(at).filter((segment) => segment !== '.' && segment !== '');
  if (rest.includes('..')) throw usage(`a glob with .. after its first wildcard: ${text}`, 'write the path without ..');
  const prefix = segments.slice(0, at).join('/');
  const foreign = foreignSyntax((at === 0 ? '' : '/') + rest.join('/'));
  const base = foreign === null ? basePath(prefix, text, place) : '';
  const glob = [...(base === '' ? [] : [escapeGlob(base)]), ...rest].join('/').normalize('NFC');
  const problem = foreign ?? problemOf(glob);
  if (problem)
    throw usage(`not a glob: ${text} (${problem})`, 'fix the pattern, or add --literal for a file of that name');
  const target = patternTarget(glob);
  if (isEmpty(target)) throw usage(`a glob that no path can match: ${text}`, 'fix the pattern');
  return target;
}

/** The folder before the first wildcard. What begins with `/`, and is no place of this disk, counts from the root. */
function basePath(prefix: string, text: string, { root, cwd }: TargetPlace): string {
  if (!text.startsWith('/')) return canonicalPath(root, cwd, prefix === '' ? '.' : prefix).path;
  const [top = ''] = prefix.split('/').filter((segment) => segment !== '');
  if (top !== '' && pathExists('/', top)) return canonicalPath(root, cwd, prefix).path;
  return canonicalPath(root, root, `./${prefix}`).path;
}
