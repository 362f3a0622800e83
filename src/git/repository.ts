import { existsSync, lstatSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { command, shellWord } from '../domain/suggestion.js';
import { oneLine } from '../domain/text.js';
import { usage } from '../errors.js';
import { cloneSettings, isTrue, settingOf } from './clone-config.js';

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
  /** What its group, or everybody, may do with what is made in it (`core.sharedRepository`), as bits of a mode; 0: by the umask. */
  readonly sharedBits: number;
  /** Whether git takes it for bare, although it has files (`core.bare`). */
  readonly takenForBare: boolean;
  /** What git has to be told where the worktree is a folder that no `.git` stands in; empty otherwise. */
  readonly env: Readonly<Record<string, string>>;
}

/** Where a git directory keeps who works in its worktree. */
export const SESSIONS_FOLDER = 'coord-sessions';

/** Variables of git that name a repository and a folder to work on; git gives them to its hooks. */
type Named = Readonly<Record<string, string | undefined>>;

/**
 * Finds the repository of a directory as git does, without starting a process.
 * @param named `GIT_DIR` with `GIT_WORK_TREE` or `core.worktree` count where the directory is in that worktree, and in no
 *   repository further down: what a hook of another repository left behind does not
 * @throws CoordError `usage` outside a worktree: not a repository, a bare one, or inside `.git`.
 */
