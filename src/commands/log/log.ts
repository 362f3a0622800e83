import { inboxOf, LOG_DISCLAIMER, type OpenNote, withPending } from '../../domain/log/notes.js';
import type { NoteKind } from '../../domain/model.js';
import { addSeconds, epochMs, instantOf, parseDuration } from '../../domain/time.js';
import { usage } from '../../errors.js';
import { inboxLines, logLines } from '../../render/notes.js';
import type { Context } from '../../workspace/context.js';
import { checkAgentId } from '../../workspace/identity.js';
import { readCount } from '../counts.js';
import type { Input, Verb } from '../verb.js';
import { followLog } from './follow.js';
import { findNote } from './note.js';

const DEFAULT_LIMIT = 50;
const KINDS: readonly NoteKind[] = ['note', 'intent', 'proposal', 'state', 'handoff', 'ack'];

export const log: Verb = {
  options: [
    ['--since <when>', 'a duration such as 2h, an instant, or the id of a note: what came after'],
    ['--agent <id>', 'only what this agent wrote (here it does not say who you are)'],
    ['--kind <kind>', `only this kind: ${KINDS.join(', ')}`],
    ['--limit <n>', `the newest so many; ${DEFAULT_LIMIT} unless --since is given`],
    ['--follow', 'then print each new note, until interrupted; with --json one object a line'],
    ['--no-fetch', 'read what is here'],
  ],
  examples: [
    ['coord log --since 2h', 'the last two hours'],
    ['coord log --agent maya --kind proposal', 'what maya proposed'],
    ['coord log --follow --json', 'for a program that watches'],
  ],
  notes: [LOG_DISCLAIMER],
  async run(context, input) {
    const filter = readFilter(input);
    const store = await context.store();
    const fetch = !input.negated('fetch');
    if (input.flag('follow')) {
      const begin = (notes: readonly OpenNote[]) => select(context, notes, filter).notes;
      return followLog(context, store, { begin, wants: (note) => isAskedFor(note, filter), fetch });
    }
    if (fetch) await store.latest();
    const { notes, older } = select(context, withPending(await store.readLog()), filter);
    const now = context.now();
    return {
      data: { notes, older, disclaimer: LOG_DISCLAIMER },
      text: (style) => logLines(notes, older, now, style),
    };
  },
};

interface Filter {
  readonly since: string | undefined;
  readonly agent: string | undefined;
  readonly kind: NoteKind | undefined;
  readonly limit: number;
}

function readFilter(input: Input): Filter {
  const [since, agent, kindText, limit] = ['since', 'agent', 'kind', 'limit'].map((name) => input.text(name));
  const kind = KINDS.find((known) => known === kindText);
  if (kindText !== undefined && kind === undefined) {
    throw usage(`no such kind of note: ${JSON.stringify(kindText)}`, `one of: ${KINDS.join(', ')}`);
  }
  const unlimited = since === undefined ? DEFAULT_LIMIT : Number.POSITIVE_INFINITY;
  return {
    since,
    agent: agent === undefined ? undefined : checkAgentId(agent),
    kind,
    limit: limit === undefined ? unlimited : readCount('--limit', limit),
  };
}

/** The notes that were asked for, and how many older ones the limit left out. */
function select(
  context: Context,
  notes: readonly OpenNote[],
  filter: Filter,
): { readonly notes: OpenNote[]; readonly older: number } {
  const found = after(context, notes, filter.since).filter((note) => isAskedFor(note, filter));
  const older = Math.max(0, found.length - filter.limit);
  return { notes: found.slice(older), older };
}

function isAskedFor(note: OpenNote, { agent, kind }: Filter): boolean {
  return (agent === undefined || note.agent === agent) && (kind === undefined || note.kind === kind);
}

/** @throws CoordError `usage` for what is no duration, instant, or note. */
function after(context: Context, notes: readonly OpenNote[], since: string | undefined): readonly OpenNote[] {
  if (since === undefined) return notes;
  const seconds = parseDuration(since);
  if (seconds !== null) {
    const begin = addSeconds(context.now(), -seconds);
    return notes.filter(({ at }) => at >= begin);
  }
  if (/^\d{4}-\d{2}-\d{2}/.test(since) && !Number.isNaN(epochMs(since))) {
    const begin = instantOf(epochMs(since));
    return notes.filter(({ at }) => at >= begin);
  }
  return notes.slice(notes.indexOf(findNote(notes, since)) + 1);
}

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
