import { overlaps } from '../../domain/ground/index.js';
import { patternTarget } from '../../domain/ground/patterns.js';
import type { Target } from '../../domain/ground/targets.js';
import { inboxOf, LOG_DISCLAIMER, type OpenNote, withPending } from '../../domain/log/notes.js';
import type { NoteKind } from '../../domain/model.js';
import { addSeconds, epochMs, instantOf, parseDuration } from '../../domain/time.js';
import { usage } from '../../errors.js';
import { successEnvelope } from '../../render/envelope.js';
import { disclaimer, inboxLines, logLines, noteLine } from '../../render/notes.js';
import { REMOTE_POLL_MS } from '../../store/queue/watch.js';
import type { GitStore } from '../../store/swap/git-store.js';
import type { Context } from '../../workspace/context.js';
import { LISTING_OPTIONS, type Listing, readListing } from '../input.js';
import { type Input, LOG_FIELDS, type Success, type Verb } from '../verb.js';
import { follow } from '../watch.js';
import { findNote, readTargetOption, TARGET_OPTION } from './note.js';

const KINDS: readonly NoteKind[] = ['note', 'intent', 'proposal', 'state', 'handoff', 'ack'];

export const log: Verb = {
  options: [
    ...LISTING_OPTIONS,
    ['--kind <kind>', `the kind of note; one of ${KINDS.join(', ')}`],
    TARGET_OPTION,
    ['--follow', 'then print each new one, until interrupted; with --json one object a line'],
    ['--no-fetch', 'do not fetch; use what this clone has'],
  ],
  examples: [
    ['coord log --since 2h', 'the last two hours'],
    ['coord log --by maya --kind proposal', 'what maya proposed'],
    ['coord log --follow --json', 'for a program that watches'],
  ],
  notes: [LOG_DISCLAIMER],
  answers: { notes: 'Note[]', 'older?': 'number', ...LOG_FIELDS },
  async run(context, input) {
    const filter = readFilter(context, input);
    const store = await context.store();
    const fetch = !input.negated('fetch');
    if (input.flag('follow')) return followLog(context, store, filter, fetch);
    if (fetch) await store.latest();
    const { notes, older } = select(context, withPending(await store.readLog()), filter);
    const now = context.now();
    return {
      data: { notes, older, disclaimer: LOG_DISCLAIMER },
      text: (style) => logLines(notes, older, now, style),
    };
  },
};

interface Filter extends Listing {
  readonly since: string | undefined;
  readonly kind: NoteKind | undefined;
  readonly target: Target | null;
}

function readFilter(context: Context, input: Input): Filter {
  const kindText = input.text('kind');
  const kind = KINDS.find((known) => known === kindText);
  if (kindText !== undefined && kind === undefined) {
    throw usage(`no such kind of note: ${JSON.stringify(kindText)}`, `one of: ${KINDS.join(', ')}`);
  }
  return { ...readListing(input), since: input.text('since'), kind, target: readTargetOption(context, input) };
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

function isAskedFor(note: OpenNote, { by, kind, target }: Filter): boolean {
  return (
    (by === null || note.agent === by) &&
    (kind === undefined || note.kind === kind) &&
    (target === null || (note.target !== null && overlaps(patternTarget(note.target), target)))
  );
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
    ['--all', 'all of them; including those that you have acknowledged'],
    ['--no-fetch', 'do not fetch; use what this clone has'],
  ],
  examples: [
    ['coord inbox', 'notes to you that you have not acknowledged yet'],
    ['coord ack NOTE', 'remove one from it'],
  ],
  notes: [LOG_DISCLAIMER],
  answers: { notes: 'Note[]', closed: 'number', ...LOG_FIELDS },
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

const LONGEST_SLEEP_MS = 60_000;

/** Prints the notes that were asked for, then each new one once; with `--json` each in an envelope of its own, one a line. */
async function followLog(context: Context, store: GitStore, filter: Filter, fetch: boolean): Promise<Success> {
  const { json } = context.flags;
  const asksRemote = fetch && store.reach === 'remote';
  if (asksRemote) await store.latest();
  const seen = new Set<string>();
  await follow(context, ({ style, say, write, unlessAway }) => {
    const print = (notes: readonly OpenNote[]) => {
      for (const note of notes) {
        if (json) write(successEnvelope('log', { notes: [note], disclaimer: LOG_DISCLAIMER }, []));
        else say(noteLine(note, context.now(), style));
      }
    };
    let begun = false;
    return async () => {
      if (asksRemote && begun) await unlessAway(() => store.latest());
      const all = withPending(await store.readLog());
      if (begun) print(all.filter((note) => !seen.has(note.id) && isAskedFor(note, filter)));
      else print(select(context, all, filter).notes);
      // An end may never come, so it is said at the beginning too.
      if (!begun && !json) say(disclaimer(style));
      begun = true;
      for (const { id } of all) seen.add(id);
      return asksRemote ? REMOTE_POLL_MS : LONGEST_SLEEP_MS;
    };
  });
  return { data: { notes: [], disclaimer: LOG_DISCLAIMER }, text: disclaimer };
}
