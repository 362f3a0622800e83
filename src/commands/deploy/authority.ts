import type { Config } from '../../config/config.js';
import { CONFIG_FILE } from '../../config/load.js';
import type { Context } from '../../context.js';
import { judgeSync, type SyncFacts } from '../../domain/sync/sync.js';
import { CoordError, usage } from '../../errors.js';
import type { MainBranch } from '../../git/main-branch.js';
import { configOf } from '../main-branch/protected-config.js';
import { syncError, syncFacts } from '../sync-facts.js';

/** What counts for a deploy, as the remote's main branch says it at this moment. */
export interface Authority {
  /** Its `mainBranch` is the branch that was read. */
  readonly config: Config;
  /** Tip of the main branch. */
  readonly main: string;
  /** What the configuration was read from; null: the working copy, for want of one on the main branch. */
  readonly from: MainBranch | null;
}

/**
 * Fetches the main branch and reads the configuration there, so that an agent that edits its own copy changes nothing:
 * neither the gates, nor which branch is the main one. The remote's default branch names that; the working copy is
 * asked only where no main branch has the file.
 * @returns the reason why it cannot be known.
 * @throws CoordError `usage` when that configuration cannot be read.
 */
export async function readAuthority(context: Context): Promise<Authority | CoordError> {
  const here = await context.config();
  const byDefault = await fetchMain(context, here.remote, null);
  const first = namesNoBranch(byDefault) ? await fetchMain(context, here.remote, here.mainBranch) : byDefault;
  const authority = await authorityIn(context, first);
  if (authority instanceof CoordError) return authority;
  const named = authority.config.mainBranch;
  if (named === null || named === authority.branch) return settled(here, authority);
  const second = await authorityIn(context, await fetchMain(context, here.remote, named));
  return second instanceof CoordError ? second : settled(here, second);
}

interface Read extends Authority {
  /** Short name of the branch. */
  readonly branch: string;
}

async function fetchMain(context: Context, remote: string, mainBranch: string | null): Promise<SyncFacts> {
  return syncFacts(context, { remote, mainBranch, surface: [], requireClean: false });
}

function namesNoBranch({ upstream }: SyncFacts): boolean {
  return upstream.kind === 'no-branch' && upstream.branch === null;
}

async function authorityIn(context: Context, facts: SyncFacts): Promise<Read | CoordError> {
  if (facts.upstream.kind !== 'fetched') {
    const verdict = judgeSync(facts);
    return verdict.ok ? new CoordError('fault', 'in sync with a main branch that was not fetched') : syncError(verdict);
  }
  const { branch, commit } = facts.upstream;
  const name = `${facts.remote}/${branch}`;
  const onMain = await configOf(context, { name, commit });
  return {
    config: onMain ?? (await context.config()),
    main: commit,
    from: onMain === null ? null : { name, commit, fetched: true },
    branch,
  };
}

/** Where the state is, and which remote arbitrates, cannot be another thing here than on the main branch. */
function settled(here: Config, { branch, ...authority }: Read): Authority {
  const { config } = authority;
  const other = (['remote', 'branch', 'share'] as const).filter((key) => here[key] !== config[key]);
  if (other.length === 0) return { ...authority, config: { ...config, mainBranch: branch } };
  throw usage(
    `${CONFIG_FILE} here and on ${here.remote}/${branch} differ in ${other.join(', ')}`,
    `take the one of the main branch: git checkout ${authority.main.slice(0, 12)} -- ${CONFIG_FILE}`,
    { keys: other },
  );
}
