import type { Submission } from '../domain/model.js';
import type { TreeEntry } from '../git/trees.js';

/**
 * The tree that makes the contents of open submissions part of the branch, so that they travel with it: `ID/3` is the
 * content of the third file of a submission, `ID/3.base` what it was made from. Numbers, not paths, since a tree with
 * names such as `.gitmodules` would be judged by servers. What has ended leaves the tip; the history keeps it.
 * @param write writes a tree and returns its id
 * @returns null when no submission is open
 */
export function submittedContents(
  submissions: readonly Submission[],
  write: (entries: ReadonlyMap<string, TreeEntry>) => string,
): string | null {
  const open = submissions.filter(({ closed }) => closed === null);
  if (open.length === 0) return null;
  return write(new Map(open.map((submission) => [submission.id, { mode: '40000', id: write(entriesOf(submission)) }])));
}

function entriesOf({ files }: Submission): ReadonlyMap<string, TreeEntry> {
  const entries = files.flatMap(({ blob, base, carriesBase }, index): [string, TreeEntry][] => [
    ...(blob === null ? [] : [[`${index + 1}`, { mode: '100644', id: blob }] as [string, TreeEntry]]),
    ...(base !== null && carriesBase
      ? [[`${index + 1}.base`, { mode: '100644', id: base }] as [string, TreeEntry]]
      : []),
  ]);
  return new Map(entries);
}
