import { join } from 'node:path';
import type { Attempt } from '../../domain/doctor/checkup.js';
import { oneLine } from '../../domain/text.js';
import { CoordError } from '../../errors.js';
import { type GitResult, gitText } from '../../git/run.js';
import { captureProgram } from '../../programs/run.js';
import type { HooksReport } from '../../render/guard/installed.js';
import type { Context } from '../../workspace/context.js';
import type { Stage } from './stage.js';

const HOLDER = 'doctor-holder';
const INTRUDER = 'doctor-intruder';
/** What all of them claim who come at once. */
const RUSHED = '@doctor/rush';
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

  /** So many agents claim the very same thing at once, each in a process of its own. */
  async rush(agents: number): Promise<Attempt> {
    const names = Array.from({ length: agents }, (_, at) => `doctor-${at + 1}`);
    // The project may demand a session of whoever claims.
    for (const agent of names) await this.mustRun(agent, ['session', 'start']);
    const ran = await Promise.all(names.map((agent) => this.coord(agent, ['claim', RUSHED, '--json'])));
    const granted = names.filter((_, at) => ran[at]?.code === 0);
    const refused = ran.filter(
      ({ code, stdout }) => code === 3 && granted.some((name) => stdout.includes(`"${name}"`)),
    );
    const rest = agents - granted.length - refused.length;
    const undecided = rest === 0 ? '' : `, ${rest} without an answer`;
    const why = `${granted.length} of ${agents} granted, ${refused.length} refused, naming the holder${undecided}`;
    const what = `coord claim by ${agents} agents at once`;
    return { id: 'rush', what, layer: 'claims', ...outcome(granted.length === 1, 'coord claim'), why };
  }

  /** In the dialect of one harness: they all lead to the same judgement. */
  async edit(): Promise<Attempt> {
    const base = { id: 'edit', what: 'an edit in the harness', layer: 'harness' } as const;
    if (!this.harness) {
      return { ...base, outcome: 'not-tried', by: null, why: 'no harness here asks coord before an edit' };
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
