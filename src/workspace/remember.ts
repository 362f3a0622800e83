import { isRemoteOf } from '../git/clone-config.js';
import { asideMark, asidesOf } from './asides.js';
import { Context } from './context.js';
import type { Host } from './host.js';
import { protectedConfig } from './main-branch.js';
import { knownRules } from './rules.js';
import { keepStanding, type Standing, standingAt } from './standing.js';

/**
 * Leaves behind what the next everyday command needs to know, so that it has to read nothing else: how this worktree
 * stands, and the state at the tip. Best effort, read anew, and nothing is asked of a remote.
 */
export async function rememberForNext(own: Context): Promise<void> {
  if (own.leavesNothing) return;
  try {
    const { host } = own;
    const context = looker(host);
    const known = standingAt(host.cwd, host.env);
    const config = known?.config ?? (await context.config());
    // Of what the command has read itself, nothing need be read again.
    const store = await (own.stores.opened ?? context.stores.open(config));
    if ((await store.tip()) === null) return;
    await store.keep();
    if (known === null) {
      const before = { repository: context.repository, authority: await context.authority() };
      await keepStanding(before, () => standingIn(looker(host)));
    }
  } catch {
    // What is wrong here is said where it is asked for.
  }
}

function looker(host: Host): Context {
  const context = new Context(host, { json: false, agent: undefined });
  context.looksOn = true;
  return context;
}

/** null where more than a look is needed to know it. */
async function standingIn(context: Context): Promise<Omit<Standing, 'version' | 'files' | 'changed'> | null> {
  const { repository } = context;
  const authority = await context.authority();
  const config = await context.config();
  const { main, memory, remote } = authority;
  const mustLearn = main === null || (!main.branch.fetched && memory?.remote !== null && config.share);
  const mustRemember = config.share && memory === null;
  if (mustLearn || mustRemember || (config.share && !isRemoteOf(repository, remote))) return null;
  return {
    repository,
    authority,
    config,
    guarding: (await protectedConfig(context)).config,
    policy: await context.mainBranchPolicy(),
    rules: await knownRules(context),
    asides: (await asidesOf(context)).map((aside) => asideMark(repository, aside)),
  };
}
