import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Repository } from './repository.js';
import { type Git, gitText } from './run.js';

/**
 * The memory of where an upstream branch has stood: one ref a tip, named by its id, so that worktrees which add at the
 * same time never conflict, and what the upstream dropped stays readable. Only tips that no later one contains are kept:
 * one as long as the upstream moves forward, and one more each time it is rewritten.
 */
export interface SeenTips {
  /** Every tip known to this clone; some of the objects may be gone. */
  list(): Promise<string[]>;
  /** Adds a tip, and forgets those that it contains. */
  add(tip: string): Promise<void>;
}

const LONGEST_SEGMENT = 100;
/** Not all zeros, which stands for "no such ref" in a reflog. */
const OBJECT_ID = /^(?=.*[^0])(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/** Stands for whichever branch is the default one; no name of a branch is written so. */
const DEFAULT_BRANCH = '%HEAD';

/**
 * @param upstream `isDefault`: the remote itself named the branch, so that under another name it was the same upstream
 */
export function seenTips(
  repository: Repository,
  git: Git,
  { remote, branch, isDefault }: { readonly remote: string; readonly branch: string; readonly isDefault: boolean },
): SeenTips {
  const names = [refSegment(branch), ...(isDefault ? [DEFAULT_BRANCH] : [])];
  const prefixes = names.map((name) => `refs/coord/seen/${refSegment(remote)}/${name}/`);
  const tracking = `refs/remotes/${remote}/${branch}`;
  return {
    async list() {
      const refs = await gitText(git, ['for-each-ref', '--format=%(objectname)', ...prefixes, tracking]);
      const all = [...refs.split('\n'), ...(await formerValues(repository, git, tracking))];
      return [...new Set(all)].filter((id) => OBJECT_ID.test(id));
    },
    async add(tip) {
      const input = prefixes.map((prefix) => `update ${prefix}${tip} ${tip}\n`).join('');
      await gitText(git, [...PATIENT, 'update-ref', '--stdin'], { input });
      const contained = await gitText(git, ['for-each-ref', '--format=%(refname)', `--merged=${tip}`, ...prefixes]);
      for (const ref of contained.split('\n')) {
        // Another worktree may be forgetting the same one, so it is no failure when it is gone.
        if (ref !== '' && !ref.endsWith(`/${tip}`)) await git([...PATIENT, 'update-ref', '-d', ref]);
      }
    },
  };
}

/** Git itself then waits for another writer of the same ref, in milliseconds. */
const PATIENT = ['-c', 'core.filesRefLockTimeout=5000', '-c', 'core.packedRefsTimeout=5000'];

/** A name as one segment of a ref: a branch `a` must not stand in the way of a later `a/b`. */
function refSegment(name: string): string {
  const safe = [...Buffer.from(name)].map((byte) => {
    const character = String.fromCharCode(byte);
    return /[\w-]/.test(character) ? character : `%${byte.toString(16).padStart(2, '0')}`;
  });
  const segment = safe.join('');
  return segment.length <= LONGEST_SEGMENT ? segment : createHash('sha256').update(name).digest('hex');
}

/**
 * Where a tracking ref stood before, from its reflog. Read as a file where it is one: git's listing leaves out the
 * value before the first entry, which after `git clone` and one `git fetch` is the one that matters.
 */
async function formerValues(repository: Repository, git: Git, ref: string): Promise<string[]> {
  if (repository.refFormat === 'files') {
    return readLog(join(repository.commonDir, 'logs', ref))
      .split('\n')
      .flatMap((line) => line.split(' ', 2));
  }
  const { code, stdout } = await git(['reflog', 'show', '--format=%H', ref, '--']);
  return code === 0 ? stdout.toString('latin1').split('\n') : [];
}

function readLog(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
