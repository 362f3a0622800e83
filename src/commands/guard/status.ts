import { existsSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { realPathIfThere } from '../../git/if-there.js';
import type { Repository } from '../../git/repository.js';
import { type Git, gitIn, gitText } from '../../git/run.js';
import { worktreesOf } from '../../git/worktree.js';
import { HookFiles, type HookStatus } from '../../guards/hook-files.js';
import type { Program } from '../../guards/hook-script.js';
import { type GuardReport, guardsOff, type HooksReport, remedyFor, statusLines } from '../../render/guard/installed.js';
import type { Context } from '../../workspace/context.js';
import { underSetupLock } from '../../workspace/setup-lock.js';
import type { Fields, Verb } from '../verb.js';

/** What a worktree's hooks are, as a record of its own and as part of an answer. */
export const guardedHooksFields = {
  root: ['text', 'the worktree'],
  folder: ['text', 'where git takes its hooks from'],
  setting: ['object | null', 'core.hooksPath: its scope and value'],
  isOwn: ['boolean', 'whether the folder belongs to this repository alone'],
  guarded: 'boolean',
  hooks: 'Hook[]',
  next: ['text | null', 'the command that makes the guards live there'],
} as const satisfies Fields;

export const guardStatus: Verb = {
  examples: [['coord guard status', 'whether the guards are live, in each worktree of this clone']],
  notes: [
    'Exit code 6 where they are off in a worktree, with the command that puts them back there.',
    'A hook manager that installs itself again takes the place of a guard; then run coord guard install again.',
  ],
  answers: { guarded: 'boolean', worktrees: ['HooksOfWorktree[]', 'this worktree first'] },
  async run(context) {
    const report = await readGuards(context);
    if (report.worktrees.some(({ guarded }) => !guarded)) return guardsOff(report);
    return { data: report, text: (style) => statusLines(report, style) };
  },
};

/** The folder of hooks of a worktree, and how the guards in it stand. */
export interface HooksHere {
  readonly path: HooksPath;
  readonly files: HookFiles;
  readonly report: HooksReport;
}

/** How the guards stand in each worktree of this clone, this one first. Writes nothing. */
export async function readGuards(context: Context): Promise<GuardReport> {
  const worktrees: HooksReport[] = [];
  for (const one of await worktreesOf(context.repository, context.git)) {
    worktrees.push((await readHooks(context, one)).report);
  }
  return { guarded: worktrees.every(({ guarded }) => guarded), worktrees };
}

/** How the git hooks of a worktree stand. Writes nothing. */
export async function readHooks(context: Context, repository: Repository = context.repository): Promise<HooksHere> {
  const path = await readHooksPath(repository, gitIn(repository, context.host.env));
  const files = new HookFiles(path.folder, repository.root);
  return { path, files, report: reportOf(repository, path, files.status(programOf(context))) };
}

export function reportOf({ root }: Repository, path: HooksPath, hooks: readonly HookStatus[]): HooksReport {
  const { folder, setting, isOwn } = path;
  const guarded = hooks.every(isLive);
  return { root, folder, setting, isOwn, guarded, hooks, next: guarded ? null : remedyFor(root, path) };
}

/** Not every hook manager knows `pre-applypatch`; where it was installed and is gone, there is a problem. */
function isLive({ hook, standing, problem }: HookStatus): boolean {
  return standing === 'live' || standing === 'managed' || (hook === 'pre-applypatch' && problem === null);
}

/** What a hook that is installed now will run. */
export function programOf({ host }: Context): Program {
  return { node: host.node, coord: join(host.packageRoot, 'bin', 'coord.js') };
}

/**
 * Puts back the guards of this worktree where they were installed and do not run as they are: written for a coord that
 * has moved, replaced by a hook manager, or missing here while another worktree of the clone has them. What somebody set
 * in the configuration of git, or took away in all worktrees, stays.
 * @returns the hooks that were written
 */
export async function repairGuards(context: Context): Promise<readonly string[]> {
  const here = await readHooks(context);
  if (!mayRepair(here)) return [];
  const wereHere = here.report.hooks.some(({ standing }) => standing === 'stale' || standing === 'overwritten');
  if (!wereHere && !(await readGuards(context)).worktrees.some(({ guarded }) => guarded)) return [];
  return underSetupLock(context, async () => {
    const again = await readHooks(context);
    return mayRepair(again) ? again.files.install(programOf(context)).written : [];
  });
}

function mayRepair({ path, report }: HooksHere): boolean {
  return !report.guarded && path.isOwn && !path.isTracked;
}

/** Where git looks for the hooks of a worktree. */
interface HooksPath {
  /** Absolute, symbolic links resolved. */
  readonly folder: string;
  /** `core.hooksPath`, and the scope that it is set in: `local`, `worktree`, `global`, `system`, `command`; null: not set. */
  readonly setting: { readonly scope: string; readonly value: string } | null;
  /** Whether the folder and the one beside it belong to this repository alone: inside a worktree of it, or its git directory. */
  readonly isOwn: boolean;
  /** Whether files in it are committed: what is written there would be everybody's. */
  readonly isTracked: boolean;
  /** Whether it is there. */
  readonly exists: boolean;
}

/** @param git that runs in this worktree */
async function readHooksPath({ root, commonDir }: Repository, git: Git): Promise<HooksPath> {
  const named = await gitText(git, ['rev-parse', '--git-path', 'hooks']);
  const folder = realPathIfThere(resolve(root, named));
  const { code, stdout } = await git(['config', '--show-scope', '-z', '--get', 'core.hooksPath']);
  const [scope = '', value = ''] = stdout.toString('utf8').split('\0');
  const setting = code === 0 ? { scope, value } : null;
  const isShared = setting !== null && setting.scope !== 'local' && setting.scope !== 'worktree';
  const isOwn = !isShared && [root, commonDir].some((own) => isBelow(realPathIfThere(own), folder));
  const mayBeTracked = setting !== null && isBelow(root, folder) && !isBelow(realPathIfThere(commonDir), folder);
  const tracked = mayBeTracked ? await git(['ls-files', '-z', '--', relative(root, folder)]) : null;
  return { folder, setting, isOwn, isTracked: (tracked?.stdout.length ?? 0) > 0, exists: existsSync(folder) };
}

/** Not the folder itself: what is kept beside it would be outside. */
function isBelow(own: string, folder: string): boolean {
  const path = relative(own, folder);
  return path !== '' && path !== '..' && !path.startsWith(`..${sep}`) && resolve(own, path) === folder;
}
