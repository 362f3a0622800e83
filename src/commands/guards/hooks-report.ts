import { join } from 'node:path';
import type { Context } from '../../context.js';
import { type HooksPath, readHooksPath } from '../../git/hooks-path.js';
import { HookFiles } from '../../guards/hook-files.js';
import type { Program } from '../../guards/hook-script.js';
import type { HooksReport } from '../../render/hooks.js';

/** The folder of hooks of this worktree, and how the guards in it stand. */
export interface HooksHere {
  readonly path: HooksPath;
  readonly files: HookFiles;
  readonly report: HooksReport;
}

/** How the git hooks of this worktree stand; for `coord hooks status` and `coord doctor`. Writes nothing. */
export async function readHooks(context: Context): Promise<HooksHere> {
  const path = await readHooksPath(context.repository, context.git);
  const files = new HookFiles(path.folder, context.repository.root);
  const hooks = files.status(programOf(context));
  return { path, files, report: reportOf(path, hooks) };
}

export function reportOf(path: HooksPath, hooks: HooksReport['hooks']): HooksReport {
  return {
    folder: path.folder,
    setting: path.setting,
    isOwn: path.isOwn,
    guarded: hooks.every(isLive),
    hooks,
  };
}

/** Not every hook manager knows `pre-applypatch`; where it was installed and is gone, there is a problem. */
function isLive({ hook, standing, problem }: HooksReport['hooks'][number]): boolean {
  return standing === 'live' || standing === 'managed' || (hook === 'pre-applypatch' && problem === null);
}

/** What a hook that is installed now will run. */
export function programOf({ host }: Context): Program {
  return { node: host.node, coord: join(host.packageRoot, 'bin', 'coord.js') };
}
