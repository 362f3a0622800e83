import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { Workspace } from './workspace.js';

/** A value that this clone keeps to save work; null when there is none, or it cannot be read. */
export function readRemembered<T>(path: string): T | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as T | null;
  } catch {
    return null;
  }
}

/** Keeps it, as a whole or not at all. Deleting it only costs time. */
export function remember(workspace: Workspace, path: string, value: object): void {
  const temporary = `${path}.${workspace.newId()}.tmp`;
  try {
    mkdirSync(workspace.localDirectory, { recursive: true });
    writeFileSync(temporary, `${JSON.stringify(value)}\n`);
    renameSync(temporary, path);
  } catch {
    // A read-only or full disk only makes the next command find it out again.
  }
}
