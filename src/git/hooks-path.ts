import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import type { Repository } from './repository.js';
import { type Git, gitText } from './run.js';

/** Where git looks for the hooks of a worktree. */
export interface HooksPath {
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
export async function readHooksPath({ root, commonDir }: Repository, git: Git): Promise<HooksPath> {
  const named = await gitText(git, ['rev-parse', '--git-path', 'hooks']);
  const folder = realPathOf(resolve(root, named));
  const { code, stdout } = await git(['config', '--show-scope', '-z', '--get', 'core.hooksPath']);
  const [scope = '', value = ''] = stdout.toString('utf8').split('\0');
  const setting = code === 0 ? { scope, value } : null;
  const isShared = setting !== null && setting.scope !== 'local' && setting.scope !== 'worktree';
  const isOwn = !isShared && [root, commonDir].some((own) => isBelow(realPathOf(own), folder));
  const mayBeTracked = setting !== null && isBelow(root, folder) && !isBelow(realPathOf(commonDir), folder);
  const tracked = mayBeTracked ? await git(['ls-files', '-z', '--', relative(root, folder)]) : null;
  return { folder, setting, isOwn, isTracked: (tracked?.stdout.length ?? 0) > 0, exists: existsSync(folder) };
}

/** Not the folder itself: what is kept beside it would be outside. */
function isBelow(own: string, folder: string): boolean {
  const path = relative(own, folder);
  return path !== '' && path !== '..' && !path.startsWith(`..${sep}`) && resolve(own, path) === folder;
}

function realPathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return dirname(path) === path ? path : join(realPathOf(dirname(path)), basename(path));
  }
}
