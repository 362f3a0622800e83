import type { Config } from '../config/config.js';
import { CONFIG_FILE, parseConfig } from '../config/load.js';
import type { Context } from '../context.js';
import { filesAt, textsOf } from '../git/commit-files.js';
import type { MainBranch } from '../git/main-branch.js';
import { mainBranch } from './main-files.js';

/** The configuration as far as it protects against the agent itself, and where it was read. */
export interface ProtectedConfig {
  readonly config: Config;
  /** The main branch that it was read from; null: the working copy, for want of one that has the file. */
  readonly from: MainBranch | null;
}

/**
 * The configuration of the main branch as last fetched, so that an agent that edits its own copy changes nothing. Where
 * no main branch has the file (a new project, before its first commit of it), the one of the working copy.
 * @throws CoordError `usage` when the main branch's cannot be read: nothing weaker takes its place.
 */
export async function protectedConfig(context: Context): Promise<ProtectedConfig> {
  const from = await mainBranch(context);
  const config = from === null ? null : await configAt(context, from.commit);
  return config === null ? { config: await context.config(), from: null } : { config, from };
}

/**
 * The configuration in a commit; null when it has none.
 * @throws CoordError `usage` that lists every problem.
 */
export async function configAt(context: Context, commit: string): Promise<Config | null> {
  const files = await filesAt(context.git, commit, [CONFIG_FILE]);
  const text = (await textsOf(context.objects, files)).get(CONFIG_FILE);
  return text === undefined ? null : parseConfig(text);
}
