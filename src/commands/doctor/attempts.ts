import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Config } from '../../config/config.js';
import { CONFIG_FILE } from '../../config/load.js';
import type { Attempt } from '../../domain/doctor/enforcement.js';
import { matches } from '../../domain/ground/index.js';
import { patternTarget } from '../../domain/ground/patterns.js';
import { oneLine } from '../../domain/text.js';
import { CoordError, usage } from '../../errors.js';
import { readWorktreeFile } from '../../git/files.js';
import { type Git, type GitResult, gitIn, gitText } from '../../git/run.js';
import { captureProgram } from '../../programs/run.js';
import type { HooksReport } from '../../render/guard/installed.js';
import type { Context } from '../../workspace/context.js';
import { MOST_BYTES_READ, mainBranch, type ProtectedConfig } from '../../workspace/main-branch.js';

const HOLDER = 'doctor-holder';
const INTRUDER = 'doctor-intruder';
const COMMAND_MS = 60_000;
const HOOK_MS = 120_000;
const NO_HOOKS = '/dev/null';

export const ACTORS = { holder: HOLDER, intruder: INTRUDER };

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Plays the conflict through: one agent holds a path, another tries to change it in each way there is. */
export class Attempts {
  /** @param harness whether a harness in this worktree asks before an edit */
  constructor(
    private readonly context: Context,
    private readonly stage: Stage,
    private readonly hooks: HooksReport,
    private readonly harness: boolean,
  ) {}

  /** @throws CoordError `fault` when the conflict cannot be set up. */
  async plant(): Promise<void> {
    const { path } = this.stage;
    await this.mustRun(HOLDER, ['init']);
    for (const agent of [HOLDER, INTRUDER]) await this.mustRun(agent, ['session', 'start']);
    await this.mustRun(HOLDER, ['claim', '--literal', '--reason', 'coord doctor --prove', '--', path]);
  }

  async claim(): Promise<Attempt> {
    const { code, stderr } = await this.coord(INTRUDER, ['claim', '--literal', '--', this.stage.path]);
    const stopped = code === 3;
    const why = stopped ? 'refused, naming the holder' : `exit ${code}: ${firstLine(stderr)}`;
    return { id: 'claim', what: 'coord claim', layer: 'claims', ...outcome(stopped, 'coord claim'), why };
  }

  /** In the dialect of one harness: they all lead to the same judgement. */
  async edit(): Promise<Attempt> {
    const base = { id: 'edit', what: 'an edit in the harness', layer: 'harness' } as const;
    if (!this.harness) {
      return { ...base, outcome: 'not-tried', by: null, why: 'no harness here asks before an edit' };
    }
    const file = join(this.stage.root, this.stage.path);
    const payload = {
      ...{ hook_event_name: 'PreToolUse', session_id: INTRUDER, cwd: this.stage.root, tool_name: 'Write' },
      tool_input: { file_path: file, content: 'planted\n' },
    };
    const { code, stdout, stderr } = await this.coord(
      INTRUDER,
      ['guard', 'hook', 'claude-code'],
      JSON.stringify(payload),
    );
    const stopped = code === 2 || /"permissionDecision":\s*"deny"/.test(stdout);
    return { ...base, ...outcome(stopped, 'edit hook'), why: stopped ? 'denied' : firstLine(`${stdout}${stderr}`) };
  }

  async commit(): Promise<Attempt> {
    return this.commitBy({
      id: 'commit',
      what: 'git commit',
      hooks: ['pre-commit', 'prepare-commit-msg'],
      options: [],
    });
  }

  async noVerify(): Promise<Attempt> {
    const hooks = ['prepare-commit-msg'];
    return this.commitBy({ id: 'no-verify', what: 'git commit --no-verify', hooks, options: ['--no-verify'] });
  }

  /** What a program does that writes the commit itself. It stays, for the next attempts. */
  async plumbing(): Promise<Attempt> {
    const git = this.stage.git(INTRUDER);
    await this.stageChange();
    const tree = await gitText(git, ['write-tree']);
    const commit = await gitText(git, ['commit-tree', tree, '-p', this.stage.main, '-m', 'planted']);
    await gitText(git, ['update-ref', 'refs/heads/work', commit]);
    const why = 'no hook runs for it: the push and the audit see it';
    return { ...{ id: 'plumbing', what: 'git commit-tree, git update-ref' }, ...NOBODYS, why };
  }

