import { inboxOf, LOG_DISCLAIMER } from '../../domain/notes.js';
import { inboxLines } from '../../render/notes.js';
import type { Verb } from '../verb.js';

export const inbox: Verb = {
  options: [
    ['--all', 'those that you have acknowledged, too'],
    ['--no-fetch', 'read what is here'],
  ],
  examples: [
    ['coord inbox', 'notes to you that you have not acknowledged yet'],
    ['coord ack NOTE', 'take one out of it'],
  ],
  notes: [LOG_DISCLAIMER],
  async run(context, input) {
    const { agent } = context.identity();
    const store = await context.store();
    if (!input.negated('fetch')) await store.latest();
    const received = inboxOf(await store.readLog(), agent);
    const notes = input.flag('all') ? received : received.filter(({ open }) => open);
    const closed = received.length - notes.length;
    const now = context.now();
    return {
      data: { notes, closed, disclaimer: LOG_DISCLAIMER },
      text: (style) => inboxLines(notes, closed, now, style),
    };
  },
};
