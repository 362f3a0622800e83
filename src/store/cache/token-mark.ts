import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { textOf } from '../../git/if-there.js';

/** A mark above it was not made by coord. What a number can hold exactly leaves as many again for those to come. */
const HIGHEST = 2 ** 52;

/**
 * The largest fencing token that this clone has seen, kept beside the branch so that a branch made again, or taken
 * back, goes on above it. Best effort: deleting it costs no claim, and leaves only the time base of new branches.
 */
export class TokenMark {
  private readonly path: string;
  private highest: number | undefined;

  constructor(private readonly directory: string) {
    this.path = join(directory, 'last-token');
  }

  /** 0 where none is known. */
  read(): number {
    this.highest ??= readNumber(this.path);
    return this.highest;
  }

  /** Never lowers it. */
  raise(token: number): void {
    if (token <= this.read()) return;
    // Another process may have raised it further since.
    this.highest = Math.max(token, readNumber(this.path));
    if (this.highest > token) return;
    try {
      mkdirSync(this.directory, { recursive: true });
      // In place, and no shorter than before: renaming over a file makes some file systems wait for the disk.
      writeFileSync(this.path, `${token}\n`, { flag: existsSync(this.path) ? 'r+' : 'w' });
    } catch {
      // A read-only or full disk must not turn a grant into a fault.
    }
  }
}

function readNumber(path: string): number {
  const value = Number(textOf(path).trim());
  return Number.isSafeInteger(value) && value > 0 && value <= HIGHEST ? value : 0;
}
