import type { Config } from '../../config/config.js';
import { CONFIG_FILE } from '../../config/load.js';
import { command } from '../../domain/suggestion.js';
import { judgeSync, type SyncFacts, type UpstreamFacts } from '../../domain/sync/sync.js';
import { CoordError, usage } from '../../errors.js';
import type { MainBranch } from '../../git/main-branch.js';
import { type RemoteTips, remoteTips } from '../../git/upstream.js';
import type { Context } from '../../workspace/context.js';
import { configOf } from '../../workspace/main-branch.js';
import { syncError, syncFacts } from '../../workspace/sync-facts.js';

/** What counts for a deploy, as the remote's main branch says it at this moment. */
export interface Authority {
  /** Its `mainBranch` is the branch that was read. */
  readonly config: Config;
  /** What the configuration was read from; null: the working copy, where there is none on the main branch. */
  readonly from: MainBranch | null;
  /** HEAD as it was compared with the main branch, and how they compare: what the sync-check judges. */
  readonly head: string;
  readonly upstream: Fetched;
  /** What the remote said where its branches are: while it says the same, all of this holds. */
  readonly asked: RemoteTips;
}

type Fetched = Extract<UpstreamFacts, { kind: 'fetched' }>;

/**
 * Fetches the main branch and reads the configuration there, so that an agent that edits its own copy changes nothing:
 * neither the gates, nor which branch is the main one. The remote's default branch names that; the working copy is
 * asked only where no main branch has the file.
 * @returns the reason why it cannot be known.
 * @throws CoordError `usage` when that configuration cannot be read.
 */
export async function readAuthority(context: Context): Promise<Authority | CoordError> {
  const here = await context.config();
  const byDefault = await fetchMain(context, here.mainRemote, null);
  const namesNone = byDefault.upstream.kind === 'no-branch' && byDefault.upstream.branch === null;
  const first = namesNone ? await fetchMain(context, here.mainRemote, here.mainBranch) : byDefault;
  const defaultBranch = namesNone ? null : first.upstream.kind === 'fetched' ? first.upstream.branch : null;
  const read = await authorityIn(context, first, { defaultBranch, tips: {} });
  if (read instanceof CoordError) return read;
  const named = read.config.mainBranch;
  if (named === null || named === read.upstream.branch) return settled(here, read);
  const second = await authorityIn(context, await fetchMain(context, here.mainRemote, named), read.asked);
  return second instanceof CoordError ? second : settled(here, second);
}

/**
 * The same at a later moment, asked afresh: where each branch stands as it did, the very same object, and nothing is fetched.
 * @returns @throws as {@link readAuthority}
 */
export async function readAuthorityAgain(context: Context, before: Authority): Promise<Authority | CoordError> {
  const { defaultBranch, tips } = before.asked;
  const now = await remoteTips(context.remoteGit, before.config.mainRemote, Object.keys(tips));
  const stands =
    now?.defaultBranch === defaultBranch && Object.entries(tips).every(([name, tip]) => now.tips[name] === tip);
  return stands ? before : readAuthority(context);
}

async function fetchMain(context: Context, mainRemote: string, mainBranch: string | null): Promise<SyncFacts> {
  return syncFacts(context, { mainRemote, mainBranch, surface: [], requireClean: false });
}

async function authorityIn(context: Context, facts: SyncFacts, asked: RemoteTips): Promise<Authority | CoordError> {
  const { head, upstream } = facts;
  if (upstream.kind !== 'fetched' || head === null) {
    const verdict = judgeSync(facts);
    return verdict.ok ? new CoordError('fault', 'in sync with a main branch that was not fetched') : syncError(verdict);
  }
  const { branch, commit } = upstream;
  const name = `${facts.remote}/${branch}`;
  const onMain = await configOf(context, { name, commit });
  return {
    config: onMain ?? (await context.config()),
    from: onMain === null ? null : { name, commit, fetched: true },
    head,
    upstream,
    asked: { ...asked, tips: { ...asked.tips, [branch]: commit } },
  };
}

/** Where the state is, and which remote arbitrates, cannot be another thing here than on the main branch. */
function settled(here: Config, authority: Authority): Authority {
  const { config, upstream } = authority;
  const other = (['remote', 'mainRemote', 'ref', 'share'] as const).filter((key) => here[key] !== config[key]);
  if (other.length === 0) return { ...authority, config: { ...config, mainBranch: upstream.branch } };
  throw usage(
    `${CONFIG_FILE} here and on ${here.mainRemote}/${upstream.branch} differ in ${other.join(', ')}`,
    `take the one of the main branch: ${command(`git checkout ${upstream.commit.slice(0, 12)} -- ${CONFIG_FILE}`)}`,
    { keys: other },
  );
}
