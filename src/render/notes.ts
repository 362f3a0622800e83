import { LOG_DISCLAIMER, type OpenNote } from '../domain/log/notes.js';
import type { Note } from '../domain/model.js';
import { coord } from '../domain/suggestion.js';
import { oneLine, plural, shorten } from '../domain/text.js';
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
  const kind = note.kind === 'ack' ? `ack of ${note.ref}` : note.kind;
  const to = note.to.length === 0 || note.kind === 'ack' ? '' : ` to ${note.to.map(oneLine).join(', ')}`;
  const target = note.target === null ? '' : ` on ${style.target(oneLine(note.target))}`;
  const text = note.text === '' ? '' : `: ${shorten(oneLine(note.text), mostCharacters)}`;
  const awaits = note.pending.length === 0 ? '' : style.warn(` · awaits ${note.pending.map(oneLine).join(', ')}`);
  const id = note.kind === 'ack' ? '' : style.dim(` · ${oneLine(note.id)}`);
  return `${clock(note.at, now)} ${style.bold(oneLine(note.agent))} ${oneLine(kind)}${to}${target}${text}${awaits}${id}`;
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

export function notedLines(note: Note, style: Style): string[] {
  const asked = note.needsAck.length === 0 ? '' : `; asked to acknowledge it: ${note.needsAck.join(', ')}`;
  return [`${style.good('noted')} ${note.id}${asked}`, disclaimer(style)];
}

export function ackedLines(note: Note, of: Note, already: boolean, style: Style): string[] {
  const what = `${note.ref} (${of.agent}: ${shorten(oneLine(of.text), 60)})`;
  return [already ? `acknowledged before: ${what}` : `${style.good('acknowledged')} ${what}`, disclaimer(style)];
}

export function disclaimer(style: Style): string {
  return style.dim(LOG_DISCLAIMER);
}
