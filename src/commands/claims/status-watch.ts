import { asTyped } from '../../domain/suggestion.js';
import { CoordError } from '../../errors.js';
import { successEnvelope } from '../../render/envelope.js';
import { loadStyle, type Style, wantsColour } from '../../render/style.js';
import type { GitStore } from '../../store/swap/git-store.js';
import type { Context } from '../../workspace/context.js';
import type { Success } from '../verb.js';
import { listening } from '../waiting/queueing.js';

/** Another clone cannot wake this one, so the remote is asked this often. */
const REMOTE_POLL_MS = 2_000;
/** Times that are left go down, though nobody writes. */
const REDRAW_MS = 30_000;
/** Moves to the upper left corner, and clears what stands below. */
const REDRAW = '\u001b[H\u001b[J';

/**
 * `status --watch`: on a terminal the screen is drawn anew in place; elsewhere it is printed again where it has changed,
 * below a line of dashes, and with `--json` as one envelope a line. A remote that is away is told, and asked again.
 *
 * @param look reads the state, and asks the remote as `status` does
 */
export async function watchStatus(
  context: Context,
  store: GitStore,
  fetches: boolean,
  look: () => Promise<Success>,
): Promise<Success> {
  const { stdout, env } = context.host;
  const inPlace = stdout.isTTY === true && !context.flags.json;
  const style = await loadStyle(wantsColour(env, inPlace));
  const longest = fetches && store.reach === 'remote' ? REMOTE_POLL_MS : REDRAW_MS;
  await listening(context, async (wakeup) => {
    let shown: Frame | null = null;
    while (!wakeup.stopped) {
      wakeup.reset();
      const frame = await frameOf(context, look, style);
      const between = inPlace ? REDRAW : shown === null || context.flags.json ? '' : '---\n';
      if (inPlace || frame.facts !== shown?.facts) {
        stdout.write(`${between}${frame.text}`, (error) => {
          if (error) wakeup.stop();
        });
      }
      shown = frame;
      await wakeup.wait(longest);
    }
  });
  return { data: {}, text: () => [], streamed: true };
}

/** What is printed, and what of it says whether anything has changed. */
interface Frame {
  readonly text: string;
  readonly facts: string;
}

/** What there is to show; where the arbiter is out of reach, that. */
async function frameOf(context: Context, look: () => Promise<Success>, style: Style): Promise<Frame> {
  const { data, lines } = await look().then(
    (success) => ({ data: success.data, lines: [success.text(style)].flat() }),
    (error: unknown) => {
      if (!(error instanceof CoordError) || error.code !== 'unavailable') throw error;
      return { data: { unavailable: error.message, now: context.now() }, lines: [`${error.message}; asking again`] };
    },
  );
  if (context.flags.json) {
    const facts = JSON.stringify({ ...data, now: null, fetchedAt: null });
    return { text: successEnvelope('status', data, []), facts };
  }
  const text = `${asTyped(lines.join('\n'), context.standpoint)}\n`;
  return { text, facts: text };
}