  async push(): Promise<Attempt> {
    const base = { id: 'push', what: 'git push', layer: 'hooks' } as const;
    if (!this.isGuarded(['pre-push'])) return { ...base, ...NOT_THERE };
    const pushed = await this.pushWith([], this.hooks.folder);
    const stopped = (await this.remoteMain()) === this.stage.main;
    return { ...base, ...judged(pushed, stopped, 'pre-push') };
  }

  async pushNoVerify(): Promise<Attempt> {
    await this.pushWith(['--no-verify'], NO_HOOKS);
    const what = 'git push --no-verify, or from a clone without hooks';
    const stopped = (await this.remoteMain()) === this.stage.main;
    const why = 'no hook of this clone runs for it: protect the main branch at the server, and audit it';
    if (stopped) return { ...{ id: 'push-no-verify', what, layer: null }, ...outcome(true, 'the remote'), why };
    return { ...{ id: 'push-no-verify', what }, ...NOBODYS, why };
  }

  async audit(): Promise<Attempt> {
    const base = { id: 'audit', what: 'coord audit', layer: 'ci' } as const;
    const { main, onSurface } = this.stage;
    if (!onSurface) {
      return { ...base, outcome: 'not-tried', by: null, why: 'no file of the main branch is on the surface' };
    }
    const { code, stdout, stderr } = await this.coord(null, ['audit', '--json', `${main}..refs/heads/work`]);
    const found = code === 4 && stdout.includes(HOLDER);
    if (!found) return { ...base, ...outcome(false, ''), why: `exit ${code}: ${firstLine(stderr)}` };
    const why = 'finds the commit, and who held the path; it counts where CI runs it';
    return { ...base, outcome: 'found', by: 'coord audit', why };
  }

  private async commitBy(way: {
    readonly id: 'commit' | 'no-verify';
    readonly what: string;
    readonly hooks: readonly string[];
    readonly options: readonly string[];
  }): Promise<Attempt> {
    const base = { id: way.id, what: way.what, layer: 'hooks' } as const;
    if (!this.isGuarded(way.hooks)) return { ...base, ...NOT_THERE };
    await this.stageChange();
    const git = this.stage.git(INTRUDER);
    const settings = [
      '-c',
      `core.hooksPath=${this.hooks.folder}`,
      '-c',
      'commit.gpgSign=false',
      '-c',
      'core.editor=true',
    ];
    const args = [...settings, 'commit', '--quiet', '--message', 'planted', ...way.options];
    const committed = await git(args, { timeoutMs: HOOK_MS });
    const stopped = (await gitText(git, ['rev-parse', 'HEAD'])) === this.stage.main;
    await gitText(git, ['update-ref', 'refs/heads/work', this.stage.main]);
    return { ...base, ...judged(committed, stopped, way.hooks[0] ?? '') };
  }

  /** Whether a guard of coord's stands first in one of these hooks: without it, only others' programs would run. */
  private isGuarded(names: readonly string[]): boolean {
    return this.hooks.hooks.some(
      ({ hook, standing }) => names.includes(hook) && (standing === 'live' || standing === 'stale'),
    );
  }

  private async stageChange(): Promise<void> {
    const git = this.stage.git(INTRUDER);
    const { main, path } = this.stage;
    await gitText(git, ['read-tree', main]);
    const blob = await gitText(git, ['hash-object', '-w', '--stdin'], { input: 'planted by coord doctor --prove\n' });
    await gitText(git, ['update-index', '-z', '--index-info'], { input: `100644 ${blob}\t${path}\0` });
  }

  private pushWith(options: readonly string[], hooks: string): Promise<GitResult> {
    const { remoteName, branch } = this.stage;
    const settings = ['-c', `core.hooksPath=${hooks}`, '-c', 'push.gpgSign=false'];
    const args = [...settings, 'push', '--quiet', ...options, remoteName, `refs/heads/work:refs/heads/${branch}`];
    return this.stage.git(INTRUDER)(args, { timeoutMs: HOOK_MS });
  }

