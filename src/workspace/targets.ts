import { isEmpty, isGlob, problemOf } from '../domain/ground/index.js';
import { escapeGlob, foreignSyntax, LITERAL, patternTarget, TOP } from '../domain/ground/patterns.js';
import { directoryPath, directoryTarget, type Target } from '../domain/ground/targets.js';
import { usage } from '../errors.js';
import { canonicalLink, canonicalPath, pathExists, trackedName } from '../git/paths.js';
import type { Git } from '../git/run.js';

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
 * @throws CoordError `usage` when it is not one of these, or outside the repository.
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

/**
 * The ground that a typed target stands for: where it is a symbolic link, what it leads to and the link itself, which a
 * commit may change as well.
 */
export function readGround(text: string, place: TargetPlace): Target[] {
  const target = readTarget(text, place);
  if (target.kind === 'resource' || target.kind === 'glob' || place.as === 'literal') return [target];
  const named = text.startsWith(LITERAL)
    ? text.slice(LITERAL.length)
    : text.startsWith(TOP)
      ? text.slice(TOP.length)
      : text;
  const cwd = named === text ? place.cwd : place.root;
  const { path } = canonicalLink(place.root, cwd, named === '' ? '.' : named);
  const isItself = path === target.text || directoryTarget(path).text === target.text;
  return isItself ? [target] : [target, { kind: 'path', text: path }];
}

/** Targets by the names that git tracks, for a clone whose disk folds case: others tell `App.ts` from `app.ts`. */
export function asTracked(git: Git, targets: readonly Target[]): Promise<Target[]> {
  return Promise.all(
    targets.map(async (target): Promise<Target> => {
      if (target.kind === 'resource') return target;
      if (target.kind === 'path') return { kind: 'path', text: await trackedName(git, target.text) };
      if (target.kind === 'directory') return directoryTarget(await trackedName(git, directoryPath(target)));
      const segments = target.text.split('/');
      const first = segments.findIndex((segment) => isGlob(segment) || segment.includes('\\'));
      const folder = segments.slice(0, Math.max(first, 0)).join('/');
      return { kind: 'glob', text: (await trackedName(git, folder)) + target.text.slice(folder.length) };
    }),
  );
}

function pathOrGlob(text: string, place: TargetPlace): Target {
  const { root, cwd } = place;
  if (place.as !== 'glob' && (place.as === 'literal' || pathExists(cwd, text))) {
    return pathTarget(text, root, cwd, place.as === 'literal');
  }
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

/** @param isLiteral of a symbolic link, the link itself */
function pathTarget(text: string, root: string, cwd: string, isLiteral = false): Target {
  const { path, isDirectory, exists } = (isLiteral ? canonicalLink : canonicalPath)(root, cwd, text);
  if (isDirectory || path === '' || (!exists && /[/\\]$/.test(text))) return directoryTarget(path);
  return { kind: 'path', text: path };
}

function resourceTarget(text: string): Target {
  const name = text.replace(/\/+$/, '').normalize('NFC');
  const climbs = name.split('/').some((part) => part === '.' || part === '..');
  if (!RESOURCE.test(name) || climbs || foreignSyntax(name) !== null) {
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
