import { type BigIntStats, type FSWatcher, statSync, watch } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Repository } from '../../git/repository.js';

/**
 * Where the file system tells of no changes (NFS, some containers), the ref's file is looked at this often: one
 * `stat`, and no git process.
 */
const LOOK_MS = 1_000;

/** Another clone cannot wake a process of this one: who waits for what others write asks the remote this often. */
export const REMOTE_POLL_MS = 2_000;

interface Watch {
  close(): void;
}

interface WatchOptions {
  readonly repository: Repository;
  /** Full name. */
  readonly ref: string;
  /** Called after the ref moved, was made or deleted; never before the first such change. */
  readonly onChange: () => void;
}

/**
 * Watches a ref of this clone through the file system, without polling git. What happens after the call is never
 * missed, so watch first and read then. Keeps the process alive until it is closed.
 */
export function watchRef({ repository, ref, onChange }: WatchOptions): Watch {
  const files = filesOf(repository, ref);
  const look = changeOf(files, onChange);
  return watchIn(dirname(files[0]), look, look);
}

/** The same for what comes into a folder, or leaves it; the folder need not exist yet. */
export function watchFolder(folder: string, onChange: () => void): Watch {
  // Two changes within one tick of the file system's clock leave one stamp, so each event counts.
  return watchIn(folder, onChange, changeOf([folder], onChange));
}

/** Calls `onEvent` when the file system tells of something in the folder, and `look` now and then. */
function watchIn(folder: string, onEvent: () => void, look: () => void): Watch {
  const watch = new FolderWatch(folder, onEvent);
  const timer = setInterval(() => {
    watch.follow();
    look();
  }, LOOK_MS);
  return {
    close() {
      clearInterval(timer);
      watch.close();
    },
  };
}

/** What calls `onChange` whenever the files have changed since it was last called. */
function changeOf(files: readonly string[], onChange: () => void): () => void {
  let seen = signature(files);
  return () => {
    const now = signature(files);
    if (now === seen) return;
    seen = now;
    onChange();
  };
}

/** The files whose replacement moves the ref; the first is the one that an update writes. */
function filesOf({ commonDir, refFormat }: Repository, ref: string): readonly [string, ...string[]] {
  if (refFormat === 'reftable') return [join(commonDir, 'reftable', 'tables.list')];
  return [join(commonDir, ref), join(commonDir, 'packed-refs')];
}

/** Differs whenever one of the files was replaced, made or removed: git never writes into them in place. */
function signature(files: readonly string[]): string {
  return files
    .map((file) => {
      const stats = statsOf(file);
      return stats ? `${stats.ino} ${stats.mtimeNs} ${stats.size}` : '-';
    })
    .join(' ');
}

/** Tells of changes in a folder, or while it does not exist (its refs are packed), in the nearest one above. */
class FolderWatch {
  private watcher: FSWatcher | null = null;
  private watched = '';

  constructor(
    private readonly folder: string,
    private readonly onEvent: () => void,
  ) {
    this.follow();
  }

  /** Watches the right folder, which may have been removed or made since. */
  follow(): void {
    const nearest = nearestFolder(this.folder);
    if (nearest.key === this.watched) return;
    this.close();
    this.watched = nearest.key;
    try {
      this.watcher = watch(nearest.path, () => {
        this.follow();
        this.onEvent();
      });
      // No more watches, or an unmounted disk: looking now and then is left.
      this.watcher.on('error', () => this.watcher?.close());
    } catch {
      this.watcher = null;
    }
  }

  close(): void {
    this.watcher?.close();
    this.watcher = null;
  }
}

/** The folder itself, or the nearest one above that exists; the key tells it from one made again under its name. */
function nearestFolder(folder: string): { readonly path: string; readonly key: string } {
  for (let path = folder; ; path = dirname(path)) {
    const stats = statsOf(path);
    if (stats?.isDirectory()) return { path, key: `${path} ${stats.ino} ${stats.birthtimeNs}` };
    if (dirname(path) === path) return { path, key: path };
  }
}

function statsOf(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false });
  } catch {
    // Not readable at the moment: it counts as absent, and is looked at again.
    return undefined;
  }
}

/** Wakes a waiting loop. A ring before the wait counts: nothing that happened in between is slept through. */
export class Wakeup {
  private rung = false;
  private wake: (() => void) | null = null;
  private over = false;

  /** Whether the wait is to end for good. */
  get stopped(): boolean {
    return this.over;
  }

  ring(): void {
    this.rung = true;
    this.wake?.();
  }

  stop(): void {
    this.over = true;
    this.ring();
  }

  /** Forgets earlier rings: the loop is about to look for itself. */
  reset(): void {
    this.rung = this.over;
  }

  /** Resolves when rung, or after this many milliseconds. */
  wait(ms: number): Promise<void> {
    if (this.rung) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.wake = null;
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.wake = done;
    });
  }
}
