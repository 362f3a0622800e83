import { overlaps } from '../../domain/ground/index.js';
import { patternTarget } from '../../domain/ground/patterns.js';
import type { Target } from '../../domain/ground/targets.js';
import { inboxOf, LOG_DISCLAIMER, type OpenNote, withPending } from '../../domain/log/notes.js';
import type { NoteKind } from '../../domain/model.js';
import { asTyped } from '../../domain/suggestion.js';
import { addSeconds, epochMs, instantOf, parseDuration } from '../../domain/time.js';
import { CoordError, usage } from '../../errors.js';
import { successEnvelope } from '../../render/envelope.js';
import { disclaimer, inboxLines, logLines, noteLine } from '../../render/notes.js';
import { loadStyle, wantsColour } from '../../render/style.js';
import { Wakeup, watchRef } from '../../store/queue/watch.js';
import type { GitStore } from '../../store/swap/git-store.js';
import type { Context } from '../../workspace/context.js';
import { LISTING_OPTIONS, type Listing, readListing } from '../input.js';
import type { Input, Success, Verb } from '../verb.js';
import { findNote, readTargetOption, TARGET_OPTION } from './note.js';

const KINDS: readonly NoteKind[] = ['note', 'intent', 'proposal', 'state', 'handoff', 'ack'];

export const log: Verb = {
  options: [
    ...LISTING_OPTIONS,
    ['--kind <kind>', `the kind of note; one of ${KINDS.join(', ')}`],
    TARGET_OPTION,
    ['--follow', 'then print each new one, until interrupted; with --json one object a line'],
    ['--no-fetch', 'read what is here'],
  ],
  examples: [
    ['coord log --since 2h', 'the last two hours'],
    ['coord log --by maya --kind proposal', 'what maya proposed'],
    ['coord log --follow --json', 'for a program that watches'],
  ],
  notes: [LOG_DISCLAIMER],
  async run(context, input) {
    const filter = readFilter(context, input);
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
    ['--all', 'all of them; those too that you have acknowledged'],
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

/** Another clone's notes cannot wake this one, so the remote is asked this often. */
const REMOTE_POLL_MS = 2_000;
const LONGEST_SLEEP_MS = 60_000;

export interface FollowPlan {
  /** What of the log so far is printed first. */
  readonly begin: (notes: readonly OpenNote[]) => readonly OpenNote[];
  /** Which of the notes to come are printed. */
  readonly wants: (note: OpenNote) => boolean;
  /** Whether the remote is asked. */
  readonly fetch: boolean;
}

/**
 * Prints the notes that were asked for, then each new one once, as the branch moves, until it is asked to stop or nobody
 * reads any more. With `--json` each note comes in an envelope of its own, one a line.
 */
async function followLog(context: Context, store: GitStore, { begin, wants, fetch }: FollowPlan): Promise<Success> {
  const wakeup = new Wakeup();
  const { ref } = await context.config();
  const watcher = watchRef({ repository: context.repository, ref, onChange: () => wakeup.ring() });
  const unlisten = context.host.onStop(() => wakeup.stop());
  const asksRemote = fetch && store.reach === 'remote';
  try {
    const print = await printer(context, wakeup);
    const seen = new Set<string>();
    let first = true;
    let reached = true;
    while (!wakeup.stopped) {
      wakeup.reset();
      if (asksRemote) reached = await refresh(context, store, reached, first);
      const all = withPending(await store.readLog());
      const fresh = first ? begin(all) : all.filter((note) => !seen.has(note.id) && wants(note));
      for (const { id } of all) seen.add(id);
      print(fresh, first);
      first = false;
      await wakeup.wait(asksRemote ? REMOTE_POLL_MS : LONGEST_SLEEP_MS);
    }
  } finally {
    unlisten();
    watcher.close();
  }
  return { data: { notes: [], disclaimer: LOG_DISCLAIMER }, text: disclaimer };
}

/** A remote that is away for a while does not end the watch: it is told once, and what is written here is still seen. */
async function refresh(context: Context, store: GitStore, reached: boolean, first: boolean): Promise<boolean> {
  try {
    await store.latest();
    return true;
  } catch (error) {
    if (first || !(error instanceof CoordError) || error.code !== 'unavailable') throw error;
    if (reached) context.host.stderr.write(`${error.message}; asking on\n`);
    return false;
  }
}

async function printer(
  context: Context,
  wakeup: Wakeup,
): Promise<(notes: readonly OpenNote[], first: boolean) => void> {
  const { stdout, env } = context.host;
  const style = await loadStyle(wantsColour(env, stdout.isTTY ?? false));
  const write = (line: string) =>
    stdout.write(line, (error) => {
      if (error) wakeup.stop();
    });
  return (notes, first) => {
    for (const note of notes) {
      if (context.flags.json) write(successEnvelope('log', { notes: [note], disclaimer: LOG_DISCLAIMER }, []));
      else write(`${asTyped(noteLine(note, context.now(), style), context.standpoint)}\n`);
    }
    // An end may never come, so it is said at the beginning too.
    if (first && !context.flags.json) write(`${disclaimer(style)}\n`);
  };
}
