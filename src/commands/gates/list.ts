import type { Context } from '../../context.js';
import { lintGates } from '../../domain/gates/lint.js';
import { CoordError } from '../../errors.js';
import { gateListLines } from '../../render/gates.js';
import { targetConfig } from '../deploy/order.js';
import { type ProtectedConfig, protectedConfig } from '../main-branch/protected-config.js';
import type { Verb } from '../verb.js';
import { whereFrom } from './source.js';

export const gateList: Verb = {
  arguments: [['[target]', 'one deploy target; else all']],
  examples: [['coord gate list', 'which target needs which gates, and what blocks or weakens them']],
  notes: ['Read from the main branch as last fetched: what stands in your own copy counts for nothing.'],
  async run(context, input) {
    const source = await protectedConfig(context);
    const { gates, deploy } = source.config;
    const only = input.argument(0);
    if (only !== undefined) targetConfig(source, only);
    const targets = Object.entries(deploy)
      .filter(([target]) => only === undefined || target === only)
      .map(([target, { gates: needs }]) => ({ target, gates: needs }));
    const problems = lintGates({ gates, deploy }).filter(({ target }) => only === undefined || target === only);
    const data = { from: source.from, targets, gates, problems };
    return {
      data,
      text: (style) => gateListLines(data, whereFrom(source), style),
      warnings: await differences(context, source),
    };
  },
};

async function differences(context: Context, { config, from }: ProtectedConfig): Promise<string[]> {
  if (from === null) return ['coord.config.json is on no main branch yet: until it is, no gate opens'];
  const here = await context.config().catch((error: unknown) => {
    if (error instanceof CoordError) return null;
    throw error;
  });
  const same = here !== null && (['gates', 'deploy'] as const).every((key) => equal(here[key], config[key]));
  return same
    ? []
    : ['the gates in coord.config.json here are other ones: they count once they are on the main branch'];
}

function equal(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
