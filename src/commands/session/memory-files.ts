import { join } from 'node:path';
import type { Context } from '../../context.js';
import { linesOf } from '../../domain/rules/files.js';
import { readWorktreeFile } from '../../git/worktree-files.js';
import type { MemoryFile } from '../../render/session.js';
import { insidePath, type MainFiles, MOST_BYTES_READ } from '../main-branch/files.js';

/** The paths of the memory files that the configuration names. @throws CoordError `usage` */
export async function memoryPaths(context: Context): Promise<string[]> {
  return [...new Set((await context.config()).memory.map((path) => insidePath('memory', path)))];
}

/**
 * The memory files as they are here: they are often edited and read before they are committed. Where the main branch has
 * another version, each says so.
 */
export function readMemory(context: Context, paths: readonly string[], main: MainFiles | null): MemoryFile[] {
  const { root } = context.repository;
  return paths.map((file) => {
    const here = readWorktreeFile(root, file, MOST_BYTES_READ);
    const there = main?.files.find(({ path }) => path === file);
    const base = { file, path: join(root, file), bytes: here?.bytes ?? null, text: here?.text ?? null };
    if (main === null) return { ...base, differs: null };
    if (here === null || there === undefined) {
      return { ...base, differs: here ? 'only-here' : there ? 'only-there' : null };
    }
    return { ...base, differs: isSame(here, there) ? null : 'changed' };
  });
}

/** Line ends and blanks at the ends of lines do not count; of a file too large to be read, the size does. */
function isSame(
  a: { readonly bytes: number; readonly text: string | null },
  b: { readonly bytes: number; readonly text: string | null },
): boolean {
  if (a.text === null || b.text === null) return a.bytes === b.bytes;
  return linesOf(a.text).join('\n') === linesOf(b.text).join('\n');
}
