import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

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

  constructor(private readonly directory: string) {
    this.path = join(directory, 'verified-blobs');
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
    const lines = [...this.known].map(([blob, means]) => `${blob} ${means}\n`);
    try {
      mkdirSync(this.directory, { recursive: true });
      writeFileSync(this.path, [`${__COORD_VERSION__}\n`, ...lines].join(''));
    } catch {
      // A read-only or full disk only makes the next command check it again.
    }
  }

  private read(): ReadonlyMap<string, HowVerified> {
    const [version, ...lines] = readIfThere(this.path).split('\n');
    if (version !== __COORD_VERSION__) return new Map();
    const entries = lines.map((line) => /^([0-9a-f]{40}|[0-9a-f]{64}) (written|checked)$/.exec(line));
    return new Map(entries.flatMap((entry) => (entry ? [[entry[1] as string, entry[2] as HowVerified]] : [])));
  }
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
