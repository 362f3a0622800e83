import { lstatSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

export interface WorktreeFile {
  readonly bytes: number;
  /** null: larger than asked for, or no text. */
  readonly text: string | null;
}

/**
 * A file of the worktree, relative to its root; null when there is no such file, or it leads out of the repository.
 * @param most bytes; a larger file is not read
 */
export function readWorktreeFile(root: string, path: string, most: number): WorktreeFile | null {
  try {
    const real = realpathSync(join(root, path));
    const stats = statSync(real);
    if (!stats.isFile() || relative(root, real).startsWith('..')) return null;
    if (stats.size > most) return { bytes: stats.size, text: null };
    const content = readFileSync(real);
    return { bytes: content.length, text: content.includes(0) ? null : content.toString('utf8') };
  } catch {
    return null;
  }
}

/** The regular files in a folder of the worktree and all below it, `/` between segments, NFC; none when it is not there. */
export function filesBelow(root: string, folder: string): string[] {
  try {
    if (!lstatSync(join(root, folder)).isDirectory()) return [];
    return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/').normalize('NFC'));
  } catch {
    return [];
  }
}
