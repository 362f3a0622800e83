import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/*
 * Files under `.git/coord` that only save work: any of them may be deleted, torn or unwritable at any time, and then costs
 * time and nothing else. What must not get lost (the outbox, the largest token) has stricter writers of its own.
 */

/**
 * The value that a file of the cache holds.
 * @param read takes it from the parsed JSON, of which nothing is known; null: it is none
 * @returns null where there is no such value, for whatever reason
 */
export function readCached<T>(path: string, read: (value: Readonly<Record<string, unknown>>) => T | null): T | null {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return typeof value === 'object' && value !== null ? read(value as Readonly<Record<string, unknown>>) : null;
  } catch {
    return null;
  }
}

/** Keeps a value, as a whole or not at all. */
export function writeCached(path: string, value: object): void {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(temporary, `${JSON.stringify(value)}\n`);
    renameSync(temporary, path);
  } catch {
    // A read-only or full disk only makes the next command find it out again.
  }
}
