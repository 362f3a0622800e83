import type { Config } from '../config/config.js';
import { CoordError, usage } from '../errors.js';
import type { RemoteGit } from '../git/porcelain.js';
import { compareAndSwapRef } from '../git/refs.js';
import type { Repository } from '../git/repository.js';
import type { Git } from '../git/run.js';
import type { Companion } from './companion.js';

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
  around: ArchiveSurroundings,
  { share, remote }: Pick<Config, 'share' | 'remote'>,
  name: string,
): Promise<Archive> {
  const ref = `refs/coord/archive/${name}`;
  const { code } = await around.git(['check-ref-format', ref]);
  if (code !== 0) throw usage(`not a name for an archive: ${JSON.stringify(name)}`, 'for example --archive 2026-11');
  return new Archive(around, share ? remote : null, ref);
}

export class Archive {
  private kept: string | null = null;
  private settled = false;

  constructor(
    private readonly around: ArchiveSurroundings,
    private readonly remote: string | null,
    /** Full name. */
    readonly ref: string,
  ) {}

  /**
   * Keeps a commit here, before anything is replaced.
   * @returns what must move on the remote with the branch, or not at all; undefined where there is none.
   * @throws CoordError `usage` when there is such an archive already.
   */
  async keep(commit: string): Promise<Companion | undefined> {
    const { repository, git } = this.around;
    const done = await compareAndSwapRef(repository, git, { ref: this.ref, to: commit, from: this.kept });
    if (!done.ok)
      throw usage(`${this.ref} cannot be made: ${done.stderr.trim()}`, 'coord compact --archive OTHER-NAME');
    this.kept = commit;
    const { remote, ref } = this;
    if (remote === null) return undefined;
    return { ref, commit, expected: '', confirm: () => this.confirm(remote, commit) };
  }

  stays(): void {
    this.settled = true;
  }

  async dropUnlessItStays(): Promise<void> {
    if (this.settled || this.kept === null) return;
    await this.around.git(['update-ref', '-d', this.ref, this.kept]);
  }

  private async confirm(remote: string, commit: string): Promise<void> {
    const { stdout } = await this.around.remoteGit.lsRemote(remote, [this.ref]);
    if (stdout.startsWith(`${commit}\t`)) return;
    throw new CoordError('fault', `${remote} moved the branch without the archive ${this.ref}`, {
      hint: `push it: git push ${remote} ${commit}:${this.ref}`,
      details: { commit, ref: this.ref },
    });
  }
}
