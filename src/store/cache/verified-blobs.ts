import { join } from 'node:path';
import { readCached, writeCached } from '../../git/local-cache.js';

declare const __COORD_VERSION__: string;

/** How a blob was verified: `written` by this very program, or `checked` by it in all that it says. */
export type HowVerified = 'written' | 'checked';

/** So many of the newest are kept: the file stays one block of the disk. */
const MOST = 8;

/**
 * The large files of the state ref that need no second check, by the ids of their blobs, which nothing but their
 * content can have. Kept beside the branch, for this version alone; deleting it, or tearing it, only costs time.
 */
export class VerifiedBlobs {
  private readonly path: string;
  private known: ReadonlyMap<string, HowVerified> | undefined;

  constructor(directory: string) {
    this.path = join(directory, 'verified-blobs.json');
  }

  /** null: nothing is known of it. */
  get(id: string): HowVerified | null {
    this.known ??= this.read();
    return this.known.get(id) ?? null;
  }

  add(id: string, how: HowVerified): void {
    // Another process may have added some since.
    const others = [...this.read()].filter(([other]) => other !== id).slice(0, MOST - 1);
    this.known = new Map([[id, how], ...others]);
    writeCached(this.path, { version: __COORD_VERSION__, blobs: [...this.known] });
  }

  private read(): ReadonlyMap<string, HowVerified> {
    const entries = readCached(this.path, ({ version, blobs }) =>
      version === __COORD_VERSION__ && Array.isArray(blobs) ? blobs.filter(isEntry) : null,
    );
    return new Map(entries ?? []);
  }
}

function isEntry(entry: unknown): entry is [string, HowVerified] {
  const [id, how] = Array.isArray(entry) ? entry : [];
  return (
    typeof id === 'string' && /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(id) && (how === 'written' || how === 'checked')
  );
}
