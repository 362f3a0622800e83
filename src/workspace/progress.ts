import type { Host } from './host.js';

/** What takes less is not spoken of. */
const PATIENCE_MS = 1_000;
const WIPE_LINE = '\r\u001b[K';

/**
 * Says on standard error what is going on once it has taken a second, and wipes that away at its end: on a terminal
 * alone, since a program or a log has no use for it.
 * @param what such as `asking origin`
 */
export async function withProgress<T>(
  { stderr }: Pick<Host, 'stderr'>,
  what: string,
  work: () => Promise<T>,
): Promise<T> {
  if (!stderr.isTTY) return work();
  let shown = false;
  const timer = setTimeout(() => {
    shown = true;
    stderr.write(`${WIPE_LINE}${what} …`);
  }, PATIENCE_MS);
  try {
    return await work();
  } finally {
    clearTimeout(timer);
    if (shown) stderr.write(WIPE_LINE);
  }
}
