import { CoordError } from '../errors.js';
import type { PorcelainResult, RemoteGit } from '../git/porcelain.js';
import { waitForRefLock } from '../git/ref-lock.js';
import { isAncestor, readRef } from '../git/refs.js';
import type { Repository } from '../git/repository.js';
import type { Git } from '../git/run.js';
import type { Arbiter } from './arbiter.js';
import type { BranchRef } from './branch-ref.js';
import { CLAIMS_FILE, missingFile } from './branch-tree.js';
import { type Companion, CompanionDeclined, companionOptions } from './companion.js';
import type { LockSurroundings } from './local-lock.js';

export interface RemoteArbiterOptions {
  readonly repository: Repository;
  readonly git: Git;
  readonly remoteGit: RemoteGit;
  /** Name of the remote, such as `origin`. */
  readonly remote: string;
  readonly local: BranchRef;
  readonly around: LockSurroundings;
}

const FETCH_ATTEMPTS = 5;

/**
 * The remote's branch decides: a write counts once the remote has accepted a push that goes on from what was read, and
 * never rewrites. The local branch follows it, and is never ahead of it.
 */
export class RemoteArbiter implements Arbiter {
  readonly reach = 'remote';
  /** What the remote had when it was last asked. */
  private readonly trackingRef: string;

  constructor(private readonly options: RemoteArbiterOptions) {
    this.trackingRef = `refs/coord/remote/${options.remote}/${options.local.branch}`;
  }

  async publish(commit: string, from: string | null, companion?: Companion): Promise<boolean> {
    const { remoteGit, remote, local } = this.options;
    const pushed = await remoteGit.push(
      remote,
      [`${commit}:${local.name}`, ...(companion ? [`${companion.commit}:${companion.ref}`] : [])],
      // The lease makes it a compare-and-swap: a branch that was deleted or rewound there is not brought back unnoticed.
      [
        `--force-with-lease=${local.name}:${from ?? ''}`,
        ...['--no-verify', '--no-follow-tags', '--no-signed'],
        ...(companion ? companionOptions(companion) : []),
      ],
    );
    // The commit carries a random id, so even "up to date" can only mean that this very commit is there.
    if (pushed.code === 0) return this.follow(commit, from);
    // The answer may have been lost on the way: what the remote has is the only answer that counts.
    const tip = await this.fetch();
    if (tip !== null && tip !== from && (await local.reaches(tip, commit, from))) {
      await this.follow(tip, from);
      await companion?.confirm();
      return true;
    }
    if (tip !== from) {
      await this.advance(tip);
      return false;
    }
    throw companion ? new CompanionDeclined(pushed) : declined(remote, pushed);
  }

  async refresh(): Promise<void> {
    const tip = await this.fetch();
    const known = await this.options.local.tip();
    if (tip === null && known !== null && !(await this.wasShared())) {
      await this.mustBeOurs(known);
      await this.publish(known, null);
    } else await this.advance(tip);
  }

  /** A branch of this name that is somebody's own is neither pushed nor taken over. */
  private async mustBeOurs(commit: string): Promise<void> {
    const { git, local } = this.options;
    const { code } = await git(['cat-file', '-e', `${commit}:${CLAIMS_FILE}`]);
    if (code !== 0) throw missingFile(CLAIMS_FILE, local.branch);
  }

  /** Whether this clone has ever seen the branch on the remote; if not, its own is new there, not deleted. */
  private async wasShared(): Promise<boolean> {
    return (await readRef(this.options.repository, this.options.git, this.trackingRef)) !== null;
  }

  private async follow(tip: string, from: string | null): Promise<boolean> {
    const { local } = this.options;
    await local.publish(tip, from).catch(() => this.refresh());
    return true;
  }

  /** Moves the local branch forward to what the remote has; refuses when that is not forward. */
  private async advance(tip: string | null): Promise<void> {
    const { local, remote, git } = this.options;
    for (;;) {
      const known = await local.tip();
      if (known === tip) return;
      if (tip === null) throw gone(remote, local.branch);
      if (known === null) await this.mustBeOurs(tip);
      if (known !== null && (await isAncestor(git, known, tip)) !== true) {
        // Another process of this clone may have moved the branch on meanwhile; then our news is just older.
        if ((await readRef(this.options.repository, git, this.trackingRef)) === known) return;
        throw rewritten(remote, local.branch, known, tip);
      }
      if (await local.publish(tip, known)) return;
    }
  }

  /** The remote's tip of the branch, with its history here; null when the remote has no such branch. */
  private async fetch(): Promise<string | null> {
    const { repository, git, remoteGit, remote, local, around } = this.options;
    let last: PorcelainResult | undefined;
    for (let attempt = 0; attempt < FETCH_ATTEMPTS; attempt += 1) {
      last = await remoteGit.fetch(remote, [`+${local.name}:${this.trackingRef}`]);
      if (last.code === 0) return readRef(repository, git, this.trackingRef);
      if (last.timedOut) break;
      const listed = await remoteGit.lsRemote(remote, [local.name]);
      if (listed.code !== 0) throw unreachable(remote, listed);
      if (!listed.stdout.includes(`\t${local.name}\n`)) return null;
      // The branch is there, so another process of this clone was fetching it too, or was killed while it did.
      const locked = await waitForRefLock(repository, this.trackingRef, (ms) => around.pause(ms));
      if (!locked) await around.pause(around.random() * 50 * (attempt + 1));
    }
    throw unreachable(remote, last);
  }
}

function unreachable(remote: string, result: PorcelainResult | undefined): CoordError {
  return new CoordError('unavailable', `the remote ${remote} could not be asked: ${reasonIn(result)}`, {
    hint: `nothing was granted; check it with git ls-remote ${remote}, then repeat`,
  });
}

function declined(remote: string, result: PorcelainResult): CoordError {
  return new CoordError(
    'unavailable',
    `the remote ${remote} did not accept the coordination branch: ${reasonIn(result)}`,
    {
      hint: 'nothing was granted; ask for permission to push that branch, or set "branch" in coord.config.json',
      details: { stderr: result.stderr.slice(0, 2000) },
    },
  );
}

function reasonIn(result: PorcelainResult | undefined): string {
  const rejected = result?.stdout.split('\n').find((line) => line.startsWith('!'));
  if (rejected) return rejected.split('\t').slice(2).join(' ');
  const lines = (result?.stderr ?? '').split('\n').map((line) => line.trim());
  return lines.find((line) => line.startsWith('fatal:')) ?? lines.find((line) => line !== '') ?? 'no answer';
}

function gone(remote: string, branch: string): CoordError {
  return new CoordError('corrupt', `the branch ${branch} is gone from ${remote}, but this clone has its history`, {
    hint: `find out who deleted it; to put it back: git push ${remote} refs/heads/${branch}`,
    details: { reason: 'deleted' },
  });
}

function rewritten(remote: string, branch: string, known: string, tip: string): CoordError {
  return new CoordError(
    'corrupt',
    `the branch ${branch} of ${remote} was rewound or rewritten: it is at ${tip.slice(0, 7)}, which does not contain ${known.slice(0, 7)}`,
    {
      hint: `nothing was changed; compare git log ${branch} with git log ${tip.slice(0, 7)}, and agree on one`,
      details: { reason: 'rewritten', known, tip },
    },
  );
}
