import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Instant, isInstant } from '../domain/time.js';
import type { Repository } from './repository.js';

/** Where the remote's main branch stood when coord last fetched it for itself. */
export interface LastFetch {
  readonly remote: string;
  /** Short name. */
  readonly branch: string;
  readonly commit: string;
  readonly at: Instant;
}

function pathIn(repository: Repository): string {
  return join(repository.commonDir, 'coord', 'last-fetch.json');
}

/** Best effort: without it, the remote-tracking branch tells. */
export function recordLastFetch(repository: Repository, fetched: LastFetch): void {
  const path = pathIn(repository);
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    mkdirSync(join(repository.commonDir, 'coord'), { recursive: true });
    writeFileSync(temporary, `${JSON.stringify(fetched)}\n`);
    renameSync(temporary, path);
  } catch {
    // A read-only or full disk must not turn a check that passed into a fault.
  }
}

/** null when coord never fetched from this remote, or the record is gone. */
export function lastFetch(repository: Repository, remote: string): LastFetch | null {
  try {
    const value = JSON.parse(readFileSync(pathIn(repository), 'utf8')) as Partial<LastFetch>;
    const { branch, commit, at } = value;
    const sound = typeof branch === 'string' && /^[0-9a-f]{40,64}$/.test(commit ?? '') && isInstant(at);
    return value.remote === remote && sound ? (value as LastFetch) : null;
  } catch {
    return null;
  }
}
