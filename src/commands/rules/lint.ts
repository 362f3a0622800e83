import { lintRules } from '../../domain/rules/lint.js';
import { parseRules } from '../../domain/rules/parse.js';
import { plural } from '../../domain/text.js';
import { CoordError, usage } from '../../errors.js';
import { lintedLine, problemLines } from '../../render/rules.js';
import { rulesFolder } from '../main-branch/files.js';
import type { Verb } from '../verb.js';
import { workingRules } from './source.js';

export const rulesLint: Verb = {
  examples: [['coord rules lint', 'before you commit a change of the rules']],
  notes: [
    'It looks at the working copy. Warnings leave the exit code at 0; an error hides a rule or makes it unclear.',
  ],
  async run(context) {
    const folder = await rulesFolder(context);
    const files = workingRules(context, folder);
    if (files.length === 0) {
      throw usage(
        `no rules in ${folder}`,
        'coord init writes the starter rules; "rules" in coord.config.json names the folder',
      );
    }
    const problems = lintRules(files);
    const errors = problems.filter(({ severity }) => severity === 'error');
    const warnings = problems.length - errors.length;
    if (errors.length > 0) {
      const counts = `${plural(errors.length, 'error')}, ${plural(warnings, 'warning')}`;
      return new CoordError('usage', [...problemLines(problems), counts].join('\n'), {
        hint: 'mend the errors, then: coord rules lint',
        details: { folder, problems },
      });
    }
    const count = parseRules(files).length;
    return {
      data: { folder, rules: count, problems },
      text: (style) => [...problemLines(problems), lintedLine(count, warnings, folder, style)],
    };
  },
};
