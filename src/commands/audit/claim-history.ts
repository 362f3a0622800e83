import type { Config } from '../../config/config.js';
import type { Context } from '../../context.js';
import { type Holding, holdingsOf } from '../../domain/audit/holdings.js';
import type { CoordEvent } from '../../domain/events.js';
import type { Claim } from '../../domain/model.js';
import type { Instant } from '../../domain/time.js';
import { CoordError } from '../../errors.js';
import { shallowBoundary } from '../../git/history.js';
import { trueHistory } from '../../git/porcelain.js';
import { gitStreamIn } from '../../git/stream.js';
import { type HistoryCommit, historyFrom } from '../../store/history.js';

/** What the coordination branch tells of claims. */
export interface ClaimHistory {
  /** The commit that was read from. */
  readonly tip: string;
  readonly holdings: readonly Holding[];
  /** From when on it tells everything; null: from the beginning. */
  readonly reach: Instant | null;
  /** What is gone from its beginning: it was compacted, or this clone is shallow. */
  readonly cut: 'compacted' | 'shallow' | null;
}

/**
 * Reads the whole history of the coordination branch; where its beginning is gone, it starts from the claims that were
 * held there.
 * @throws CoordError `unavailable` when there is no such branch to be read.
 */
export async function readClaimHistory(context: Context, config: Config, fetch: boolean): Promise<ClaimHistory> {
  const store = await context.stores.open(config);
  const tip = (fetch ? null : await store.tip()) ?? (await store.latestTip().catch(noBranch(config)));
  const commits: HistoryCommit[] = [];
  const env = { ...context.host.env, ...trueHistory(context.repository) };
  for await (const commit of historyFrom(gitStreamIn(context.repository.root, env), tip)) {
    commits.push({ ...commit, events: commit.events.filter(tellsOfClaims) });
  }
  const oldest = commits.at(-1);
  const shallow = oldest !== undefined && shallowBoundary(context.repository).includes(oldest.id);
  const cut = shallow ? 'shallow' : oldest?.compacted ? 'compacted' : null;
  const begun: readonly Claim[] = cut && oldest ? (await store.stateAt(oldest.id)).claims : [];
  const events = commits.reverse().flatMap((commit) => commit.events);
  const holdings = holdingsOf(events, begun, context.now());
  return { tip, holdings, reach: cut && oldest ? (oldest.compacted?.to ?? oldest.at) : null, cut };
}

function tellsOfClaims({ type }: CoordEvent): boolean {
  return type.startsWith('work.') || (type.startsWith('claim.') && type !== 'claim.refused');
}

function noBranch({ branch, share, remote }: Config) {
  return (error: unknown): never => {
    if (!(error instanceof CoordError) || error.code !== 'usage') throw error;
    const where = share ? `neither here nor on ${remote}` : 'not in this clone, and "share" is not set';
    throw new CoordError('unavailable', `cannot know: the coordination branch ${branch} is ${where}`, {
      hint: share
        ? 'coord init makes it; until then nothing can be audited'
        : `fetch it: git fetch ${remote} ${branch}:${branch}; or let it be shared: "share": true in coord.config.json`,
      details: { reason: 'branch', branch },
      cause: error,
    });
  };
}
