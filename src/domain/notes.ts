import type { Note, State } from './model.js';
import type { Decision, NoteRequest } from './request.js';
import type { Instant } from './time.js';

/** Ends every output of the log. */
export const LOG_DISCLAIMER = 'This is a log: not a claim, not permission.';

/** Adds an entry to the log. Nothing reads the log to decide a claim, a gate or a deploy. */
export function decideNote(state: State, request: NoteRequest, now: Instant): Decision<'note'> {
  const note: Note = {
    id: `${request.operation}-n`,
    at: now,
    agent: request.agent,
    session: request.session,
    kind: request.noteKind,
    text: request.text,
    to: request.to,
    target: request.target,
    needsAck: request.needsAck,
    ref: request.ref,
  };
  return {
    ok: true,
    state: { ...state, notes: [...state.notes, note] },
    events: [
      {
        type: 'note.added',
        at: now,
        agent: note.agent,
        session: note.session,
        note: note.id,
        kind: note.kind,
        ref: note.ref,
      },
    ],
    result: { note },
    summary: `${note.kind === 'ack' ? `ack of ${note.ref}` : `${note.kind} ${note.id}`} by ${note.agent}`,
  };
}

/** A note with who has still to acknowledge it. */
export interface OpenNote extends Note {
  readonly pending: readonly string[];
}

/** Notes addressed to this agent, or awaiting its acknowledgement, newest last. */
export function inboxOf(notes: readonly Note[], agent: string): OpenNote[] {
  const acks = new Set(notes.filter((note) => note.kind === 'ack').map((note) => `${note.ref} ${note.agent}`));
  return notes
    .filter((note) => note.kind !== 'ack' && (note.to.includes(agent) || note.needsAck.includes(agent)))
    .map((note) => ({ ...note, pending: note.needsAck.filter((id) => !acks.has(`${note.id} ${id}`)) }));
}
