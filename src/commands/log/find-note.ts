import type { Note } from '../../domain/model.js';
import { type CoordError, usage } from '../../errors.js';
import { refusalError } from '../../render/refusals.js';

const MOST_LISTED = 5;

/**
 * The note with this id, or with the only id that begins so.
 * @throws CoordError `usage` when there is none, or more than one.
 */
export function findNote<N extends Note>(notes: readonly N[], id: string): N {
  const exact = notes.find((note) => note.id === id);
  if (exact) return exact;
  const begun = id === '' ? [] : notes.filter((note) => note.id.startsWith(id));
  const [only] = begun;
  if (only === undefined) throw unknownNote(id);
  if (begun.length === 1) return only;
  const ids = begun.slice(-MOST_LISTED).map((note) => note.id);
  throw usage(`${begun.length} notes begin with ${id}: ${ids.join(', ')}`, 'name one of them: coord log', {
    notes: ids,
  });
}

function unknownNote(note: string): CoordError {
  // An instant stands only in the words of other refusals.
  return refusalError({ code: 'usage', reason: 'unknown-note', note }, '');
}
