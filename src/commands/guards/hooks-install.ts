import { relative } from 'node:path';
import type { Context } from '../../context.js';
import { oneLine } from '../../domain/text.js';
import { type HooksChanged, installedLines, notOwnHooks } from '../../render/hooks.js';
import { withLocalLock } from '../../store/queue/local-lock.js';
import type { Verb } from '../verb.js';
import { type HooksHere, programOf, readHooks, reportOf } from './hooks-report.js';

export const hooksInstall: Verb = {
  examples: [
    ['coord hooks install', 'stop commits and pushes of what nobody claimed, in every worktree of this clone'],
  ],
  notes: [
    'Hooks that are there already are kept, and run after the guard. coord hooks uninstall puts them back as they were.',
    'Hooks that other repositories use too (a global core.hooksPath) are never touched.',
  ],
  async run(context) {
    return withLocalLock(context.localDirectory, context.surroundings, async () => {
      const { path, files, report } = await readHooks(context);
      if (!path.isOwn) return notOwnHooks(report);
      const program = programOf(context);
      const { written, movedAside } = files.install(program);
      const done: HooksChanged = { ...reportOf(path, files.status(program)), written, movedAside };
      return {
        data: done,
        text: (style) => installedLines(done, style),
        warnings: [...asideWarnings(movedAside), ...trackedWarnings(context, { path })],
      };
    });
  },
};

function asideWarnings(movedAside: readonly string[]): string[] {
  return movedAside.map((file) => `an earlier hook, which a later one had replaced, is kept in ${oneLine(file)}`);
}

/** Hooks in the worktree are files like any other, and the guard in them names this machine’s coord. */
function trackedWarnings({ repository }: Context, { path }: Pick<HooksHere, 'path'>): string[] {
  const inside = relative(repository.root, path.folder);
  if (inside.startsWith('..') || inside.startsWith('.git')) return [];
  return [`${oneLine(inside)} is in the worktree: each worktree has hooks of its own, so install them in each`];
}
