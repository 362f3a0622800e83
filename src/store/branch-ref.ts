import { CoordError } from '../errors.js';
import type { ObjectDatabase } from '../git/objects.js';
import { waitForRefLock } from '../git/ref-lock.js';
import { compareAndSwapRef, readRef } from '../git/refs.js';
import type { Repository } from '../git/repository.js';
import type { Git } from '../git/run.js';
import type { Arbiter } from './arbiter.js';
import { parseCommit } from './commits.js';
import type { LockSurroundings } from './local-lock.js';

/** How often a write that met a lock, or found none any more, is tried again. */
const ATTEMPTS = 20;

/** The local ref of the coordination branch; arbiter of a clone that shares with no remote. */
export class BranchRef implements Arbiter {
  readonly reach = 'host';
  /** Full name. */
  readonly name: string;

  constructor(
    private readonly repository: Repository,
    private readonly git: Git,
    private readonly objects: ObjectDatabase,
    readonly branch: string,
    private readonly around: LockSurroundings,
  ) {
    this.name = `refs/heads/${branch}`;
  }

  /** The commit at the tip; null when there is no branch. */
  tip(): Promise<string | null> {
    return readRef(this.repository, this.git, this.name);
  }

  async publish(commit: string, from: string | null): Promise<boolean> {
    for (let attempt = 1; ; attempt += 1) {
      const result = await compareAndSwapRef(this.repository, this.git, { ref: this.name, to: commit, from });
      const tip = await this.tip();
      // What the ref says counts, not what the process said: it may have been killed after it had won.
      if (tip === commit) return true;
      if (tip !== from || result.ok) return this.reaches(tip, commit, from);
      const waited = await this.waitForLock();
      if (attempt === ATTEMPTS || (!waited && attempt > 1)) throw this.refused(result.stderr);
    }
  }

  /** Waits while another git holds the lock of this branch; false when none does. */
  waitForLock(): Promise<boolean> {
    return waitForRefLock(this.repository, this.name, (ms) => this.around.pause(ms));
  }

  async refresh(): Promise<void> {
    // The local ref is the truth itself.
  }

  /** Whether `commit` is on the first-parent line from `tip` down to `base`. */
  async reaches(tip: string | null, commit: string, base: string | null): Promise<boolean> {
    let at = tip;
    while (at !== null && at !== base) {
      if (at === commit) return true;
      const object = (await this.objects.read([at])).get(at);
      at = object ? (parseCommit(object.body).parents[0] ?? null) : null;
    }
    return at !== null && at === commit;
  }

  private refused(stderr: string): CoordError {
    const reason = stderr.trim().split('\n')[0] ?? '';
    return new CoordError('unavailable', `the coordination branch could not be written: ${reason}`, {
      hint: 'nothing was changed; check permissions, disk space, hooks, and branches named like it (git branch)',
    });
  }
}
