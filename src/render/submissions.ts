import type { Submission } from '../domain/model.js';
import type { Refusal } from '../domain/refusal.js';
import { command, coord, shellWord } from '../domain/suggestion.js';
import { listed, oneLine, plural, shorten } from '../domain/text.js';
import type { Instant } from '../domain/time.js';
import { CoordError } from '../errors.js';
import { clock, table } from './format.js';
import { nextStep, unclaimedLines } from './land-refusals.js';
import { refusalError } from './refusals.js';
import type { Style } from './style.js';

const MOST_LISTED = 20;
const LONGEST_TEXT = 80;

/** Open submissions, oldest first, and what to do about them. */
export function submissionLines(
  submissions: readonly Submission[],
  others: number,
  now: Instant,
  style: Style,
): string[] {
  const more = others === 0 ? [] : [style.dim(`and ${others} for others to integrate: ${coord('integrate --all')}`)];
  if (submissions.length === 0) return ['nothing is submitted', ...more];
  const rows = submissions.map(({ id, agent, to, at, files, text, task, integrated }) => [
    id,
    oneLine(agent),
    oneLine(to ?? 'any orchestrator'),
    clock(at, now),
    plural(files.length, 'file'),
    integrated === null ? 'open' : `integrated by ${oneLine(integrated.by)}`,
    `${task === null ? '' : `${task}: `}${shorten(oneLine(text), LONGEST_TEXT)}`,
  ]);
  return [...table([['ID', 'FROM', 'TO', 'AT', 'FILES', 'STANDS', 'WHAT'], ...rows]), ...more];
}

export function submittedLines({ id, to, files, task }: Submission, added: boolean, style: Style): string[] {
  const whom = to === null ? 'the orchestrators' : oneLine(to);
  const what = `${plural(files.length, 'file')} to ${whom} · ${id}${task === null ? '' : ` · the result of ${task}`}`;
  return [
    added ? `${style.good('submitted')} ${what}` : `already submitted: ${what}`,
    ...listed(files, (file) => `${sign(file)} ${oneLine(file.path)}`, MOST_LISTED),
  ];
}

function sign({ blob, base }: Submission['files'][number]): string {
  return blob === null ? '-' : base === null ? '+' : '~';
}

export function withdrawnLines({ id }: Submission, again: boolean, style: Style): string {
  return again ? `already withdrawn: ${id}` : `${style.good('withdrawn')} ${id}`;
}

export function declinedLines({ id, agent }: Submission, again: boolean, style: Style): string {
  return again ? `already declined: ${id}` : `${style.good('declined')} ${id}; ${oneLine(agent)} is told why`;
}

/** One file of an integration, as the command reports it. */
export interface ToldFile {
  readonly path: string;
  readonly change: 'added' | 'modified' | 'deleted' | 'none';
  readonly how: 'as-submitted' | 'merged' | 'already' | 'conflict';
  readonly added: number | null;
  readonly deleted: number | null;
}

export function integratedLines(
  { id, agent, text }: Submission,
  files: readonly ToldFile[],
  came: 'applied' | 'already' | 'dry-run',
  style: Style,
  patch: string | null = null,
): string[] {
  const what = `${id} of ${oneLine(agent)}: ${shorten(oneLine(text), LONGEST_TEXT)}`;
  const rows = listed(files, fileLine, MOST_LISTED);
  if (came === 'dry-run') {
    const lines = patch === null ? [] : patch.split('\n').map(printable);
    return [`would integrate ${what}`, ...rows, ...lines];
  }
  if (came === 'already') return [`HEAD has all of ${what}`, ...rows, `next: ${coord('land')}`];
  return [
    `${style.good('integrated')} ${what}`,
    ...rows,
    `next: look at it (git diff), test it, commit it, then ${coord('land')}`,
  ];
}

