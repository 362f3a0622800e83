import type { Note } from '../../domain/model.js';
import { findAck, LOG_DISCLAIMER } from '../../domain/notes.js';
import { usage } from '../../errors.js';
import { ackedLines } from '../../render/notes.js';
import { refusalError } from '../../render/refusals.js';
import type { GitStore } from '../../store/git-store.js';
import { transact } from '../../store/transact.js';
import { readText } from '../text-input.js';
import type { Success, Verb } from '../verb.js';
import { findNote } from './find-note.js';
import { LONGEST_NOTE } from './note.js';

export const ack: Verb = {
  arguments: [
    ['<note>', 'its id, or the beginning of it'],
    ['[text]', 'what to say with it'],
  ],
  examples: [['coord ack 1jdq8v0k "fine with me"', 'the author sees it in coord log; it permits nothing']],
  notes: [LOG_DISCLAIMER],
  async run(context, input) {
    const said = input.argument(1);
    const text = said === undefined ? '' : readText('the text', said, LONGEST_NOTE);
    const base = await context.requestBase();
    const store = await context.store();
    const log = await logWith(store, input.argument(0) ?? '');
    const earlier = findAck(log.notes, log.note.id, base.agent);
    if (earlier && base.requestId === null) return success(earlier, log.note, true);
    const { id: ref, agent: author, target } = log.note;
    const to = author === base.agent ? [] : [author];
    const decision = await transact(
      store,
      { kind: 'note', ...base, noteKind: 'ack', text, to, target, needsAck: [], ref },
      context.surroundings,
    );
    if (!decision.ok) return refusalError(decision.refusal, context.now());
    return success(decision.result.note, log.note, !decision.result.added);
  },
};

/** The log with the note of this id, as it is known here; where it is not, as the arbiter has it. */
async function logWith(store: GitStore, id: string): Promise<{ readonly notes: readonly Note[]; readonly note: Note }> {
  const known = await store.readLog();
  if (!known.some((note) => note.id === id)) await store.latest();
  const notes = await store.readLog();
  const note = findNote(notes, id);
  if (note.kind !== 'ack') return { notes, note };
  throw usage(`${note.id} is itself an ack, of ${note.ref}`, 'answer it with a note: coord note "…" --to ID');
}

function success(given: Note, of: Note, already: boolean): Success {
  return {
    data: { notes: [given], already, disclaimer: LOG_DISCLAIMER },
    text: (style) => ackedLines(given, of, already, style),
  };
}
