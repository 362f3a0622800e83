import { oneLine } from '../../domain/text.js';
import { usage } from '../../errors.js';
import { asWritten } from '../../render/command-words.js';
import { refusalError } from '../../render/refusals.js';
import { transact } from '../../store/transact.js';
import { readText } from '../text-input.js';
import type { Input, Verb } from '../verb.js';

const LONGEST_STATE = 500;

export const state: Verb = {
  arguments: [['[text]', 'what you are doing; printed when left out']],
  options: [['--clear', 'say nothing any more']],
  examples: [
    ['coord state "moving pagination into the query layer"', 'others see it in coord agents'],
    ['coord state', 'what you said last'],
  ],
  notes: ['It says what is so now, and is overwritten; for the story use coord note --kind state. It grants nothing.'],
  async run(context, input) {
    const text = readState(input);
    const base = await context.requestBase();
    const store = await context.store();
    if (text === undefined) {
      const snapshot = await store.read();
      const said = snapshot.state.agents.find(({ id }) => id === base.agent)?.state ?? null;
      return {
        data: { agent: base.agent, state: said },
        text: () => (said === null ? 'no state' : asWritten(oneLine(said))),
      };
    }
    const decision = await transact(store, { kind: 'set-state', ...base, text }, context.surroundings);
    if (!decision.ok) return refusalError(decision.refusal, context.now());
    return {
      data: { agent: base.agent, state: text },
      text: (style) =>
        text === null ? `${style.good('cleared')}` : `${style.good('state')} ${asWritten(oneLine(text))}`,
    };
  },
};

/** null clears it, undefined asks for it. */
function readState(input: Input): string | null | undefined {
  const text = input.argument(0);
  if (!input.flag('clear')) return text === undefined ? undefined : readText('the state', text, LONGEST_STATE);
  if (text !== undefined) throw usage('a text and --clear exclude each other', 'use one');
  return null;
}