/** It was written with marks of conflict: nothing that can land as it is. */
export function markedError(
  files: readonly { readonly path: string }[],
  submission: Submission,
  report: readonly ToldFile[],
): CoordError {
  const paths = files.map(({ path }) => path);
  const message = [`integrated ${submission.id} with ${plural(files.length, 'conflict')} marked in:`];
  return new CoordError('behind', [...message, ...listed(paths, oneLine, MOST_LISTED)].join('\n'), {
    hint: `resolve the marked conflicts, then commit; or throw it away: ${command(`git checkout -- ${paths.map(shellWord).join(' ')}`)}`,
    details: { reason: 'conflict', applied: true, submission, files: report, conflicts: paths },
  });
}

/** A line of somebody else's file: only its tabs may reach the terminal as they are. */
function printable(line: string): string {
  return line.split('\t').map(oneLine).join('\t');
}

function fileLine({ path, change, how, added, deleted }: ToldFile): string {
  const lines = added === null || deleted === null ? 'binary' : `+${added} -${deleted}`;
  const said = { 'as-submitted': '', merged: ', merged with yours', already: '', conflict: ', conflict' }[how];
  const name = oneLine(path);
  return change === 'none' ? `${name}: already the same` : `${name}: ${change} ${lines}${said}`;
}

/** A refusal of an integration, with the claim to make before it is repeated. */
export function integrationRefused(refusal: Refusal, id: string, now: Instant): CoordError {
  if (refusal.reason !== 'unclaimed') return refusalError(refusal, now);
  const { code, ...details } = refusal;
  const { paths } = refusal;
  const subject = `${plural(paths.length, 'path')} ${paths.length === 1 ? 'is' : 'are'}`;
  const message = [
    `not integrated: ${subject} not under an exclusive claim that you hold`,
    ...unclaimedLines(paths, now),
  ].join('\n');
  return new CoordError(code, message, { hint: nextStep(paths, 'integrate', coord(`integrate ${id}`)), details });
}

export function overwriteError(paths: readonly string[], id: string): CoordError {
  return new CoordError(
    'behind',
    [
      `not integrated: ${plural(paths.length, 'file')} here with changes that no commit holds`,
      ...listed(paths, oneLine, MOST_LISTED),
    ].join('\n'),
    {
      hint: `commit them, or stash them: ${command(`git stash --include-untracked && ${coord(`integrate ${id}`)}`)}`,
      details: { reason: 'uncommitted', paths },
    },
  );
}

export function obstacleError(
  files: readonly { readonly path: string; readonly obstacle: string | null }[],
  id: string,
): CoordError {
  const lines = files.map(({ path, obstacle }) => `${path} (${obstacle} is in the way)`);
  return new CoordError(
    'behind',
    ['not integrated: no place for a file', ...listed(lines, oneLine, MOST_LISTED)].join('\n'),
    {
      hint: `move that folder, link or file away, then ${coord(`integrate ${id}`)}`,
      details: { reason: 'obstacle', paths: files.map(({ path }) => path) },
    },
  );
}

const WHY = {
  text: 'both changed the same lines',
  binary: 'both changed it, and it is not text',
  'no-base': 'both changed it, and its base version is not here',
  'deleted-here': 'changed there, deleted here',
  'changed-here': 'deleted there, changed here',
  'no-file-here': 'it is not a file here',
} as const;

export function conflictError(
  files: readonly { readonly path: string; readonly conflict: keyof typeof WHY | null }[],
  id: string,
  marks: boolean,
): CoordError {
  const lines = files.map(({ path, conflict }) => `${path}: ${WHY[conflict ?? 'text']}`);
  const markable = !marks && files.every(({ conflict }) => conflict === 'text');
  return new CoordError(
    'behind',
    [`not integrated: ${plural(files.length, 'conflict')}`, ...listed(lines, oneLine, MOST_LISTED)].join('\n'),
    {
      hint: markable
        ? `write it with conflict markers: ${coord(`integrate ${id} --conflicts`)}`
        : `let its author redo it on what is here now: ${coord(`integrate ${id} --decline --reason "it conflicts with what is here now"`)}`,
      details: { reason: 'conflict', conflicts: files.map(({ path, conflict }) => ({ path, conflict })) },
    },
  );
}