export function discoverRepository(cwd: string, named: Named = {}): Repository {
  const start = realPathOf(cwd);
  const separate = separateWorktree(start, named);
  if (separate !== null) return separate;
  for (let directory = start; ; directory = dirname(directory)) {
    const dotGit = join(directory, '.git');
    if (existsSync(dotGit)) return describe(directory, gitDirectoryOf(dotGit));
    if (looksLikeGitDirectory(directory)) throw notInWorktree(directory);
    if (dirname(directory) === directory) {
      throw usage(
        `not a git repository: ${oneLine(cwd)}`,
        `go to a git repository, or make one: ${command('git init')}`,
        { reason: 'no-repository' },
      );
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

function separateWorktree(start: string, { GIT_DIR = '', GIT_WORK_TREE = '' }: Named): Repository | null {
  if (GIT_DIR === '') return null;
  const gitDir = resolve(start, GIT_DIR);
  if (!looksLikeGitDirectory(gitDir)) return null;
  const configured = settingOf(cloneSettings({ commonDir: gitDir }), 'core.worktree');
  const worktree = GIT_WORK_TREE !== '' ? resolve(start, GIT_WORK_TREE) : configured && resolve(gitDir, configured);
  if (!worktree || !existsSync(worktree)) return null;
  const root = realPathOf(worktree);
  if (`${root}/.git` === gitDir || existsSync(join(root, '.git')) || !isWithin(start, root)) return null;
  for (let folder = start; folder !== root; folder = dirname(folder)) if (existsSync(join(folder, '.git'))) return null;
  return { ...describe(root, gitDir), takenForBare: false, env: { GIT_DIR: gitDir, GIT_WORK_TREE: root } };
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === '/' ? folder : `${folder}/`);
}

function looksLikeGitDirectory(directory: string): boolean {
  return ['HEAD', 'objects', 'refs'].every((name) => existsSync(join(directory, name)));
}

function notInWorktree(gitDirectory: string): Error {
  const config = cloneSettings({ commonDir: gitDirectory });
  if (isTrue(settingOf(config, 'core.bare'))) {
    return usage(
      `${oneLine(gitDirectory)} is a bare repository: it has no worktree to coordinate`,
      fromBare(gitDirectory),
    );
  }
  // A submodule's git directory says where its worktree is.
  const elsewhere = settingOf(config, 'core.worktree');
  const worktree = elsewhere === null ? dirname(gitDirectory) : resolve(gitDirectory, elsewhere);
  return usage(`inside ${oneLine(gitDirectory)}, not in a worktree`, command(`cd ${shellWord(worktree)}`));
}

function fromBare(gitDirectory: string): string {
  return existsSync(join(gitDirectory, 'worktrees'))
    ? `cd to one of its worktrees: ${command('git worktree list')}`
    : 'run coord in a clone of it';
}

function gitDirectoryOf(dotGit: string): string {
  if (statSync(dotGit).isDirectory()) return dotGit;
  const pointer = /^gitdir: (.+?)[\r\n]*$/s.exec(readFileSync(dotGit, 'utf8'))?.[1];
  const target = pointer === undefined ? undefined : resolve(dirname(dotGit), pointer);
  if (target === undefined || !existsSync(join(target, 'HEAD'))) {
    throw usage(`${oneLine(dotGit)} does not lead to a git directory`, command('git worktree repair'));
  }
  return target;
}

function describe(root: string, gitDir: string): Repository {
  const commonFile = join(gitDir, 'commondir');
  const commonDir = existsSync(commonFile) ? resolve(gitDir, readFileSync(commonFile, 'utf8').trim()) : gitDir;
  if (!looksLikeGitDirectory(commonDir))
    throw usage(
      `not a git repository: ${oneLine(gitDir)} is incomplete`,
      `see what git says: ${command('git status')}`,
    );
  refuseLinks(join(commonDir, 'coord'));
  refuseLinks(join(gitDir, SESSIONS_FOLDER));
  const config = cloneSettings({ commonDir });
  return {
    root,
    gitDir,
    commonDir,
    worktreeId: commonDir === gitDir ? 'main' : basename(gitDir),
    objectFormat: settingOf(config, 'extensions.objectFormat') === 'sha256' ? 'sha256' : 'sha1',
    refFormat: settingOf(config, 'extensions.refStorage') === 'reftable' ? 'reftable' : 'files',
    foldsCase: isTrue(settingOf(config, 'core.ignoreCase')),
    sharedBits: sharedBits(settingOf(config, 'core.sharedRepository')),
    // A linked worktree of a bare repository is a worktree all the same.
    takenForBare: commonDir === gitDir && isTrue(settingOf(config, 'core.bare')),
    env: {},
  };
}

/** As git reads the setting: the names, their numbers, or the mode of a file in octal. */
function sharedBits(setting: string | null): number {
  const value = (setting ?? '').toLowerCase();
  if (/^(group|true|yes|on|1)$/.test(value)) return 0o060;
  if (/^(all|world|everybody|2)$/.test(value)) return 0o064;
  return /^0[0-7]{3}$/.test(value) ? Number.parseInt(value, 8) & 0o066 : 0;
}

/** Refuses a place where git would refuse its own commands because it sees no worktree. */
export function needsWorktree({ gitDir, takenForBare }: Repository): void {
  if (!takenForBare) return;
  // Who has files here has an index; a bare repository among its worktrees has none.
  const isByAccident = existsSync(join(gitDir, 'index'));
  throw usage(
    `git considers this repository bare (core.bare is true in ${oneLine(join(gitDir, 'config'))})`,
    isByAccident ? command('git config core.bare false') : fromBare(gitDir),
    { reason: 'bare' },
  );
}

/** Coord makes no links in its own part, and would write through them to wherever they lead. */
function refuseLinks(own: string): void {
  const link = linkIn(own);
  if (link === null) return;
  throw usage(`a symbolic link where coord keeps its own files: ${oneLine(link)}`, command(`rm ${shellWord(link)}`));
}

/** The folder itself or an entry of it. */
export function linkIn(folder: string): string | null {
  try {
    if (lstatSync(folder).isSymbolicLink()) return folder;
    const found = readdirSync(folder, { withFileTypes: true }).find((entry) => entry.isSymbolicLink());
    return found === undefined ? null : join(folder, found.name);
  } catch {
    // It may not be there yet, or not any more; what else is wrong with it shows where it is used.
    return null;
  }
}
