import type { Context } from '../context.js';
import { Bell } from '../store/bell.js';
import { watchBranch } from '../store/watch.js';

/** Runs the work with a bell that rings whenever the branch moves, and stops when the process is asked to stop. */
export async function listening<T>(context: Context, work: (bell: Bell) => Promise<T>): Promise<T> {
  const bell = new Bell();
  const { branch } = await context.config();
  const watcher = watchBranch({ repository: context.repository, branch, onChange: () => bell.ring() });
  const unlisten = context.host.onStop(() => bell.stop());
  try {
    return await work(bell);
  } finally {
    unlisten();
    watcher.close();
  }
}
