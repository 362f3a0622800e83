import type { Config } from '../../config/config.js';
import { coord } from '../../domain/suggestion.js';
import { CoordError, usage } from '../../errors.js';
import type { RemoteGit } from '../../git/porcelain.js';
import { reasonOf } from '../../git/push-status.js';
import { compareAndSwapRef } from '../../git/refs.js';
import type { Repository } from '../../git/repository.js';
import type { Git } from '../../git/run.js';

export interface ArchiveSurroundings {
  readonly repository: Repository;
  readonly git: Git;
  readonly remoteGit: RemoteGit;
}

/**
 * A ref that keeps the history which a compaction replaces, here and on the remote that arbitrates.
 * @throws CoordError `usage` when the name cannot be a ref.
 */
export async function archiveIn(
  effects: ArchiveSurroundings,
  { share, remote }: Pick<Config, 'share' | 'remote'>,
  name: string,
): Promise<Archive> {
  const ref = `refs/coord/archive/${name}`;
  const { code } = await effects.git(['check-ref-format', ref]);
  if (code !== 0) throw usage(`not a name for an archive: ${JSON.stringify(name)}`, 'for example --archive 2026-11');
  return new Archive(effects, share ? remote : null, ref);
}

export class Archive {
  constructor(
    private readonly effects: ArchiveSurroundings,
    private readonly remote: string | null,
    /** Full name. */
    readonly ref: string,
  ) {}

  /**
   * Keeps a commit, before anything is replaced.
   * @throws CoordError `usage` when there is such an archive already, `unavailable` when the remote does not take it;
   *   nothing is changed then.
   */
  async keep(commit: string): Promise<void> {
    const { repository, git } = this.effects;
    const made = await compareAndSwapRef(repository, git, { ref: this.ref, to: commit, from: null });
    if (!made.ok)
      throw usage(`${this.ref} cannot be made: ${made.stderr.trim()}`, coord('doctor --compact --archive OTHER-NAME'));
    await this.pushOut(commit).catch(async (error: unknown) => {
      await this.dropHere(commit);
      throw error;
    });
  }

  /** Takes it away again, as far as that is possible: what it kept is not replaced after all. */
  async drop(commit: string): Promise<void> {
    await this.push(`:${this.ref}`, commit).catch(() => undefined);
    await this.dropHere(commit);
  }

  private async pushOut(commit: string): Promise<void> {
    const pushed = await this.push(`${commit}:${this.ref}`, '');
    if (pushed === null || pushed.code === 0) return;
    const listed = await this.effects.remoteGit.lsRemote(this.remote ?? '', [this.ref]);
    if (listed.stdout.startsWith(`${commit}\t`)) return;
    throw new CoordError('unavailable', `${this.remote} did not take ${this.ref}: ${reasonOf(pushed)}`, {
      hint: 'nothing was changed; choose another name, ask for permission to push there, or leave --archive out',
      details: { ref: this.ref, stderr: pushed.stderr.slice(0, 2000) },
    });
  }

  /** Moves the remote's ref if it stands at `expected` (empty: nowhere); null where there is no remote. */
  private async push(refspec: string, expected: string) {
    if (this.remote === null) return null;
    const options = ['--no-verify', '--no-follow-tags', '--no-signed'];
    return this.effects.remoteGit.push(
      this.remote,
      [refspec],
      [`--force-with-lease=${this.ref}:${expected}`, ...options],
    );
  }

  private async dropHere(commit: string): Promise<void> {
    await this.effects.git(['update-ref', '-d', this.ref, commit]);
  }
}
