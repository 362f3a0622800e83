import { ruleKey } from '../../domain/rules/sections.js';
import { oneLine } from '../../domain/text.js';
import { usage } from '../../errors.js';
import { ruleLines, rulesHeading } from '../../render/rules.js';
import { nearest } from '../line/nearest.js';
import type { Verb } from '../verb.js';
import { rulesInForce } from './source.js';

export const rulesShow: Verb = {
  arguments: [['<id>', 'of the rule, as coord rules lists it']],
  examples: [['coord rules show claim-before-you-change', 'one rule, and the file that it stands in']],
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
        meant === undefined ? 'coord rules' : `coord rules show ${meant}`,
        { known },
      );
    }
    return {
      data: { ...inForce, rules },
      text: (style) => [...rules.flatMap((rule) => ruleLines(rule, style)), ...rulesHeading(inForce, style)],
    };
  },
};
