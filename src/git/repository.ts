import { existsSync, lstatSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { shellWord } from '../domain/suggestion.js';
import { oneLine } from '../domain/text.js';
import { usage } from '../errors.js';

export interface Repository {
  /** Absolute path of this worktree, symbolic links resolved. */
  readonly root: string;
  /** The git directory of this worktree alone (HEAD, index). */
  readonly gitDir: string;
  /** The git directory that all worktrees share (refs, objects, coord's local part). */
  readonly commonDir: string;
  /** `main`, or the name under which git knows the linked worktree. */
  readonly worktreeId: string;
  readonly objectFormat: 'sha1' | 'sha256';
  readonly refFormat: 'files' | 'reftable';
  /** Whether the file system folds case (`core.ignoreCase`). */
  readonly foldsCase: boolean;
}

/**
 * Finds the repository of a directory as git does, without starting a process.
 * @throws CoordError `usage` outside a worktree: not a repository, a bare one, or inside `.git`.
 */
export function discoverRepository(cwd: string): Repository {
  const start = realPathOf(cwd);
  for (let directory = start; ; directory = dirname(directory)) {
    const dotGit = join(directory, '.git');
    if (existsSync(dotGit)) return describe(directory, gitDirectoryOf(dotGit));
    if (looksLikeGitDirectory(directory)) throw notInWorktree(directory);
    if (dirname(directory) === directory) {
      throw usage(`not a git repository: ${oneLine(cwd)}`, 'go to a git repository, or make one: git init');
    }
  }
}

function realPathOf(cwd: string): string {
  try {
    return realpathSync(cwd);
  } catch {
    throw usage(`the current directory is gone: ${oneLine(cwd)}`, 'cd to a directory that is there');
  }
}

function looksLikeGitDirectory(directory: string): boolean {
  return ['HEAD', 'objects', 'refs'].every((name) => existsSync(join(directory, name)));
}

function notInWorktree(gitDirectory: string): Error {
  const config = readConfig(gitDirectory);
  if (/^\s*bare\s*=\s*"?(true|yes|on|1)/im.test(config)) {
    return usage(
      `${oneLine(gitDirectory)} is a bare repository: it has no worktree to coordinate`,
      'run coord in a clone of it',
    );
  }
  // A submodule's git directory says where its worktree is.
  const elsewhere = /^\s*worktree\s*=\s*"?(.+?)"?\s*$/im.exec(config)?.[1];
  const worktree = elsewhere === undefined ? dirname(gitDirectory) : resolve(gitDirectory, elsewhere);
  return usage(`inside ${oneLine(gitDirectory)}, not in a worktree`, `cd ${shellWord(worktree)}`);
}

function gitDirectoryOf(dotGit: string): string {
  if (statSync(dotGit).isDirectory()) return dotGit;
  const pointer = /^gitdir: (.+?)[\r\n]*$/s.exec(readFileSync(dotGit, 'utf8'))?.[1];
  const target = pointer === undefined ? undefined : resolve(dirname(dotGit), pointer);
  if (target === undefined || !existsSync(join(target, 'HEAD'))) {
    throw usage(`${oneLine(dotGit)} does not lead to a git directory`, 'git worktree repair');
  }
  return target;
}

function describe(root: string, gitDir: string): Repository {
  const commonFile = join(gitDir, 'commondir');
  const commonDir = existsSync(commonFile) ? resolve(gitDir, readFileSync(commonFile, 'utf8').trim()) : gitDir;
  if (!looksLikeGitDirectory(commonDir))
    throw usage(`not a git repository: ${oneLine(gitDir)} is incomplete`, 'git status');
  refuseLinks(join(commonDir, 'coord'));
  const config = readConfig(commonDir);
  return {
    root,
    gitDir,
    commonDir,
    worktreeId: commonDir === gitDir ? 'main' : basename(gitDir),
    objectFormat: /^\s*objectformat\s*=\s*"?sha256/im.test(config) ? 'sha256' : 'sha1',
    refFormat: /^\s*refstorage\s*=\s*"?reftable/im.test(config) ? 'reftable' : 'files',
    foldsCase: /^\s*ignorecase\s*=\s*"?(true|yes|on|1)/im.test(config),
  };
}

/** Coord makes no links in its own part, and would write through them to wherever they lead. */
function refuseLinks(own: string): void {
  const link = linkIn(own);
  if (link === null) return;
  throw usage(`a symbolic link where coord keeps its own files: ${oneLine(link)}`, `rm ${shellWord(link)}`);
}

/** The folder itself or an entry of it. */
function linkIn(folder: string): string | null {
  try {
    if (lstatSync(folder).isSymbolicLink()) return folder;
    const found = readdirSync(folder, { withFileTypes: true }).find((entry) => entry.isSymbolicLink());
    return found === undefined ? null : join(folder, found.name);
  } catch {
    // It may not be there yet, or not any more; what else is wrong with it shows where it is used.
    return null;
  }
}

function readConfig(commonDir: string): string {
  const path = join(commonDir, 'config');
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}
