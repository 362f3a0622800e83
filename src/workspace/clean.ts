import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Claim } from '../domain/model.js';
import { epochMs } from '../domain/time.js';
import { onGround, pathsBetween } from '../git/changes.js';
import { dirtyPaths, readIndexEntries, submodulesOffPin } from '../git/dirty.js';
import { isAncestor, readHead, readRef } from '../git/refs.js';
import { discoverRepository, type Repository } from '../git/repository.js';
import { type Git, gitIn, gitText } from '../git/run.js';
import type { Workspace } from './workspace.js';

/** As much of a claim as tells where its work may lie. */
type Held = Pick<Claim, 'id' | 'kind' | 'target' | 'acquiredAt'>;

/** A path with work that no commit holds. */
export interface Unclean {
  /** Relative to the root. */
  readonly path: string;
  /** Root of another worktree, or the name of a stash; null: here. */
  readonly where: string | null;
}

/**
 * Work on the ground of these claims that no commit holds, here and in the worktrees of this clone where they were made.
 * The one notion of clean: what git was told not to look at, submodules off their pin and repositories inside of this one
 * count, ignored files do not. With `stashes`, so does what was stashed from the ground since it was claimed.
 */
export async function uncommittedOn(
  workspace: Workspace,
  claims: readonly Held[],
  { stashes = false }: { readonly stashes?: boolean } = {},
): Promise<Unclean[]> {
  const onPaths = claims.filter(({ kind }) => kind !== 'resource');
  if (onPaths.length === 0) return [];
  const { repository, git } = workspace;
  const found: Unclean[] = [];
  const add = (paths: readonly string[], held: readonly Held[], where: string | null) => {
    for (const path of onGround(paths, held, repository.foldsCase)) found.push({ path, where });
  };
  add(await uncleanPaths(repository, git, onPaths), onPaths, null);
  for (const { place, held } of otherPlaces(workspace, onPaths)) {
    add(await uncleanPaths(place, gitIn(place, workspace.host.env), held), held, place.root);
  }
  if (stashes)
    for (const { name, at, paths } of await stashesOf(repository, git)) {
      add(
        paths,
        onPaths.filter(({ acquiredAt }) => epochMs(acquiredAt) <= at),
        name,
      );
    }
  return found;
}

/** Work of these claims that is committed in another worktree of this clone, and that HEAD here lacks. */
export interface Elsewhere {
  readonly claim: Held;
  readonly root: string;
  /** HEAD there. */
  readonly commit: string;
}

export async function workElsewhere(
  workspace: Workspace,
  claims: readonly Held[],
  head: string | null,
): Promise<Elsewhere[]> {
  const { repository, git } = workspace;
  const found: Elsewhere[] = [];
  for (const { place, held } of otherPlaces(
    workspace,
    claims.filter(({ kind }) => kind !== 'resource'),
  )) {
    const { commit } = await readHead(place, gitIn(place, workspace.host.env));
    if (commit === null || commit === head || (head !== null && (await isAncestor(git, commit, head)) === true))
      continue;
    const apart = head === null ? null : await pathsBetween(git, head, commit);
    for (const claim of held) {
      if (apart === null || onGround(apart, [claim], repository.foldsCase).length > 0) {
        found.push({ claim, root: place.root, commit });
      }
    }
  }
  return found;
}

/** The other worktrees of this clone in which any of these claims was made, as far as they are still there. */
function otherPlaces(workspace: Workspace, claims: readonly Held[]): { place: Repository; held: Held[] }[] {
  const { repository, places } = workspace;
  if (!existsSync(join(repository.commonDir, 'worktrees'))) return [];
  const byRoot = new Map<string, Held[]>();
  for (const claim of claims) {
    for (const root of places.of(claim.id)) {
      if (root !== repository.root) byRoot.set(root, [...(byRoot.get(root) ?? []), claim]);
    }
  }
  return [...byRoot].flatMap(([root, held]) => {
    const place = worktreeAt(root, repository);
    return place === null ? [] : [{ place, held }];
  });
}

function worktreeAt(root: string, { commonDir }: Repository): Repository | null {
  try {
    const found = discoverRepository(root);
    return found.root === root && found.commonDir === commonDir ? found : null;
  } catch {
    return null;
  }
}

/** Paths of one worktree that no commit holds as they are; of those that git is told not to look at, the claimed ones. */
async function uncleanPaths(place: Repository, git: Git, claims: readonly Held[]): Promise<string[]> {
  // A worktree that is gone holds nothing any more.
  if (!existsSync(place.root)) return [];
  const covers = (path: string) => onGround([path], claims, place.foldsCase).length > 0;
  const entries = readIndexEntries(git);
  const dirty = dirtyPaths(place, git, entries, covers);
  const off = await submodulesOffPin(place, git, await entries);
  const moved = off.flatMap(({ path, at }) => (at === null ? [] : [path]));
  return [...new Set([...(await dirty), ...moved])];
}

/** What was stashed in this clone, newest first; `at` in milliseconds since the epoch. */
async function stashesOf(
  repository: Repository,
  git: Git,
): Promise<{ readonly name: string; readonly at: number; readonly paths: readonly string[] }[]> {
  if ((await readRef(repository, git, 'refs/stash')) === null) return [];
  const lines = await gitText(git, ['log', '-g', '--format=%gd %ct %P', 'refs/stash', '--']);
  return Promise.all(
    lines
      .split('\n')
      .filter(Boolean)
      .map(async (line) => {
        const [name = '', at = '', base = '', , untracked] = line.split(' ');
        const changed = await pathsBetween(git, base, name);
        const added =
          untracked === undefined
            ? []
            : (await gitText(git, ['ls-tree', '-r', '-z', '--name-only', untracked])).split('\0');
        return { name, at: Number(at) * 1000 + 999, paths: [...changed, ...added.filter(Boolean)] };
      }),
  );
}
