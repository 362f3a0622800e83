import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Config, codeRemotes } from '../../config/config.js';
import { CONFIG_FILE } from '../../config/load.js';
import { matches } from '../../domain/ground/index.js';
import { patternTarget } from '../../domain/ground/patterns.js';
import { usage } from '../../errors.js';
import { readWorktreeFile } from '../../git/files.js';
import { type Git, gitIn, gitList, gitText } from '../../git/run.js';
import type { ProtectedConfig } from '../../workspace/authority.js';
import type { Context } from '../../workspace/context.js';
import { MOST_BYTES_READ, mainBranch } from '../../workspace/main-branch.js';

/** A copy of the repository in which a conflict can be played through, with a remote of its own. */
export interface Stage {
  readonly root: string;
  readonly remote: string;
  /** Name of the remote in the copy: the one that the configuration names. */
  readonly remoteName: string;
  /** Short name of the main branch. */
  readonly branch: string;
  /** The commit that it stands at. */
  readonly main: string;
  /** What will be changed. */
  readonly path: string;
  /** Whether it is on the surface: the main branch may have no file there. */
  readonly onSurface: boolean;
  /** Runs git in the copy as an agent. */
  git(agent: string): Git;
  /** The environment of a program that acts as an agent there. */
  env(agent: string): Record<string, string>;
}

const FALLBACK_PATH = 'coord-prove.txt';

/**
 * Makes the copy: it shares the objects of the repository, has the main branch as last fetched, and takes its hooks from
 * where git takes those of the repository. Its remote is a bare repository beside it, so nothing real is written to.
 * @throws CoordError `usage` when there is no main branch yet.
 */
export async function setStage(context: Context, folder: string, { config, from }: ProtectedConfig): Promise<Stage> {
  const main = from ?? (await mainBranch(context));
  if (main === null) throw usage('nothing to prove it on: there is no main branch yet', 'commit something first');
  const branch = main.fetched ? main.name.slice(config.mainRemote.length + 1) : main.name;
  const [remote, root] = [join(folder, 'remote.git'), join(folder, 'work')];
  const env = (agent: string) => environmentOf(context, agent);
  await makeRepository(context, remote, ['--bare']);
  await makeRepository(context, root, []);
  const there = gitIn(remote, env(''));
  await gitText(there, ['update-ref', `refs/heads/${branch}`, main.commit]);
  await gitText(there, ['symbolic-ref', 'HEAD', `refs/heads/${branch}`]);
  const here = gitIn(root, env(''));
  const tracking = `refs/remotes/${config.mainRemote}`;
  for (const name of codeRemotes(config)) await gitText(here, ['remote', 'add', name, remote]);
  await gitText(here, ['update-ref', `${tracking}/${branch}`, main.commit]);
  await gitText(here, ['symbolic-ref', `${tracking}/HEAD`, `${tracking}/${branch}`]);
  await gitText(here, ['update-ref', 'refs/heads/work', main.commit]);
  await gitText(here, ['symbolic-ref', 'HEAD', 'refs/heads/work']);
  await gitText(here, ['read-tree', main.commit]);
  await writeConfig(context, here, root, from?.commit ?? null);
  const facts = { root, remote, remoteName: config.mainRemote, branch, main: main.commit };
  return {
    ...facts,
    ...(await choosePath(context, config, main.commit)),
    git: (agent) => gitIn(root, env(agent)),
    env,
  };
}

async function makeRepository({ repository, git }: Context, path: string, options: readonly string[]): Promise<void> {
  const format = `--object-format=${repository.objectFormat}`;
  await gitText(git, ['init', '--quiet', '--template=', format, ...options, path]);
  // Hooks that belong to all of a person's repositories are none of this one's; those that are tried are named.
  await gitText(git, ['-C', path, 'config', 'core.hooksPath', '/dev/null']);
  const gitDir = options.includes('--bare') ? path : join(path, '.git');
  mkdirSync(join(gitDir, 'objects', 'info'), { recursive: true });
  writeFileSync(join(gitDir, 'objects', 'info', 'alternates'), `${join(repository.commonDir, 'objects')}\n`);
  const shallow = join(repository.commonDir, 'shallow');
  if (existsSync(shallow)) copyFileSync(shallow, join(gitDir, 'shallow'));
}

/** The configuration of the main branch, where it has one, or else of the working copy; it is what guards go by there. */
async function writeConfig({ repository }: Context, git: Git, root: string, commit: string | null): Promise<void> {
  const text =
    commit === null
      ? readWorktreeFile(repository.root, CONFIG_FILE, MOST_BYTES_READ)?.text
      : await gitText(git, ['cat-file', 'blob', `${commit}:${CONFIG_FILE}`]);
  const path = join(root, CONFIG_FILE);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text ?? '{}');
}

/** A file of the surface, or any file where the surface has none. */
async function choosePath(
  { git, repository }: Context,
  { surface, rules }: Config,
  commit: string,
): Promise<Pick<Stage, 'path' | 'onSurface'>> {
  const listed = await gitList(git, ['ls-tree', '-r', '-z', '--name-only', '--full-tree', commit]);
  const files = listed.filter((path) => path !== CONFIG_FILE);
  const others = files.filter((path) => !path.startsWith(`${rules}/`));
  const options = { foldCase: repository.foldsCase };
  const targets = surface.map(patternTarget);
  const isOn = (path: string) => targets.some((target) => matches(target, path.normalize('NFC'), options));
  const path = others.find(isOn) ?? files.find(isOn);
  return path === undefined ? { path: files[0] ?? FALLBACK_PATH, onSurface: false } : { path, onSurface: true };
}

/** Variables that would say who acts, where, or that the guards are off. */
const NOT_PASSED =
  /^(?:COORD_|GIT_(?!CONFIG_NOSYSTEM$|CONFIG_GLOBAL$|CONFIG_SYSTEM$|EXEC_PATH$|SSL_))|^(?:CLAUDE|CODEX|GEMINI|CURSOR)/;

function environmentOf({ host }: Context, agent: string): Record<string, string> {
  const kept = Object.entries(host.env).filter(([name, value]) => value !== undefined && !NOT_PASSED.test(name));
  const author = { GIT_AUTHOR_NAME: 'coord doctor', GIT_AUTHOR_EMAIL: 'doctor@coord.invalid' };
  const committer = { GIT_COMMITTER_NAME: 'coord doctor', GIT_COMMITTER_EMAIL: 'doctor@coord.invalid' };
  const who = agent === '' ? {} : { COORD_AGENT: agent };
  return { ...(Object.fromEntries(kept) as Record<string, string>), ...author, ...committer, ...who, NO_COLOR: '1' };
}
