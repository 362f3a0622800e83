import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { ScratchIndex } from '../../git/scratch-index.js';
import { type Placement, placeInWorktree } from '../../git/worktree.js';
import type { Context } from '../../workspace/context.js';
import type { PlannedFile } from './merge-plan.js';

/** How much of a file changes, in lines; null for what has no lines. */
export interface LineCounts {
  readonly added: number | null;
  readonly deleted: number | null;
}

/** One file of an integration, as it is told. */
export interface IntegratedFile extends LineCounts {
  readonly path: string;
  readonly change: 'added' | 'modified' | 'deleted' | 'none';
  readonly how: PlannedFile['how'];
  readonly conflict: PlannedFile['conflict'];
}

/** What an integration would leave in the worktree, beside it. */
export interface IntegrationResult {
  counts(): Promise<ReadonlyMap<string, LineCounts>>;
  /** As `git diff` shows it. */
  patch(): Promise<string>;
  /** Makes the files ready: what can fail, such as a filter, fails before anything is decided. */
  prepare(): Promise<void>;
  /** Puts all of it in its place, or nothing. */
  place(): void;
}

/** Makes the result of a plan beside the worktree, for as long as the work takes. */
export async function withResult<T>(
  context: Context,
  plan: readonly PlannedFile[],
  work: (result: IntegrationResult) => Promise<T>,
): Promise<T> {
  const id = context.newId();
  const { repository, git } = context;
  const { commit } = await context.head();
  const changed = plan.filter(({ how }) => how !== 'already');
  const waiting = changed.filter(({ done }) => !done);
  const folder = join(repository.gitDir, `coord-integrate-${id}`);
  const index = new ScratchIndex(repository, git, id);
  const paths = changed.map(({ path }) => path);
  try {
    await index.copyFromCommit(commit);
    // What is put back when a file cannot be placed.
    await index.writeBelow(join(folder, 'before'), pathsOf(changed, 'from'));
    // What was merged is not where git finds it until then.
    await context.objects.flush();
    if (changed.length > 0) await index.put(changed.map(({ path, to }) => ({ path, file: to })));
    return await work({
      counts: async () => countsIn(await index.diff(commit, paths, '--numstat', '-z')),
      patch: () => index.diff(commit, paths, '--patch'),
      prepare: () => index.writeBelow(join(folder, 'after'), pathsOf(waiting, 'to')),
      place: () =>
        placeInWorktree(
          repository.root,
          waiting.map((file) => placementOf(file, folder)),
        ),
    });
  } finally {
    index.remove();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Where there is a file or a link; a folder or a submodule is not written. */
function pathsOf(files: readonly PlannedFile[], side: 'from' | 'to'): string[] {
  return files.filter((file) => /^1[02]0/.test(file[side]?.mode ?? '')).map(({ path }) => path);
}

function placementOf({ path, from, to, trace }: PlannedFile, folder: string): Placement {
  const side = (file: object | null, name: string) => (file === null ? null : join(folder, name, path));
  return { path, before: side(from, 'before'), after: side(to, 'after'), trace };
}

function countsIn(numstat: string): Map<string, LineCounts> {
  const counts = new Map<string, LineCounts>();
  for (const line of numstat.split('\0')) {
    const [added = '', deleted = '', ...path] = line.split('\t');
    const count = (text: string) => (text === '-' ? null : Number(text));
    if (path.length > 0) counts.set(path.join('\t'), { added: count(added), deleted: count(deleted) });
  }
  return counts;
}

export function reportOf(
  plan: readonly PlannedFile[],
  counts: ReadonlyMap<string, LineCounts>,
): readonly IntegratedFile[] {
  return plan.map(({ path, how, from, to, conflict }) => {
    const change = how === 'already' ? 'none' : from === null ? 'added' : to === null ? 'deleted' : 'modified';
    return { path, change, how, conflict, ...(counts.get(path) ?? { added: 0, deleted: 0 }) };
  });
}
