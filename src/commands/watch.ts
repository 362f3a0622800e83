import { asTyped } from '../domain/suggestion.js';
import { CoordError } from '../errors.js';
import { successEnvelope } from '../render/envelope.js';
import { loadStyle, type Style, wantsColour } from '../render/style.js';
import { Wakeup, watchFolder, watchRef } from '../store/queue/watch.js';
import type { Context } from '../workspace/context.js';
import type { Success } from './verb.js';

/** A wakeup that rings whenever the state moves, and stops when the process is asked to stop; until it is closed. */
export interface Listener {
  readonly wakeup: Wakeup;
  close(): void;
}

/** @param folder what comes into it, or leaves it, rings as well */
export async function listen(context: Context, folder?: string): Promise<Listener> {
  const wakeup = new Wakeup();
  const onChange = () => wakeup.ring();
  const { ref } = await context.config();
  const watches = [watchRef({ repository: context.repository, ref, onChange })];
  if (folder !== undefined) watches.push(watchFolder(folder, onChange));
  const unlisten = context.host.onStop(() => wakeup.stop());
  return {
    wakeup,
    close() {
      unlisten();
      for (const watch of watches) watch.close();
    },
  };
}

/** Runs the work with the wakeup of a {@link Listener}. */
export async function listening<T>(
  context: Context,
  work: (wakeup: Wakeup) => Promise<T>,
  folder?: string,
): Promise<T> {
  const listener = await listen(context, folder);
  try {
    return await work(listener.wakeup);
  } finally {
    listener.close();
  }
}

/** What is out of reach for a while ends nothing. */
export async function unlessAway(work: () => Promise<unknown>, away?: (error: CoordError) => void): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof CoordError) || error.code !== 'unavailable') throw error;
    away?.(error);
  }
}

/** What a command that follows the state prints with; a reader that has gone ends it. */
export interface Following {
  readonly style: Style;
  /** For people: the line gets its end, and its suggestions as they can be pasted. */
  readonly say: (line: string) => void;
  /** For programs. */
  readonly write: (text: string) => void;
  /** A remote or a lock that is out of reach for a while does not end it: that is told once, and asked again. */
  readonly unlessAway: (work: () => Promise<unknown>) => Promise<void>;
}

/**
 * `--follow`: takes one step after another until the process is asked to stop, or nobody reads any more.
 * @param begin makes the step, which says for how many milliseconds nothing else is due
 * @param folder see {@link listening}
 */
export function follow(
  context: Context,
  begin: (following: Following) => () => Promise<number>,
  folder?: string,
): Promise<void> {
  const { stdout, env } = context.host;
  return listening(
    context,
    async (wakeup) => {
      const style = await loadStyle(wantsColour(env, stdout.isTTY ?? false));
      const write = (text: string) => void stdout.write(text, (error) => error && wakeup.stop());
      let complained = false;
      const toldOnce = async (work: () => Promise<unknown>) => {
        let away = false;
        await unlessAway(work, ({ message }) => {
          if (!complained) context.tell(`${message}; asking again`);
          away = true;
        });
        complained = away;
      };
      const say = (line: string) => write(`${asTyped(line, context.standpoint)}\n`);
      const step = begin({ style, say, write, unlessAway: toldOnce });
      while (!wakeup.stopped) {
        wakeup.reset();
        await wakeup.wait(await step());
      }
    },
    folder,
  );
}

/** Moves to the upper left corner, and clears what stands below. */
const REDRAW = '\u001b[H\u001b[J';

/**
 * `--watch`: on a terminal the screen is redrawn in place; elsewhere it is printed again where it has changed, below a
 * line of dashes, and with `--json` as one envelope a line. What is out of reach is told, and asked again.
 *
 * @param command whose envelope it is
 * @param longestMs it looks again after so long, and whenever the state moves
 */
export async function watchScreen(
  context: Context,
  command: string,
  longestMs: number,
  look: () => Promise<Success>,
): Promise<Success> {
  const { stdout, env } = context.host;
  const inPlace = stdout.isTTY === true && !context.flags.json;
  const style = await loadStyle(wantsColour(env, inPlace));
  await listening(context, async (wakeup) => {
    let shown: Frame | null = null;
    while (!wakeup.stopped) {
      wakeup.reset();
      const frame = await frameOf(context, command, look, style);
      const between = inPlace ? REDRAW : shown === null || context.flags.json ? '' : '---\n';
      if (inPlace || frame.facts !== shown?.facts) {
        stdout.write(`${between}${frame.text}`, (error) => {
          if (error) wakeup.stop();
        });
      }
      shown = frame;
      await wakeup.wait(longestMs);
    }
  });
  return { data: {}, text: () => [], streamed: true };
}

/** What is printed, and what of it says whether anything has changed. */
interface Frame {
  readonly text: string;
  readonly facts: string;
}

async function frameOf(context: Context, command: string, look: () => Promise<Success>, style: Style): Promise<Frame> {
  const { data, lines } = await look().then(
    (success) => ({ data: success.data, lines: [success.text(style)].flat() }),
    (error: unknown) => {
      if (!(error instanceof CoordError) || error.code !== 'unavailable') throw error;
      return { data: { unavailable: error.message, now: context.now() }, lines: [`${error.message}; asking again`] };
    },
  );
  if (context.flags.json) {
    const facts = JSON.stringify({ ...data, now: null, fetchedAt: null });
    return { text: successEnvelope(command, data, []), facts };
  }
  const text = `${asTyped(lines.join('\n'), context.standpoint)}\n`;
  return { text, facts: text };
}