  private remoteMain(): Promise<string> {
    const { remote, branch } = this.stage;
    return gitText(this.stage.git(INTRUDER), ['--git-dir', remote, 'rev-parse', `refs/heads/${branch}`]);
  }

  private async mustRun(agent: string, args: readonly string[]): Promise<void> {
    const { code, stderr } = await this.coord(agent, args);
    if (code === 0) return;
    throw new CoordError('fault', `the conflict could not be planted: coord ${args[0]}: ${firstLine(stderr)}`, {
      hint: 'please report this with the output of coord doctor --json',
      details: { stderr: stderr.slice(0, 2000) },
    });
  }

  /** The program that the hooks would start, in a process of its own. */
  private async coord(agent: string | null, args: readonly string[], input = ''): Promise<Ran> {
    const { host } = this.context;
    const program = join(host.packageRoot, 'bin', 'coord.js');
    const { end, stdout, stderr } = await captureProgram({
      command: [host.node, program, ...args],
      cwd: this.stage.root,
      env: this.stage.env(agent ?? ''),
      stdin: input,
      timeoutMs: COMMAND_MS,
      onStop: (listener) => host.onStop(listener),
    });
    if (end.kind === 'not-started') return { code: 128, stdout, stderr: end.reason };
    return { code: end.exit, stdout, stderr: stderr === '' && end.kind !== 'ended' ? `it was ${end.kind}` : stderr };
  }
}

const NOT_THERE = {
  outcome: 'not-tried',
  by: null,
  why: 'no guard of coord is in that hook: nothing would stop it',
} as const;
const NOBODYS = { layer: null, outcome: 'not-stopped', by: null } as const;

function outcome(stopped: boolean, by: string): Pick<Attempt, 'outcome' | 'by'> {
  return stopped ? { outcome: 'stopped', by } : { outcome: 'not-stopped', by: null };
}

/** Who refuses a change for coord's reasons names the holder. */
function judged({ stderr }: GitResult, stopped: boolean, hook: string): Pick<Attempt, 'outcome' | 'by' | 'why'> {
  if (!stopped) return { ...outcome(false, ''), why: 'the guard let it through' };
  if (stderr.includes(HOLDER)) return { ...outcome(true, hook), why: 'refused, naming the holder' };
  return { ...outcome(true, 'another program in the hook'), why: firstLine(stderr) };
}

function firstLine(text: string): string {
  return oneLine(text.trim().split('\n')[0] ?? '').slice(0, 200);
}

/** A copy of the repository in which a conflict can be played through, with a remote of its own. */
interface Stage {
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
  const branch = main.fetched ? main.name.slice(config.remote.length + 1) : main.name;
  const [remote, root] = [join(folder, 'remote.git'), join(folder, 'work')];
  const env = (agent: string) => environmentOf(context, agent);
  await makeRepository(context, remote, ['--bare']);
  await makeRepository(context, root, []);
  const there = gitIn(remote, env(''));
  await gitText(there, ['update-ref', `refs/heads/${branch}`, main.commit]);
  await gitText(there, ['symbolic-ref', 'HEAD', `refs/heads/${branch}`]);
  const here = gitIn(root, env(''));
  const tracking = `refs/remotes/${config.remote}`;
  await gitText(here, ['remote', 'add', config.remote, remote]);
  await gitText(here, ['update-ref', `${tracking}/${branch}`, main.commit]);
  await gitText(here, ['symbolic-ref', `${tracking}/HEAD`, `${tracking}/${branch}`]);
  await gitText(here, ['update-ref', 'refs/heads/work', main.commit]);
  await gitText(here, ['symbolic-ref', 'HEAD', 'refs/heads/work']);
  await gitText(here, ['read-tree', main.commit]);
  await writeConfig(context, here, root, from?.commit ?? null);
  const facts = { root, remote, remoteName: config.remote, branch, main: main.commit };
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
  const listed = await gitText(git, ['ls-tree', '-r', '-z', '--name-only', '--full-tree', commit]);
  const files = listed.split('\0').filter((path) => path !== '' && path !== CONFIG_FILE);
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
