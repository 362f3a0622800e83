import { lstatSync, readFileSync, readlinkSync, statSync } from 'node:fs';

const MOST_BYTES = 100_000;

/** The text of a small regular file; null for anything else, such as a symbolic link. */
export function contentOf(path: string): string | null {
  try {
    const stats = lstatSync(path);
    if (!stats.isFile() || stats.size > MOST_BYTES) return null;
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

/** Whether something is there, be it a link that leads nowhere. */
export function exists(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch {
    // Not there, or its folder is none (`core.hooksPath=/dev/null`).
    return false;
  }
}

/** Whether git would run it as a hook. */
export function isRunnable(path: string): boolean {
  try {
    const stats = statSync(path);
    return stats.isFile() && (stats.mode & 0o111) !== 0;
  } catch {
    return false;
  }
}

/** Whether two regular files have the same content and mode. */
export function isSameFile(one: string, other: string): boolean {
  const [a, b] = [one, other].map((path) => lstatSync(path));
  return (
    a?.isFile() === true && b?.isFile() === true && a.mode === b.mode && readFileSync(one).equals(readFileSync(other))
  );
}

/** Where a symbolic link leads, as it is written; null when it is none. */
export function linkOf(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}

/** The path with the first number at its end that is not taken. */
export function freeName(path: string): string {
  for (let number = 1; ; number += 1) if (!exists(`${path}.${number}`)) return `${path}.${number}`;
}
