import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Instant, isInstant } from '../domain/time.js';

/** When this clone last had a remote's answer about its branch. Best effort: deleting it only makes that unknown. */
export class Asked {
  private readonly path: string;

  constructor(
    private readonly directory: string,
    remote: string,
    branch: string,
  ) {
    this.path = join(directory, `asked-${encodeURIComponent(`${remote} ${branch}`)}`);
  }

  /** By this host's clock; null where it is not known. */
  read(): Instant | null {
    try {
      const text = readFileSync(this.path, 'utf8').trim();
      return isInstant(text) ? text : null;
    } catch {
      return null;
    }
  }

  record(at: Instant): void {
    const temporary = `${this.path}.${randomBytes(6).toString('hex')}.tmp`;
    try {
      mkdirSync(this.directory, { recursive: true });
      writeFileSync(temporary, `${at}\n`);
      renameSync(temporary, this.path);
    } catch {
      // A read-only or full disk must not turn a grant into a fault.
    }
  }
}
