const FILE_LINE = /^\*\*\* (?:(?:Add|Update|Delete) File|Move to): (.+?)[ \t\r]*$/gm;

/**
 * The paths that an `apply_patch` patch changes: what it adds, updates, deletes and moves, with both names of a move, each
 * once. Relative ones count from where the patch is applied.
 */
export function patchPaths(patch: string): string[] {
  return [...new Set([...patch.matchAll(FILE_LINE)].map(([, path = '']) => path))];
}

const DIFF_LINE = /^(?:(?:---|\+\+\+) ([^\t\r\n]+)|(?:rename|copy) (?:from|to) ([^\r\n]+)|diff --git ([^\r\n]+))/gm;

/**
 * The paths that a unified diff changes, each once.
 * @param strip how many leading parts of each path are taken away, as with `patch -p`
 */
export function diffPaths(diff: string, strip: number): string[] {
  const paths = new Set<string>();
  for (const [, side, renamed, header] of diff.matchAll(DIFF_LINE)) {
    if (renamed !== undefined) paths.add(renamed);
    // Modes and empty files have no other line; the two names are the same but for their first part.
    const both = header === undefined ? null : /^"?a\/(.+?)"? "?b\/\1"?$/.exec(header);
    const named = side ?? (both ? `a/${both[1]}` : undefined);
    if (named === undefined || named.trim() === '/dev/null') continue;
    const path = named.trim().replace(/^"|"$/g, '').split('/').slice(strip).join('/');
    if (path !== '') paths.add(path);
  }
  return [...paths];
}
