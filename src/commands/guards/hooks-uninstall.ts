import { existsSync } from 'node:fs';
import { oneLine } from '../../domain/text.js';
import { notOwnHooks, uninstalledLines } from '../../render/hooks.js';
import { withLocalLock } from '../../store/queue/local-lock.js';
import type { Verb } from '../verb.js';
import { readHooks } from './hooks-report.js';

export const hooksUninstall: Verb = {
  examples: [['coord hooks uninstall', 'take the guards away, and put back what was there before']],
  async run(context) {
    return withLocalLock(context.localDirectory, context.surroundings, async () => {
      const { path, files, report } = await readHooks(context);
      if (!path.isOwn) return notOwnHooks(report);
      const done = { folder: path.folder, ...files.uninstall() };
      const left = done.left.map(
        (hook) =>
          `${hook} is another program’s now, and stays; what was there before coord is in ${oneLine(files.keptFolder)}`,
      );
      const others = done.left.length === 0 && existsSync(files.keptFolder);
      if (others)
        left.push(`other files stay in ${oneLine(files.keptFolder)}: earlier hooks that a later one had replaced`);
      return { data: done, text: (style) => uninstalledLines(done, style), warnings: left };
    });
  },
};
