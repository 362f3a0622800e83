import { lintRules } from '../../domain/rules/lint.js';
import { parseRules, ruleKey } from '../../domain/rules/parse.js';
import { coord } from '../../domain/suggestion.js';
import { nearest, oneLine, plural } from '../../domain/text.js';
import { CoordError, usage } from '../../errors.js';
import { lintedLine, problemLines, ruleLine, ruleLines, rulesHeading } from '../../render/rules.js';
import { rulesFolder } from '../../workspace/main-branch.js';
import { rulesInForce, workingRules } from '../../workspace/rules.js';
import type { Fields, Verb } from '../verb.js';

const RULES = {
  digest: 'text',
  source: ['text | null', 'where they were read, such as origin/main'],
  commit: 'commit | null',
  rules: 'Rule[]',
  differing: ['object[]', 'files that the working copy has otherwise'],
} as const satisfies Fields;
export const rulesList: Verb = {
  examples: [['coord rules', 'the rules in force, with their digest']],
  notes: ['They come from the main branch as last fetched; from the working copy only while that branch has none.'],
  answers: RULES,
  async run(context) {
    const rules = await rulesInForce(context);
    return {
      data: rules,
      text: (style) => [...rulesHeading(rules, style), ...rules.rules.map((rule) => ruleLine(rule, style))],
    };
  },
};

export const rulesShow: Verb = {
  arguments: [['<id>', 'of the rule, as coord rules lists it']],
  examples: [['coord rules show claim-before-you-change', 'one rule, and the file that it stands in']],
  answers: RULES,
  async run(context, input) {
    const asked = input.argument(0) ?? '';
    const inForce = await rulesInForce(context);
    const rules = inForce.rules.filter(({ id }) => ruleKey(id) === ruleKey(asked));
    if (rules.length === 0) {
      const known = inForce.rules.map(({ id }) => id);
      const meant = nearest(ruleKey(asked), known.map(ruleKey));
      const suggestion = meant === undefined ? '' : ` (did you mean ${meant}?)`;
      throw usage(
        `no such rule: ${oneLine(asked)}${suggestion}`,
        meant === undefined ? coord('rules') : coord(`rules show ${meant}`),
        { known },
      );
    }
    return {
      data: { ...inForce, rules },
      text: (style) => [...rules.flatMap((rule) => ruleLines(rule, style)), ...rulesHeading(inForce, style)],
    };
  },
};

export const rulesLint: Verb = {
  examples: [['coord rules lint', 'before you commit a change of the rules']],
  notes: [
    'It looks at the working copy. Warnings leave the exit code at 0; an error hides a rule or makes it unclear.',
  ],
  answers: { folder: 'text', rules: 'number', problems: 'object[]' },
  async run(context) {
    const folder = await rulesFolder(context);
    const files = workingRules(context, folder);
    if (files.length === 0) {
      throw usage(
        `no rules in ${folder}`,
        `${coord('init')} writes the starter rules; "rules" in coord.config.json names the folder`,
      );
    }
    const problems = lintRules(files);
    const errors = problems.filter(({ severity }) => severity === 'error');
    const warnings = problems.length - errors.length;
    if (errors.length > 0) {
      const counts = `${plural(errors.length, 'error')}, ${plural(warnings, 'warning')}`;
      return new CoordError('usage', [...problemLines(problems), counts].join('\n'), {
        hint: `fix the errors, then: ${coord('rules lint')}`,
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
