import { ruleLine, rulesHeading } from '../../render/rules.js';
import type { Verb } from '../verb.js';
import { rulesInForce } from './source.js';

export const rulesList: Verb = {
  examples: [['coord rules', 'the rules in force, with their digest']],
  notes: ['They come from the main branch as last fetched; from the working copy only while that branch has none.'],
  async run(context) {
    const rules = await rulesInForce(context);
    return {
      data: rules,
      text: (style) => [...rulesHeading(rules, style), ...rules.rules.map((rule) => ruleLine(rule, style))],
    };
  },
};
