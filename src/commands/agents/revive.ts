import { isPerson } from '../../person.js';
import { refusalError } from '../../render/refusals.js';
import { transact } from '../../store/transact.js';
import type { Verb } from '../verb.js';

export const agentRevive: Verb = {
  arguments: [['<id>', 'the agent that was stopped']],
  examples: [['coord agent revive noor', 'let it act again; what it held stays lost']],
  notes: ['Only an orchestrator or a person at a terminal may.'],
  async run(context, input) {
    const store = await context.store();
    // Stopped or not is decided on what is so now, even where nothing is to be written.
    await store.latest();
    const decision = await transact(
      store,
      {
        kind: 'revive',
        ...(await context.requestBase()),
        victim: input.argument(0) ?? '',
        person: isPerson(context.host),
      },
      context.surroundings,
    );
    if (!decision.ok) return refusalError(decision.refusal, context.now());
    const { agent, changed } = decision.result;
    return {
      data: { agent, changed },
      text: (style) =>
        changed ? `${style.good('revived')} ${agent.id}; it holds nothing` : `${agent.id} is not stopped`,
    };
  },
};
