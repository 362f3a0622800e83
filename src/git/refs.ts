import { join } from 'node:path';
import { command, coord } from '../domain/suggestion.js';
import { shorten } from '../domain/text.js';
import { CoordError, usage } from '../errors.js';
import { dropLooseRef, type RefUpdateResult, readIfThere, readPackedRef, swapRefFile } from './ref-swap.js';
import type { Repository } from './repository.js';
import type { Git } from './run.js';

const OBJECT_ID = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/**
 * The object id that a full ref name (`refs/...`) points to, or null when there is no such ref. Loose and packed refs
 * are read directly; anything else is asked of git.
 */
export async function readRef(repository: Repository, git: Git, ref: string): Promise<string | null> {
  if (repository.refFormat === 'files') {
    // Packing writes packed-refs before it removes the loose file, so this order never misses a ref.
    const loose = readIfThere(join(repository.commonDir, ref))?.trim();
    if (loose !== undefined && OBJECT_ID.test(loose)) return loose;
    if (loose === undefined) return readPackedRef(repository.commonDir, ref);
  }
  const result = await git(['rev-parse', '--verify', '--quiet', '--end-of-options', ref]);
  return result.code === 0 ? result.stdout.toString('utf8').trim() : null;
}

/** The commit that a revision names; null when there is none. */
export async function resolveCommit(git: Git, revision: string): Promise<string | null> {
  const { code, stdout } = await git(['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`]);
  return code === 0 ? stdout.toString('latin1').trim() : null;
}

/** The same, of a commit that somebody typed. @throws CoordError `usage` when there is none */
export async function namedCommit(git: Git, revision: string): Promise<string> {
  const commit = await resolveCommit(git, revision);
  if (commit !== null) return commit;
  const next = `fetch it (${command('git fetch')}), or name a commit of this clone (git log --oneline)`;
  throw usage(`no such commit: ${JSON.stringify(shorten(revision, 80))}`, next);
}

export interface Head {
  /** The commit, or null when the branch has none yet. */
  readonly commit: string | null;
  /** Full ref name, or null when HEAD is detached. */
  readonly ref: string | null;
}

/** Where HEAD of this worktree stands. */
export async function readHead(repository: Repository, git: Git): Promise<Head> {
  const text = readIfThere(join(repository.gitDir, 'HEAD'))?.trim() ?? '';
  const ref = /^ref: (refs\/.+)$/.exec(text)?.[1];
  // A reftable repository keeps a placeholder in HEAD.
  if (repository.refFormat === 'reftable' || (ref === undefined && !OBJECT_ID.test(text))) return askHead(git);
  if (ref === undefined) return { commit: text, ref: null };
  return { commit: await readRef(repository, git, ref), ref };
}

async function askHead(git: Git): Promise<Head> {
  const commit = await git(['rev-parse', '--verify', '--quiet', 'HEAD']);
  const ref = await git(['symbolic-ref', '--quiet', 'HEAD']);
  return {
    commit: commit.code === 0 ? commit.stdout.toString('utf8').trim() : null,
    ref: ref.code === 0 ? ref.stdout.toString('utf8').trim() : null,
  };
}

export interface RefUpdate {
  readonly ref: string;
  readonly to: string;
  /** The value it must have now; null: it must not exist. */
  readonly from: string | null;
}

/**
 * Compare-and-swap of one ref, and once it has moved, of another that follows it, whatever becomes of that one. A ref in a
 * file is moved without a git process (`ref-swap.ts`); any other by one `git update-ref --stdin`.
 * @param drop a ref to do away with as well
 */
export async function compareAndSwapRef(
  repository: Repository,
  git: Git,
  update: RefUpdate,
  { follower, drop }: { readonly follower?: string; readonly drop?: string | undefined } = {},
): Promise<RefUpdateResult> {
  const { ref, to, from } = update;
  const follow = follower === undefined ? [] : [`update ${follower} ${to}`];
  const away = drop === undefined ? [] : [`delete ${drop}`];
  const moved = from === null ? null : swapRefFile(repository, ref, to, from);
  if (moved?.ok === false) return moved;
  if (moved) {
    const followed = follower === undefined || swapRefFile(repository, follower, to, 'any')?.ok;
    const dropped = drop === undefined || dropLooseRef(repository, drop);
    return followed && dropped ? moved : updateRefs(git, [[...(followed ? [] : follow), ...(dropped ? [] : away)]]);
  }
  const zero = '0'.repeat(repository.objectFormat === 'sha256' ? 64 : 40);
  return updateRefs(git, [[`update ${ref} ${to} ${from ?? zero}`], [...follow, ...away]]);
}

/** Each list of commands in a transaction of its own, in one process. */
async function updateRefs(git: Git, transactions: readonly (readonly string[])[]): Promise<RefUpdateResult> {
  const lines = transactions
    .filter((commands) => commands.length > 0)
    .flatMap((commands) => ['start', ...commands, 'commit']);
  // No reflog is begun: the branch's history tells all of it, and a reflog would grow with every operation.
  const args = ['-c', 'core.logAllRefUpdates=false', 'update-ref', '--stdin'];
  const result = await git(args, { input: `${lines.join('\n')}\n` });
  return result.code === 0 ? { ok: true } : { ok: false, stderr: result.stderr };
}

/**
 * Whether `ancestor` is contained in `descendant`; null when this repository cannot tell (an object is missing).
 */
export async function isAncestor(git: Git, ancestor: string, descendant: string): Promise<boolean | null> {
  if (ancestor === descendant) return true;
  const { code } = await git(['merge-base', '--is-ancestor', ancestor, descendant]);
  return code === 0 ? true : code === 1 ? false : null;
}

/** @throws CoordError `usage` when git has no ref of such a name (full). */
export async function checkRefName(git: Git, name: string): Promise<void> {
  const { code } = await git(['check-ref-format', name]);
  if (code === 0) return;
  throw new CoordError('usage', `not a ref name: ${JSON.stringify(name)}`, {
    hint: `choose another: ${coord('init --ref refs/coord/state')}`,
  });
}

/** Those of the commits that this repository does not have. */
export async function absentCommits(git: Git, commits: readonly string[]): Promise<string[]> {
  if (commits.length === 0) return [];
  const { stdout } = await git(['cat-file', '--batch-check'], { input: `${commits.join('\n')}\n` });
  const missing = stdout
    .toString('utf8')
    .split('\n')
    .filter((line) => line.endsWith(' missing'));
  return commits.filter((commit) => missing.includes(`${commit} missing`));
}
