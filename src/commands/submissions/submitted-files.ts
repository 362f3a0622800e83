import { matches } from '../../domain/ground/index.js';
import { directoryPath, type Target } from '../../domain/ground/targets.js';
import type { SubmittedFile } from '../../domain/model.js';
import { listed, oneLine, plural } from '../../domain/text.js';
import { type CoordError, usage } from '../../errors.js';
import { type ChangedFile, ScratchIndex, type TreeFile } from '../../git/scratch-index.js';
import { type ListedFile, listFiles, obstacleTo } from '../../git/worktree.js';
import type { Context } from '../../workspace/context.js';

/** What one submission may hold. Larger results belong into a commit on a branch, or into a store of their own. */
export const MOST_BYTES = 1024 * 1024;
export const MOST_BYTES_TOGETHER = 5 * 1024 * 1024;
export const MOST_FILES = 500;
const MOST_LISTED = 5;
const INSTEAD = 'commit it on a branch of its own and name the branch in a note, or submit less';

/**
 * The changes in the worktree at these targets, against a commit, each with its content as a blob of this repository. Files
 * that git ignores are taken when they are named, or in the agent's scratch; never with a folder.
 * @throws CoordError `usage` that says what cannot be handed over.
 */
export async function submittedFiles(
  context: Context,
  targets: readonly Target[],
  scratch: readonly Target[],
  commit: string | null,
): Promise<readonly SubmittedFile[]> {
  const paths = targets.map(pathOf);
  const listed = await candidates(context, targets, scratch);
  refuseUnfit(context, listed);
  const index = new ScratchIndex(context.repository, context.git, context.newId());
  try {
    index.copyFromUser();
    await index.takeFromWorktree(listed.map(({ path }) => path));
    const taken = new Set(listed.map(({ path }) => path));
    // What a sparse checkout leaves out is in the index, and no change.
    const changes = (await index.changesSince(commit, paths)).filter(({ path, to }) => to === null || taken.has(path));
    refuseUnknown(targets, [...listed, ...changes]);
    return await withContents(context, changes);
  } finally {
    index.remove();
  }
}

/** Relative to the root; `.` is the root itself. */
function pathOf(target: Target): string {
  if (target.kind === 'path') return target.text;
  if (target.kind === 'directory') return directoryPath(target) || '.';
  throw usage(`not a file or folder: ${oneLine(target.text)}`, 'name files and folders; a shell expands globs');
}

async function candidates(
  context: Context,
  targets: readonly Target[],
  scratch: readonly Target[],
): Promise<readonly ListedFile[]> {
  const { repository, git } = context;
  const options = { foldCase: repository.foldsCase };
  const whole = (target: Target) =>
    target.kind === 'path' || scratch.some((own) => matches(own, `${directoryPath(target)}/x`, options));
  const named = await listFiles(repository, git, targets.filter(whole).map(pathOf), true);
  const below = await listFiles(repository, git, targets.filter((target) => !whole(target)).map(pathOf), false);
  return [...new Map([...below, ...named].map((file) => [file.path, file])).values()];
}

/** A path that was named is there, or it was and is deleted. */
function refuseUnknown(targets: readonly Target[], known: readonly { readonly path: string }[]): void {
  for (const path of targets.filter(({ kind }) => kind === 'path').map(pathOf)) {
    // A folder that is gone is named like a file.
    if (known.some((file) => `${file.path.normalize('NFC')}/`.startsWith(`${path}/`))) continue;
    throw usage(`no such file: ${oneLine(path)}`, 'name a file that is there, or one that you deleted and HEAD has');
  }
}

/** What no content can be read of, or too much. */
function refuseUnfit(context: Context, listed: readonly ListedFile[]): void {
  const { root } = context.repository;
  refuse(
    listed.filter(({ path }) => path.endsWith('/')),
    'a repository inside of this one cannot be submitted',
    'submit in that repository, or name the files beside it',
  );
  refuse(
    listed.filter(({ path }) => path.includes('\uFFFD')),
    'a name that is not UTF-8 cannot be submitted',
    'rename the file',
  );
  refuse(
    listed.filter(({ unmerged }) => unmerged),
    'in the middle of a merge',
    'resolve the conflict, then repeat',
  );
  refuse(
    listed.filter(({ tracked, bytes }) => !tracked && bytes !== null && bytes > MOST_BYTES),
    `larger than ${MOST_BYTES / 1024 / 1024} MB`,
    INSTEAD,
  );
  refuse(
    listed.filter(({ path, bytes }) => bytes !== null && obstacleTo(root, path) !== null),
    'behind a symbolic link',
    'name the place to which the link leads',
  );
}

function refuse(files: readonly { readonly path: string }[], why: string, hint: string): void {
  if (files.length > 0) throw unfit(files, why, hint);
}

function unfit(files: readonly { readonly path: string }[], why: string, hint: string): CoordError {
  return usage([`not submitted: ${why}`, ...listed(files, ({ path }) => oneLine(path), MOST_LISTED)].join('\n'), hint, {
    paths: files.map(({ path }) => path),
  });
}

async function withContents(context: Context, changes: readonly ChangedFile[]): Promise<readonly SubmittedFile[]> {
  refuse(
    changes.filter(({ to }) => to?.mode === '120000'),
    'a symbolic link',
    'submit the file to which it leads',
  );
  refuse(
    changes.filter(({ from, to }) => to?.mode === '160000' || from?.mode === '160000'),
    'a submodule',
    'submit in the submodule',
  );
  if (changes.length > MOST_FILES) {
    throw usage(`not submitted: ${plural(changes.length, 'file')}, and at most ${MOST_FILES} go together`, INSTEAD);
  }
  const ids = changes.flatMap(({ from, to }) => [
    ...(from && to && isFile(from) ? [from.id] : []),
    ...(to ? [to.id] : []),
  ]);
  const found = await context.objects.read([...new Set(ids)]);
  const contentOf = (file: TreeFile | null) => (file === null ? undefined : found.get(file.id)?.body);
  const sized = changes.map((change) => ({ ...change, bytes: contentOf(change.to)?.length ?? 0 }));
  refuse(
    sized.filter(({ bytes }) => bytes > MOST_BYTES),
    `larger than ${MOST_BYTES / 1024 / 1024} MB`,
    INSTEAD,
  );
  const together = sized.reduce((sum, { bytes }) => sum + bytes, 0);
  if (together > MOST_BYTES_TOGETHER) {
    throw usage(
      `not submitted: ${(together / 1024 / 1024).toFixed(1)} MB, and at most ${MOST_BYTES_TOGETHER / 1024 / 1024} MB go together`,
      INSTEAD,
    );
  }
  refuse(
    sized.filter(({ to }) => contentOf(to)?.toString('latin1', 0, 40).startsWith('version https://git-lfs')),
    'kept by Git LFS, which sends only a pointer',
    INSTEAD,
  );
  return sized.map(({ path, from, to, bytes }) => ({
    path,
    blob: to?.id ?? null,
    mode: to === null ? null : to.mode === '100755' ? '100755' : '100644',
    bytes,
    base: from?.id ?? null,
    baseMode: from?.mode ?? null,
    carriesBase: to !== null && isMergeable(contentOf(from)),
  }));
}

function isFile({ mode }: TreeFile): boolean {
  return mode.startsWith('100');
}

/** Only of such a base would a three-way merge make use. */
function isMergeable(content: Buffer | undefined): boolean {
  return content !== undefined && content.length <= MOST_BYTES && !content.includes(0);
}
