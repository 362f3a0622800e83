import { existsSync, lstatSync, readlinkSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { problemOf } from '../../domain/ground/index.js';
import { escapeGlob, patternTarget } from '../../domain/ground/patterns.js';
import { directoryTarget, type Target } from '../../domain/ground/targets.js';
import { CoordError } from '../../errors.js';
import { canonicalLink, canonicalPath, guardingRepository, realPathOf } from '../../git/paths.js';
import type { Repository } from '../../git/repository.js';
import { type Write, writeOf } from '../../guards/shell/findings.js';

/** Ground in one worktree. */
export interface Located {
  readonly root: string;
  readonly target: Target;
}

/** No file has a longer name. */
const LONGEST_PATH = 4096;

/**
 * The ground that an edit of this file changes, in the worktree that the file is in; null when that is none, as for what is
 * outside of every repository or inside of `.git`.
 */
export function locateFile(path: string, directory: string): Located | null {
  return locate(writeOf(path, directory))[0] ?? null;
}

/** The ground that a write changes: a file, all below a directory, or what a pattern matches. */
export function locate(write: Omit<Write, 'claimed' | 'keeps'>): Located[] {
  const { path, directory, into } = write;
  if (path.includes('\0') || Buffer.byteLength(path) > LONGEST_PATH) return [];
  try {
    if (write.isPattern) return locatePattern(path, directory);
    const absolute = resolve(directory, path);
    const isFolder = isDirectory(absolute);
    if (isFolder && into.length > 0) return into.flatMap((name) => locateOne(join(absolute, name), true, false));
    return locateOne(write.follows ? leadsTo(absolute) : absolute, write.follows, isFolder || /[/\\]$/.test(path));
  } catch (error) {
    if (error instanceof CoordError) return [];
    throw error;
  }
}

function locateOne(absolute: string, follows: boolean, isFolder: boolean): Located[] {
  const real = follows ? realPathOf(absolute, absolute) : absolute;
  const repository = guardedBy(existingFolder(real));
  if (repository === null) return [];
  const { path, isDirectory: holds } = (follows ? canonicalPath : canonicalLink)(repository.root, '/', absolute);
  const target: Target =
    holds || path === '' || (isFolder && !isLink(absolute)) ? directoryTarget(path) : { kind: 'path', text: path };
  return [{ root: repository.root, target }];
}

function guardedBy(directory: string): Repository | null {
  try {
    return guardingRepository(directory);
  } catch (error) {
    if (error instanceof CoordError) return null;
    throw error;
  }
}

/** From the first wildcard on it is a pattern; what stands before it is a folder. */
function locatePattern(path: string, directory: string): Located[] {
  const segments = path.split('/');
  const first = segments.findIndex((segment) => /(?<!\\)[*?[{]/.test(segment));
  const before = segments.slice(0, first).join('/').replace(/\\(.)/g, '$1');
  const folder = resolve(directory, before === '' && path.startsWith('/') ? '/' : before);
  return locateOne(folder, true, true).map(({ root, target }) => {
    const base = target.text === '**' ? '' : escapeGlob(target.text.slice(0, -'**'.length));
    const rest = segments.slice(first).filter((segment) => segment !== '' && segment !== '.');
    const glob = `${base}${rest.join('/')}`.normalize('NFC');
    // What cannot be read as a pattern may be anything below. A pattern may also match folders, with all in them.
    const below = `${glob}/**`;
    const isReadable = !rest.includes('..') && problemOf(below) === null;
    return { root, target: isReadable ? patternTarget(below) : target };
  });
}

/** As many links as the system follows. */
const MOST_LINKS = 40;

/** Where a link leads that leads to nothing yet: to write it makes a file there. */
function leadsTo(absolute: string): string {
  let path = absolute;
  for (let count = 0; count < MOST_LINKS && isLink(path) && !existsSync(path); count += 1) {
    path = resolve(realPathOf(dirname(path), path), readlinkSync(path));
  }
  return path;
}

function existingFolder(path: string): string {
  for (let folder = path; ; folder = dirname(folder)) {
    if (isDirectory(folder) || dirname(folder) === folder) return folder;
  }
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  } catch {
    return false;
  }
}

function isLink(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
  } catch {
    return false;
  }
}
