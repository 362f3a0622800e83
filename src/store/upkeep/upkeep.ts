import { mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
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
    try {
      return readdirSync(join(this.options.repository.commonDir, 'objects', folder));
    } catch {
      return [];
    }
  }

  private reflogBytes(): number {
    const { repository, ref } = this.options;
    return statSync(join(repository.commonDir, 'logs', ref.name), { throwIfNoEntry: false })?.size ?? 0;
  }
}

function limitPerFolder(objects: number): number {
  return Math.ceil(objects / FOLDERS);
}
