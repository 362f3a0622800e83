import { LOG_DISCLAIMER, type OpenNote, withPending } from '../../domain/log/notes.js';
import { asTyped } from '../../domain/suggestion.js';
import { CoordError } from '../../errors.js';
import { successEnvelope } from '../../render/envelope.js';
import { disclaimer, noteLine } from '../../render/notes.js';
import { loadStyle, wantsColour } from '../../render/style.js';
import { Wakeup, watchRef } from '../../store/queue/watch.js';
import type { GitStore } from '../../store/swap/git-store.js';
import type { Context } from '../../workspace/context.js';
import type { Success } from '../verb.js';

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
export async function followLog(
  context: Context,
  store: GitStore,
  { begin, wants, fetch }: FollowPlan,
): Promise<Success> {
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
