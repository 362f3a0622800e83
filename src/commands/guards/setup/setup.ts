import { join } from 'node:path';
import type { Context } from '../../../context.js';
import { usage } from '../../../errors.js';
import { HARNESSES, type Harness } from '../../../guards/harness/calls.js';
import { type SetupReport, setupLines, setupWarnings } from '../../../render/setup.js';
import { withLocalLock } from '../../../store/queue/local-lock.js';
import { readRemembered, remember } from '../../main-branch/remembered.js';
import type { Verb } from '../../verb.js';
import { WorktreeText } from './files.js';
import { filesToRemove, filesToSetUp, type PlannedFile } from './plan.js';
import { findRunner } from './runner.js';

export const setup: Verb = {
  arguments: [['<harness>', `which harness is to ask coord: ${HARNESSES.join(', ')}`]],
  options: [
    ['--remove', 'take out what was put in, and nothing else'],
    ['--dry-run', 'say what would be written, and write nothing'],
  ],
  examples: [
    ['coord setup claude-code', 'write .claude/settings.json, beside what is in it'],
    ['coord setup cursor --remove', 'take the hooks out again'],
  ],
  notes: ['It writes into this worktree only; commit the files for the others to have them.'],
  async run(context, input) {
    const harness = readHarness(input.argument(0));
    const runner = findRunner(context);
    const removes = input.flag('remove');
    const planned = removes ? filesToRemove(harness) : filesToSetUp(harness, runner);
    const isDry = input.flag('dryRun');
    const change = async () => changeAll(context, harness, planned, { removes, isDry });
    const files = isDry ? await change() : await withLocalLock(context.localDirectory, context.surroundings, change);
    const report: SetupReport = {
      harness,
      removed: removes,
      dryRun: isDry,
      command: `${runner.line} hook ${harness}`,
      isLocal: runner.isLocal,
      files,
    };
    return {
      data: report,
      text: (style) => setupLines(report, style),
      warnings: setupWarnings(report),
    };
  },
};

function readHarness(name: string | undefined): Harness {
  const harness = HARNESSES.find((known) => known === name);
  if (harness) return harness;
  throw usage(`no such harness: ${JSON.stringify((name ?? '').slice(0, 80))}`, `one of: ${HARNESSES.join(', ')}`);
}

/** What a file was before coord changed it, and after: where it is still that, it can be restored to the byte. */
interface Change {
  readonly before: string | null;
  readonly after: string | null;
}

/** Looks at all of the files before it writes the first. */
function changeAll(
  context: Context,
  harness: Harness,
  planned: readonly PlannedFile[],
  { removes, isDry }: { readonly removes: boolean; readonly isDry: boolean },
): SetupReport['files'] {
  const { root, worktreeId } = context.repository;
  const path = join(context.localDirectory, `setup-${harness}-${worktreeId}.json`);
  const known = readRemembered<Record<string, Change>>(path) ?? {};
  const changes = planned.map(({ file, change }) => {
    const text = new WorktreeText(root, file);
    const before = text.read();
    const past = Object.hasOwn(known, file) && known[file]?.after === before ? known[file] : null;
    return { file, text, before, past, after: removes && past ? past.before : change(before) };
  });
  const report = changes.map(({ file, before, after }) => {
    return { path: file, action: actionOf(before, after), text: isDry ? after : null };
  });
  if (isDry) return report;
  for (const { text, before, after } of changes) {
    if (after === null && before !== null) text.remove();
    else if (after !== null && after !== before) text.write(after);
  }
  const clean = filesToRemove(harness);
  const kept = changes.flatMap(({ file, before, after, past }): [string, Change][] => {
    if (past) return [[file, { before: past.before, after }]];
    // With hooks of coord in it already, it is not what was there before them.
    const isClean = clean.find((one) => one.file === file)?.change(before) === before;
    return isClean ? [[file, { before, after }]] : [];
  });
  remember(context, path, removes ? {} : Object.fromEntries(kept));
  return report;
}

function actionOf(before: string | null, after: string | null): SetupReport['files'][number]['action'] {
  if (before === after) return 'unchanged';
  if (before === null) return 'created';
  return after === null ? 'deleted' : 'changed';
}
