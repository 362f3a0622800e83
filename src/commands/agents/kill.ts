import { isPerson } from '../../person.js';
import { killedLines } from '../../render/agents.js';
import { refusalError } from '../../render/refusals.js';
import { transact } from '../../store/transact.js';
import { requiredReason } from '../text-input.js';
import type { Verb } from '../verb.js';

export const agentKill: Verb = {
  arguments: [['<id>', 'the agent to stop']],
  options: [['-r, --reason <text>', 'why; the agent is told it']],
  examples: [['coord agent kill noor --reason "edits the wrong branch"', 'revoke all its claims; it may only read']],
  notes: ['Only an orchestrator or a person at a terminal may. It is coordination, not security: it ends no process.'],
  async run(context, input) {
    const reason = requiredReason(input.text('reason'), 'the agent is told it');
    const store = await context.store();
    // Stopped or not is decided on what is so now, even where nothing is to be written.
    await store.latest();
    const decision = await transact(
      store,
      {
        kind: 'kill',
        ...(await context.requestBase()),
        victim: input.argument(0) ?? '',
        reason,
        person: isPerson(context.host),
      },
      context.surroundings,
    );
    const now = context.now();
    if (!decision.ok) return refusalError(decision.refusal, now);
    const { result } = decision;
    return { data: result, text: (style) => killedLines(result, !result.changed, now, style) };
  },
};
