import { groundOf } from '../../domain/claims/conflicts.js';
import { matches } from '../../domain/ground/index.js';
import type { Claim } from '../../domain/model.js';
import type { Answer } from '../../domain/request-table.js';
import { changedPaths, renamesSince } from '../../git/changes.js';
import type { GitStore } from '../../store/swap/git-store.js';
import { transact } from '../../store/swap/transact.js';
import type { Context } from '../../workspace/context.js';

/** The claims whose ground has work that no commit holds. */
export async function unfinishedClaims(context: Context, claims: readonly Claim[]): Promise<Claim[]> {
  const onPaths = claims.filter(({ kind }) => kind !== 'resource');
  if (onPaths.length === 0) return [];
  const changed = (await changedPaths(context.git)).map((path) => path.normalize('NFC'));
  const options = { foldCase: context.repository.foldsCase };
  return onPaths.filter((claim) => changed.some((path) => matches(groundOf(claim), path, options)));
}

/** Releases these claims of the agent, not named by anybody, at a commit; `uncommitted` goes on the record. */
export async function releaseClaims(
  context: Context,
  store: GitStore,
  claims: readonly Claim[],
  commit: string | null,
  uncommitted = false,
): Promise<Answer<'release'>> {
  const bases = claims.map(({ base }) => base);
  const renames = await renamesSince(context.git, bases, commit);
  const facts = { targets: claims.map(groundOf), commit, commitNamed: false, renames, uncommitted };
  const base = { ...(await context.requestBase()), requestId: null };
  return transact(store, { kind: 'release', ...base, ...facts }, context.effects);
}
