import { matches } from '../../domain/ground/index.js';
import { directoryPath, type Target } from '../../domain/ground/targets.js';
import type { State, Submission, SubmittedFile } from '../../domain/model.js';
import { findSubmission } from '../../domain/submissions/submissions.js';
import { command, coord, form } from '../../domain/suggestion.js';
import { NO_TASK } from '../../domain/tasks/landed.js';
import { listed, oneLine, plural } from '../../domain/text.js';
import { type CoordError, usage } from '../../errors.js';
import { type ChangedFile, ScratchIndex, type TreeFile } from '../../git/scratch-index.js';
import { type ListedFile, listFiles, obstacleTo } from '../../git/worktree.js';
import { refusalError } from '../../render/refusals.js';
import { submittedLines, withdrawnLines } from '../../render/submissions.js';
import { answerBefore } from '../../store/queue/combine.js';
import { transact } from '../../store/swap/transact.js';
import type { Context } from '../../workspace/context.js';
import { checkAgentId, isPerson } from '../../workspace/identity.js';
import { commitToRecord } from '../claims/release.js';
import { readTargets, readText } from '../input.js';
import { readTaskId } from '../tasks/tasks.js';
import type { Input, Outcome, Verb } from '../verb.js';

const LONGEST_NOTE = 2_000;
const MB = 1024 * 1024;
/** What one submission may hold. Larger results belong into a commit on a branch, or into a store of their own. */
const MOST_BYTES = MB;
const MOST_BYTES_TOGETHER = 5 * MB;
const MOST_FILES = 500;
const MOST_LISTED = 5;

export const submit: Verb = {
  arguments: [['[path...]', 'files and folders whose changes are handed over']],
  options: [
    ['--note <text>', 'what the other should know; required'],
    ['--to <id>', 'the agent it is for; any orchestrator by default'],
    ['--base <commit>', 'the commit that was changed; HEAD by default'],
    ['--task <id>', 'the task it belongs to, or none; the one you have by default'],
    ['--take-back <id>', 'withdraw your submission'],
    ['--literal', 'take each target as a path, whatever characters it has'],
  ],
  examples: [
    ['coord submit src/api/users.ts --note "paginate users"', 'edited here, not committed: an orchestrator applies it'],
    ['coord submit scratch/w1/report.md --note "what I found"', 'results from your scratch'],
    ['coord submit --take-back n42', 'take it back'],
  ],
  notes: [
    'The contents go into the state ref: nothing is committed on your branch, and no claim is needed. Deletions',
    'are included. Files that git ignores go when they are named, or are in your scratch. At most',
    `${MOST_FILES} files, ${MOST_BYTES / MB} MB each and ${MOST_BYTES_TOGETHER / MB} MB together; no symbolic links.`,
  ],
  answers: {
    submission: 'Submission',
    'added?': 'boolean',
    'again?': 'boolean',
    'task?': ['text | null', 'the task whose result it is'],
    'late?': ['boolean', 'the task is another agent’s by now; the result is kept for review'],
  },
  async run(context, input) {
    const withdrawn = input.text('takeBack');
    return withdrawn === undefined ? handOver(context, input) : takeBack(context, withdrawn);
  },
};

async function handOver(context: Context, input: Input): Promise<Outcome> {
  const text = readText('--note', input.text('note') ?? '', LONGEST_NOTE);
  const receiver = input.text('to');
  const to = receiver === undefined ? null : checkAgentId(receiver);
  const targets = await readTargets(context, input, input.list(0));
  if (targets.length === 0)
    throw usage(
      'nothing to submit: no path is named',
      `${form('submit PATH --note "what it is"')}; examples: ${coord('help submit')}`,
    );
  const base = await context.requestBase();
  const store = await context.store();
  const commit = await commitToRecord(context, input.text('base'));
  const files = await submittedFiles(context, targets, base.policy.scratch, commit);
  const named = input.text('task');
  const task = named === undefined || named === NO_TASK ? (named ?? null) : readTaskId(named);
  const request = { kind: 'submit' as const, ...base, to, text, commit, files, task };
  if (files.length === 0 && !(await answerBefore(store, request, context.now()))) {
    throw usage(
      'nothing to submit: the worktree has no changes there',
      `${command('git status')} shows what is changed; to hand over what you have committed, add --base COMMIT`,
    );
  }
  const decision = await transact(store, request, context.effects);
  if (!decision.ok) return refusalError(decision.refusal, context.now());
  const { submission, added, late } = decision.result;
  const of = decision.result.task;
  const warnings =
    late && of ? [`${of.id} is ${of.state} by ${of.agent} now: your result is kept for review beside it`] : [];
  return {
    data: { submission, added, task: of?.id ?? null, late },
    text: (style) => submittedLines(submission, added, style),
    warnings,
  };
}

async function takeBack(context: Context, id: string): Promise<Outcome> {
  const base = await context.requestBase();
  const store = await context.store();
  const found: Submission = submissionNamed((await store.latest(['submissions'])).state, id);
  if (found.agent !== base.agent) {
    throw usage(
      `${found.id} was submitted by ${found.agent}, not by you`,
      coord(`integrate ${found.id} --decline --reason "it is not needed"`),
    );
  }
  const person = isPerson(context.host);
  const request = { kind: 'drop-submission' as const, ...base, submission: found.id, reason: null, person };
  const decision = await transact(store, request, context.effects);
  if (!decision.ok) return refusalError(decision.refusal, context.now());
  const { submission, again } = decision.result;
  return { data: { submission, again }, text: (style) => withdrawnLines(submission, again, style) };
}

/** @throws CoordError `usage` when there is no submission with this id. */
export function submissionNamed(state: State, id: string): Submission {
  const found = findSubmission(state, id);
  // An instant stands only in the words of other refusals.
  if ('ok' in found) throw refusalError(found.refusal, '');
  return found;
}

const INSTEAD = 'commit it on a branch of its own and name the branch in a note, or submit less';

/**
 * The changes in the worktree at these targets, against a commit, each with its content as a blob of this repository. Files
 * that git ignores are taken when they are named, or in the agent's scratch; never with a folder.
 * @throws CoordError `usage` that says what cannot be handed over.
 */
async function submittedFiles(
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
    'a repository inside this one cannot be submitted',
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
    `larger than ${MOST_BYTES / MB} MB`,
    INSTEAD,
  );
  refuse(
    listed.filter(({ path, bytes }) => bytes !== null && obstacleTo(root, path) !== null),
    'behind a symbolic link',
    'name the path that the link points to',
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
    'submit the file that it points to',
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
    `larger than ${MOST_BYTES / MB} MB`,
    INSTEAD,
  );
  const together = sized.reduce((sum, { bytes }) => sum + bytes, 0);
  if (together > MOST_BYTES_TOGETHER) {
    throw usage(
      `not submitted: ${(together / MB).toFixed(1)} MB, and at most ${MOST_BYTES_TOGETHER / MB} MB go together`,
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
