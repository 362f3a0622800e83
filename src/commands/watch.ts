import { asTyped } from '../domain/suggestion.js';
import { CoordError } from '../errors.js';
import { successEnvelope } from '../render/envelope.js';
import { loadStyle, type Style, wantsColour } from '../render/style.js';
import type { Context } from '../workspace/context.js';
import type { Success } from './verb.js';
import { listening } from './waiting/queueing.js';

/** Moves to the upper left corner, and clears what stands below. */
const REDRAW = '\u001b[H\u001b[J';

/**
 * `--watch`: on a terminal the screen is drawn anew in place; elsewhere it is printed again where it has changed, below a
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
