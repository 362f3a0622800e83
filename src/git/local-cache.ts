import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readFileSync, readSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/*
 * Files under `.git/coord` that only save work: any of them may be deleted, torn or unwritable at any time, and then costs
 * time and nothing else. What must not get lost (the outbox, the largest token) has stricter writers of its own.
 */

/** The head of what is kept twice names a few files. */
const MOST_OF_HEAD = 64 * 1024;

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
  write(path, `${JSON.stringify(value)}\n`);
}

/**
 * The value that {@link writeTwice} kept, where that is what it was: it stands there twice, so that a damaged byte is noticed.
 * @param isWanted looks at the head, which is read first
 * @returns null where there is no such value
 */
export function readTwice<H, T>(path: string, isWanted: (head: H) => boolean): T | null {
  try {
    const bytes = readFileSync(path);
    const begin = bytes.indexOf('\n') + 1;
    const middle = begin + (bytes.length - begin) / 2;
    if (!isWanted(JSON.parse(bytes.toString('utf8', 0, begin)) as H)) return null;
    if (middle === begin || !bytes.subarray(begin, middle).equals(bytes.subarray(middle))) return null;
    return JSON.parse(bytes.toString('utf8', begin, middle)) as T;
  } catch {
    return null;
  }
}

/** The head alone of what {@link writeTwice} kept; null: there is none. */
export function headOf<H>(path: string): H | null {
  try {
    const file = openSync(path, 'r');
    try {
      const bytes = Buffer.alloc(MOST_OF_HEAD);
      readSync(file, bytes);
      return JSON.parse(bytes.toString('utf8', 0, bytes.indexOf('\n'))) as H;
    } finally {
      closeSync(file);
    }
  } catch {
    return null;
  }
}

/** Keeps a value by which something is decided without another look. */
export function writeTwice(path: string, head: object, value: object): void {
  const text = `${JSON.stringify(value)}\n`;
  write(path, `${JSON.stringify(head)}\n${text}${text}`);
}

function write(path: string, text: string): void {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(temporary, text);
    renameSync(temporary, path);
  } catch {
    // A read-only or full disk only makes the next command find it out again.
  }
}
