import { readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Config } from '../config/config.js';
import { CONFIG_FILE } from '../domain/state-ref.js';
import { cloneSettings, settingOf } from '../git/clone-config.js';
import { signatureOf } from '../git/if-there.js';
import { readTwice, writeTwice } from '../git/local-cache.js';
import { linkIn, type Repository, SESSIONS_FOLDER } from '../git/repository.js';
import type { Environment } from '../git/run.js';
import type { Authority } from './authority.js';
import type { MainBranchPolicy } from './main-branch.js';

declare const __COORD_VERSION__: string;

/** What a command found out about its worktree that no file but these says. */
export interface Standing {
  readonly version: string;
  /** The files that it was read from, by path, as they were: while they are so, all of it holds. */
  readonly files: Readonly<Record<string, string>>;
  /** When the newest of them changed, in milliseconds since the epoch by the file system. */
  readonly changed: number;
  readonly repository: Repository;
  readonly authority: Authority;
  /** The configuration in force. */
  readonly config: Config;
  /** What of it protects against the agent itself. */
  readonly guarding: Config;
  readonly policy: MainBranchPolicy | null;
  /** Digest of the rules in force, where the main branch has them; null: it is not known without a look at them. */
  readonly rules: string | null;
  /** The marks of what an agent is to be told of once in this worktree. */
  readonly asides: readonly string[];
}

/** What was kept so soon after a change may have been read before another with the same stamps. */
const SETTLED_MS = 20;

/**
 * What is known to hold in the worktree that a directory is in, found without reading any configuration; null where that
 * is not known, or anything about the place is not as it mostly is: then all of it has to be read.
 */
export function standingAt(cwd: string, env: Environment): Standing | null {
  const place = placeOf(cwd);
  if (place === null || !isOwnPlace(place, cwd, env)) return null;
  const isOurs = ({ version }: Pick<Standing, 'version'>) => version === __COORD_VERSION__;
  const standing = readTwice<Pick<Standing, 'version'>, Standing>(pathIn(place), isOurs);
  if (standing === null) return null;
  const { root, gitDir, commonDir } = standing.repository;
  if (root !== place.root || gitDir !== place.gitDir || commonDir !== place.commonDir) return null;
  if (statSync(pathIn(place)).mtimeMs - standing.changed < SETTLED_MS) return null;
  for (const path in standing.files) if (signatureOf(path) !== standing.files[path]) return null;
  const isLinked = linkIn(join(commonDir, 'coord')) !== null || linkIn(join(gitDir, SESSIONS_FOLDER)) !== null;
  return isLinked ? null : standing;
}

type Place = Pick<Repository, 'root' | 'gitDir' | 'commonDir'>;

function placeOf(cwd: string): Place | null {
  for (let root = cwd; ; root = dirname(root)) {
    const dotGit = join(root, '.git');
    const stats = statSync(dotGit, { throwIfNoEntry: false });
    if (stats?.isDirectory()) return { root, gitDir: dotGit, commonDir: dotGit };
    if (stats !== undefined) {
      const gitDir = /^gitdir: (.+?)[\r\n]*$/s.exec(readFileSync(dotGit, 'utf8'))?.[1];
      const commonDir = /^(\/.*)\/worktrees\/[^/]+$/.exec(gitDir ?? '')?.[1];
      return gitDir === undefined || commonDir === undefined ? null : { root, gitDir, commonDir };
    }
    if (dirname(root) === root) return null;
  }
}

/** Variables that make git look elsewhere. */
const ELSEWHERE = [
  'GIT_WORK_TREE',
  'GIT_COMMON_DIR',
  'GIT_OBJECT_DIRECTORY',
  'GIT_NAMESPACE',
  'GIT_CEILING_DIRECTORIES',
];

/** A hook is told the very directory that it runs in. */
function isOwnPlace({ gitDir }: Place, cwd: string, env: Environment): boolean {
  if (ELSEWHERE.some((name) => env[name] !== undefined)) return false;
  return (env.GIT_DIR ?? '') === '' || resolve(cwd, env.GIT_DIR ?? '') === gitDir;
}

/** One file a worktree. */
function pathIn({ gitDir, commonDir }: Place): string {
  const name = gitDir === commonDir ? 'main' : gitDir.slice(`${commonDir}/worktrees/`.length);
  return join(commonDir, 'coord', 'standing', `${name}.json`);
}

/** The files that say how a worktree stands, as they are now. */
function filesOf({ root, gitDir, commonDir }: Repository, { remote, main }: Authority): Record<string, string> {
  const branch = main?.branch.name.replace(`${remote}/`, '') ?? 'main';
  const names = [...new Set([branch, 'main', 'master'])];
  const paths = [
    ...[join(root, '.git'), join(gitDir, 'HEAD'), join(gitDir, 'commondir'), join(root, CONFIG_FILE)],
    ...[
      'config',
      'config.worktree',
      'packed-refs',
      `refs/remotes/${remote}/HEAD`,
      'coord/last-fetch.json',
      'coord/rules.json',
    ],
    ...names.flatMap((name) => [`refs/remotes/${remote}/${name}`, `logs/refs/remotes/${remote}/${name}`]),
    ...names.map((name) => `refs/heads/${name}`),
  ].map((path) => resolve(commonDir, path));
  const isFile = (path: string) => statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true;
  return Object.fromEntries(paths.filter(isFile).map((path) => [path, signatureOf(path)]));
}

/**
 * Keeps how a worktree stands, unless a file that says so changes meanwhile.
 * @param read reads all of it anew
 */
export async function keepStanding(
  { repository, authority }: Pick<Standing, 'repository' | 'authority'>,
  read: () => Promise<Omit<Standing, 'version' | 'files' | 'changed'> | null>,
): Promise<void> {
  const { sharedBits, foldsCase, takenForBare, objectFormat, refFormat, env } = repository;
  const isUsual = sharedBits === 0 && !foldsCase && !takenForBare && Object.keys(env).length === 0;
  if (!isUsual || objectFormat !== 'sha1' || refFormat !== 'files') return;
  if (settingOf(cloneSettings(repository), 'core.worktree') !== null) return;
  const files = filesOf(repository, authority);
  const found = await read();
  if (found === null || JSON.stringify(filesOf(repository, found.authority)) !== JSON.stringify(files)) return;
  const changed = Math.max(...Object.values(files).map((signature) => Number(signature.split(' ')[3] ?? 0)));
  const version = __COORD_VERSION__;
  writeTwice(pathIn(repository), { version }, { version, files, changed, ...found });
}
