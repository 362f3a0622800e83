import { mkdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Config } from '../../config/config.js';
import { form } from '../../domain/suggestion.js';
import { CoordError, usage } from '../../errors.js';
import { namesIn } from '../../git/if-there.js';
import type { RemoteGit } from '../../git/porcelain.js';
import { reasonOf } from '../../git/push-status.js';
import { compareAndSwapRef } from '../../git/refs.js';
import type { Repository } from '../../git/repository.js';
import type { Git } from '../../git/run.js';

export interface UpkeepOptions {
  readonly repository: Repository;
  readonly git: Git;
  /** Starts git with these arguments, and waits for nothing. */
  readonly background: (args: readonly string[]) => void;
  readonly ref: { readonly name: string };
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Git's own estimate: a repository has 256 times as many loose objects as lie in this one of their folders. */
const SAMPLE_FOLDER = '17';
const FOLDERS = 256;
/** Git's default of `gc.auto`: so many loose objects are too many. */
const DEFAULT_LOOSE_OBJECTS = 6_700;
/** No more often than this, so that one round has ended before the next begins. */
const PAUSE_MS = 20_000;
const MOST_PACKS = 10;
const MOST_REFLOG_BYTES = 1024 * 1024;
/** Packing takes one core at most. */
const GENTLY = ['-c', 'pack.threads=1'];

/**
 * Keeps a long history cheap. Each operation leaves three loose objects, and plumbing never tidies up after itself as
 * `git commit` does; so when git itself would think of it, git packs them in the background (`git maintenance`, which
 * has a lock of its own and deletes only what a pack holds). Nobody waits for it, and its failure is nobody's.
 */
export class Upkeep {
  constructor(private readonly options: UpkeepOptions) {}

  /** To be called after objects were written. Costs the listing of one folder, unless there is something to do. */
  async afterWrite(): Promise<void> {
    try {
      const sampled = this.listObjects(SAMPLE_FOLDER).length;
      if (sampled <= limitPerFolder(DEFAULT_LOOSE_OBJECTS) && this.reflogBytes() <= MOST_REFLOG_BYTES) return;
      if (!this.beginRound()) return;
      const limit = await this.allowedLooseObjects();
      if (limit === null) return;
      if (sampled > limitPerFolder(limit)) this.pack();
      if (this.reflogBytes() > MOST_REFLOG_BYTES) this.trimReflog();
    } catch {
      // A read-only or full disk must not turn a grant into a fault.
    }
  }

  private pack(): void {
    const { background } = this.options;
    const names = this.listObjects('pack');
    const packs = names.filter((name) => name.endsWith('.pack')).length;
    // In a partial clone, git up to 2.39 at least would take the fetched packs for its own, and miss what was left out.
    const mayMerge = packs > MOST_PACKS && !names.some((name) => name.endsWith('.promisor'));
    const tasks = ['--task=loose-objects', ...(mayMerge ? ['--task=incremental-repack'] : [])];
    background([...GENTLY, 'maintenance', 'run', '--quiet', ...tasks]);
  }

  /** The history tells all that a reflog could, so one that somebody's git began is kept for a day only. */
  private trimReflog(): void {
    const { background, ref } = this.options;
    background(['reflog', 'expire', '--expire=1.day.ago', '--expire-unreachable=1.day.ago', ref.name]);
  }

  /** Whether the last round is long enough ago; a new one has then begun. */
  private beginRound(): boolean {
    const mark = join(this.options.repository.commonDir, 'coord', 'upkeep');
    const now = this.options.now();
    const before = statSync(mark, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    // A clock that was set back is no reason to wait until it is there again.
    if (Math.abs(now - before) < PAUSE_MS) return false;
    mkdirSync(dirname(mark), { recursive: true });
    writeFileSync(mark, '');
    utimesSync(mark, now / 1000, now / 1000);
    return true;
  }

  /** What the user allows git to leave loose; null when git is not to tidy up by itself. */
  private async allowedLooseObjects(): Promise<number | null> {
    const { git } = this.options;
    const [auto, limit] = await Promise.all([
      git(['config', '--type=bool', '--get', 'maintenance.auto']),
      git(['config', '--type=int', '--get', 'gc.auto']),
    ]);
    if (auto.code === 0 && auto.stdout.toString('utf8').trim() === 'false') return null;
    if (limit.code !== 0) return DEFAULT_LOOSE_OBJECTS;
    const objects = Number(limit.stdout.toString('utf8').trim());
    return objects > 0 ? objects : null;
  }

  private listObjects(folder: string): string[] {
    return namesIn(join(this.options.repository.commonDir, 'objects', folder));
  }

  private reflogBytes(): number {
    const { repository, ref } = this.options;
    return statSync(join(repository.commonDir, 'logs', ref.name), { throwIfNoEntry: false })?.size ?? 0;
  }
}

function limitPerFolder(objects: number): number {
  return Math.ceil(objects / FOLDERS);
}

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
      throw usage(
        `${this.ref} cannot be made: ${made.stderr.trim()}`,
        `choose another name: ${form('doctor --compact --archive NAME')}`,
      );
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
      hint: 'nothing was changed; choose another name, ask for permission to push there, or drop --archive',
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
