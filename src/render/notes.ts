import { LOG_DISCLAIMER, type NoteNews, type OpenNote } from '../domain/log/notes.js';
import type { Note } from '../domain/model.js';
import { coord } from '../domain/suggestion.js';
import { oneLine, plural, said, shorten } from '../domain/text.js';
import type { Instant } from '../domain/time.js';
import { clock } from './format.js';
import type { Style } from './style.js';

/** `14:02 maya proposal to noor on src/api/**: text · awaits noor · n42`, one line whatever the text holds. */
export function noteLine(
  note: OpenNote,
  now: Instant,
  style: Style,
  mostCharacters = Number.POSITIVE_INFINITY,
): string {
  const kind = note.kind === 'ack' ? `${note.refused ? 'no to' : 'ack of'} ${note.ref}` : note.kind;
  const to = note.to.length === 0 || note.kind === 'ack' ? '' : ` to ${note.to.map(oneLine).join(', ')}`;
  const target = note.target === null ? '' : ` on ${style.target(oneLine(note.target))}`;
  const text = note.text === '' ? '' : `: ${shorten(oneLine(note.text), mostCharacters)}`;
  const until = note.answerBy === null ? '' : ` until ${clock(note.answerBy, now)}`;
  const awaits =
    note.pending.length === 0 ? '' : style.warn(` · awaits ${note.pending.map(oneLine).join(', ')}${until}`);
  const refused = note.refusedBy.length === 0 ? '' : style.warn(` · no from ${note.refusedBy.map(oneLine).join(', ')}`);
  const id = note.kind === 'ack' ? '' : style.dim(` · ${oneLine(note.id)}`);
  return `${clock(note.at, now)} ${style.bold(oneLine(note.agent))} ${oneLine(kind)}${to}${target}${text}${awaits}${refused}${id}`;
}

/** The notes, oldest first, how many older ones were left out, and what a log is. */
export function logLines(notes: readonly OpenNote[], older: number, now: Instant, style: Style): string[] {
  return [
    ...(older > 0 ? [style.dim(`and ${plural(older, 'older note')}: ${coord('log --all')}`)] : []),
    ...(notes.length === 0 ? ['no notes'] : notes.map((note) => noteLine(note, now, style))),
    disclaimer(style),
  ];
}

export function inboxLines(notes: readonly OpenNote[], closed: number, now: Instant, style: Style): string[] {
  return [
    ...(notes.length === 0 ? ['nothing open'] : notes.map((note) => noteLine(note, now, style))),
    ...(closed > 0 ? [style.dim(`and ${plural(closed, 'acknowledged note')}: ${coord('inbox --all')}`)] : []),
    disclaimer(style),
  ];
}

export function notedLines(note: Note, now: Instant, style: Style): string[] {
  const until = note.answerBy === null ? '' : ` until ${clock(note.answerBy, now)}`;
  const asked = note.needsAck.length === 0 ? '' : `; asked to acknowledge it${until}: ${note.needsAck.join(', ')}`;
  return [`${style.good('noted')} ${note.id}${asked}`, disclaimer(style)];
}

export function ackedLines(note: Note, of: Note, already: boolean, style: Style): string[] {
  const what = `${note.ref} (${of.agent}: ${shorten(oneLine(of.text), 60)})`;
  const done = note.refused ? 'said no to' : 'acknowledged';
  return [already ? `already ${done}: ${what}` : `${style.good(done)} ${what}`, disclaimer(style)];
}

const WIDEST_QUOTE = 80;

/** What an agent is told about notes after whatever command it ran, a line each. */
export function newsLines({ owed, answers, overdue }: NoteNews, now: Instant): string[] {
  const quoted = ({ text }: Note) => said(shorten(text, WIDEST_QUOTE));
  return [
    ...owed.map((note) => {
      const until =
        note.answerBy === null ? '' : `${note.answerBy > now ? ' until' : ', due'} ${clock(note.answerBy, now)}`;
      return `${oneLine(note.agent)} waits for your answer to ${note.id}${until}: ${quoted(note)}: ${coord(`ack ${note.id}`)}, or ${coord(`ack ${note.id} --no`)}`;
    }),
    ...answers.map((note) => {
      const words = note.text === '' ? '' : `: ${quoted(note)}`;
      if (note.kind !== 'ack') return `${oneLine(note.agent)} on your ${note.ref}${words}`;
      return `${oneLine(note.agent)} ${note.refused ? 'said no to' : 'acknowledged'} ${note.ref}${words}`;
    }),
    ...overdue.map(
      (note) =>
        `no answer to ${note.id} by ${clock(note.answerBy ?? now, now)} from ${note.pending.map(oneLine).join(', ')}: ${quoted(note)}`,
    ),
  ];
}

/** Intents of others on ground that somebody comes to, a line each. */
export function intentLines(intents: readonly Note[], now: Instant): string[] {
  return intents.map(
    ({ id, at, agent, target, text }) =>
      `intent of ${oneLine(agent)} on ${oneLine(target ?? '')} at ${clock(at, now)}: ${said(shorten(text, WIDEST_QUOTE))} (${id}: a note, it holds nothing)`,
  );
}

export function disclaimer(style: Style): string {
  return style.dim(LOG_DISCLAIMER);
}
