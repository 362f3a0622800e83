import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import type { Submission, SubmittedFile } from '../../domain/model.js';
import { coord } from '../../domain/suggestion.js';
import { oneLine, shorten } from '../../domain/text.js';
import { usage } from '../../errors.js';
import { filesAtPaths } from '../../git/files.js';
import { mergeTexts, ScratchIndex, type TreeFile } from '../../git/scratch-index.js';
import { obstacleTo, traceOf } from '../../git/worktree.js';
import type { Context } from '../../workspace/context.js';

/** What becomes of one file of a submission in this worktree. */
export interface PlannedFile {
  readonly path: string;
  /** `already`: HEAD has it as it was submitted. `merged`: both sides had changed it. */
  readonly how: 'as-submitted' | 'merged' | 'already' | 'conflict';
  /** In HEAD. */
  readonly from: TreeFile | null;
  /** What it is to be; with marks where there is a conflict of text, else as it was submitted. */
  readonly to: TreeFile | null;
  /** What keeps it from being merged; `text` can be marked in the file. */
  readonly conflict: Conflict | null;
  /** Whether the worktree has uncommitted changes that would be written over. */
  readonly dirty: boolean;
  /** Whether it stands in the worktree already as it is to be. */
  readonly done: boolean;
  /** A folder, file or link that is in the way. */
  readonly obstacle: string | null;
  /** See `traceOf`. */
  readonly trace: string;
}

export type Conflict = 'text' | 'binary' | 'no-base' | 'deleted-here' | 'changed-here' | 'no-file-here';

/** How a submission would change this worktree, file by file: a three-way merge with HEAD. Changes nothing. */
export async function planIntegration(context: Context, submission: Submission): Promise<readonly PlannedFile[]> {
  const { repository, git } = context;
  const { commit } = await context.head();
  const paths = submission.files.map(({ path }) => path);
  for (const path of paths) refuseTooLong(repository.root, path);
  const traces = new Map(paths.map((path) => [path, traceOf(repository.root, path)]));
  const obstacles = new Map(paths.map((path) => [path, obstacleTo(repository.root, path)]));
  const head = await filesAtPaths(git, commit, paths);
  const here = await worktreeAt(
    context,
    commit,
    paths.filter((path) => obstacles.get(path) === null),
  );
  const planned: PlannedFile[] = [];
  for (const file of submission.files) {
    const { path } = file;
    const from = head.get(path) ?? null;
    const { how, to, conflict } = await resultOf(context, submission, file, from);
    const now = here.changed.has(path) ? (here.changed.get(path) ?? null) : from;
    const done = how === 'already' || same(now, to);
    const dirty = !done && (here.staged.has(path) || !same(now, from));
    const facts = { obstacle: obstacles.get(path) ?? null, trace: traces.get(path) ?? '' };
    planned.push({ path, how, from, to, conflict, dirty, done, ...facts });
  }
  return planned;
}

/** Another system may have longer names than this one. */
function refuseTooLong(root: string, path: string): void {
  try {
    lstatSync(join(root, path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENAMETOOLONG') return;
    throw usage(
      `a name that is too long for this system: ${oneLine(shorten(path, 80))}`,
      `decline it, and ask for another name: ${coord('integrate --all')}`,
    );
  }
}

/** What the worktree and the user's index hold that HEAD does not. */
async function worktreeAt(context: Context, commit: string | null, paths: readonly string[]) {
  const index = new ScratchIndex(context.repository, context.git, context.newId());
  try {
    index.copyFromUser();
    const staged = new Set((await index.changesSince(commit, paths)).map(({ path }) => path));
    await index.takeFromWorktree(paths);
    const changed = new Map((await index.changesSince(commit, paths)).map(({ path, to }) => [path, to]));
    return { staged, changed };
  } finally {
    index.remove();
  }
}

type Result = Pick<PlannedFile, 'how' | 'to' | 'conflict'>;

async function resultOf(
  context: Context,
  submission: Submission,
  file: SubmittedFile,
  ours: TreeFile | null,
): Promise<Result> {
  const theirs = file.blob === null || file.mode === null ? null : { mode: file.mode, id: file.blob };
  const base = file.base === null || file.baseMode === null ? null : { mode: file.baseMode, id: file.base };
  if (same(ours, theirs)) return { how: 'already', to: ours, conflict: null };
  if (same(ours, base)) return { how: 'as-submitted', to: theirs, conflict: null };
  const conflict = (why: Conflict): Result => ({ how: 'conflict', to: theirs, conflict: why });
  if (theirs === null) return conflict('changed-here');
  if (ours === null) return conflict('deleted-here');
  if (!ours.mode.startsWith('100')) return conflict('no-file-here');
  const mode = base !== null && theirs.mode === base.mode ? ours.mode : theirs.mode;
  const merged = (id: string): Result => ({ how: 'merged', to: { mode, id }, conflict: null });
  if (theirs.id === base?.id || theirs.id === ours.id) return merged(ours.id);
  if (ours.id === base?.id) return merged(theirs.id);
  const versions = await readVersions(context, ours, base, theirs);
  if (versions === null) return conflict('no-base');
  if (Object.values(versions).some((content) => content.includes(0))) return conflict('binary');
  const names = { ours: 'yours', base: 'base', theirs: `${submission.agent} (${submission.id})` };
  const { content, conflicts } = await mergeTexts(
    context.repository,
    context.git,
    { ...versions, names },
    context.newId(),
  );
  const id = context.objects.write('blob', content);
  return conflicts === 0 ? merged(id) : { how: 'conflict', to: { mode, id }, conflict: 'text' };
}

/** null when this clone has no content of the base, and none came with the submission. */
async function readVersions(context: Context, ours: TreeFile, base: TreeFile | null, theirs: TreeFile) {
  const { objects } = context;
  const found = await objects.read([ours.id, theirs.id]);
  const ofBase = base === null ? null : await objects.read([base.id]).catch(() => undefined);
  if (ofBase === undefined) return null;
  const content = (file: TreeFile) => found.get(file.id)?.body ?? Buffer.alloc(0);
  const baseContent = base === null ? Buffer.alloc(0) : (ofBase?.get(base.id)?.body ?? Buffer.alloc(0));
  return { ours: content(ours), base: baseContent, theirs: content(theirs) };
}

function same(a: TreeFile | null, b: TreeFile | null): boolean {
  return a === null || b === null ? a === b : a.id === b.id && a.mode === b.mode;
}
