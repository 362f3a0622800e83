import { hooksLines } from '../../render/hooks.js';
import type { Verb } from '../verb.js';
import { readHooks } from './hooks-report.js';

export const hooksStatus: Verb = {
  examples: [['coord hooks status', 'whether the guards are live in this worktree']],
  notes: ['A hook manager that installs itself again takes the place of a guard; then run coord hooks install again.'],
  async run(context) {
    const { report } = await readHooks(context);
    return { data: report, text: (style) => hooksLines(report, style) };
  },
};
