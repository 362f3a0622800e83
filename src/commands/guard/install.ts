import { existsSync } from 'node:fs';
import { relative } from 'node:path';
import { targetWord } from '../../domain/suggestion.js';
import { oneLine } from '../../domain/text.js';
import { CoordError } from '../../errors.js';
import { ignoredFiles } from '../../git/worktree.js';
import { HARNESSES, type Harness, readHarness } from '../../guards/harness/dialects.js';
import {
  type InstallReport,
  installedLines,
  localWarnings,
  notOwnHooks,
  trackedHooks,
  type UninstallReport,
  uninstalledLines,
} from '../../render/guard/installed.js';
import type { Context } from '../../workspace/context.js';
import { underSetupLock } from '../../workspace/setup-lock.js';
import type { Input, Outcome, Verb } from '../verb.js';
import { detectHarnesses, type HarnessChange, planHarness } from './harness-files.js';
import { guardedHooksFields, type HooksHere, programOf, readHooks, reportOf } from './status.js';

const HARNESS_ARGUMENT = [
  '[harness...]',
  `agent harnesses: ${HARNESSES.join(', ')}; git: only the hooks of git`,
] as const;

export const guardInstall: Verb = {
  arguments: [HARNESS_ARGUMENT],
  options: [['--dry-run', 'show what would be done, and change nothing']],
  examples: [
    ['coord guard install', 'stop commits and pushes of what nobody claimed, in every worktree of this clone'],
    ['coord guard install claude-code', 'the same, and let Claude Code ask before it edits'],
    ['coord guard install git', 'the hooks of git, and the settings of no harness'],
  ],
  notes: [
    'Hooks that are there already are kept, and run after the guard. coord guard uninstall puts them back as they were.',
    'Hooks that other repositories use too (a global core.hooksPath), and hooks that are committed, are never touched.',
    'Without a name, each harness that runs this or has a folder here (.claude, .codex, …) is set up, in this worktree;',
    'commit its settings so that the others get them.',
  ],
  answers: {
    ...guardedHooksFields,
    dryRun: 'boolean',
    written: 'text[]',
    movedAside: 'text[]',
    harnesses: 'HarnessFiles[]',
  },
  demands: (input) => (input.flag('dryRun') ? null : 'not-stopped'),
  run: (context, input) => underLock(context, input, () => install(context, input)),
};

export const guardUninstall: Verb = {
  arguments: [HARNESS_ARGUMENT],
  options: [['--dry-run', 'show what would be done, and change nothing']],
  examples: [
    ['coord guard uninstall', 'remove the guards, and put back what was there before'],
    ['coord guard uninstall cursor', 'remove only the hooks of Cursor'],
    ['coord guard uninstall git', 'take only the hooks of git out again'],
  ],
  notes: ['It removes what coord added, and nothing else.'],
  answers: {
    dryRun: 'boolean',
    folder: 'text',
    removed: 'text[]',
    restored: 'text[]',
    left: 'text[]',
    harnesses: 'HarnessFiles[]',
  },
  demands: (input) => (input.flag('dryRun') ? null : 'no-worker'),
  run: (context, input) => underLock(context, input, () => uninstall(context, input)),
};

/** What is asked for by name; without one, all. */
interface Named {
  /** Whether the hooks of git are named. */
  readonly git: boolean;
  readonly harnesses: readonly Harness[];
  readonly any: boolean;
}

function readNamed(input: Input): Named {
  const names = input.list(0);
  const harnesses = new Set(names.filter((name) => name !== 'git').map((name) => readHarness(name, ['git'])));
  return { git: names.includes('git'), harnesses: [...harnesses], any: names.length > 0 };
}

function underLock(context: Context, input: Input, run: () => Promise<Outcome>): Promise<Outcome> {
  return input.flag('dryRun') ? run() : underSetupLock(context, run);
}

async function install(context: Context, input: Input): Promise<Outcome> {
  const isDry = input.flag('dryRun');
  const { path, files, report: before } = await readHooks(context);
  if (!path.isOwn) return notOwnHooks(before);
  if (path.isTracked && !before.guarded) return trackedHooks(before);
  const program = programOf(context);
  const plan = { removes: false, isDry };
  const { plans, skipped } = await planAll(context, readNamed(input), detectHarnesses(context), plan);
  const pending = path.isTracked ? [] : files.pending(program);
  const { movedAside } = isDry || path.isTracked ? { movedAside: [] } : files.install(program);
  if (!isDry) for (const plan of plans) plan.apply();
  const report: InstallReport = {
    ...reportOf(context.repository, path, files.status(program)),
    dryRun: isDry,
    written: pending,
    movedAside,
    harnesses: plans.map((plan) => plan.report),
  };
  return {
    data: report,
    text: (style) => installedLines(report, style),
    warnings: [
      ...movedAside.map((file) => `an earlier hook, which a later one had replaced, is kept in ${oneLine(file)}`),
      ...insideWarnings(context, { path }),
      ...localWarnings(report.harnesses),
      ...(await ignoredWarnings(context, report)),
      ...skipped,
    ],
  };
}

/** Settings that git ignores are those of one clone, whatever was meant. */
async function ignoredWarnings({ git, repository }: Context, { harnesses }: InstallReport): Promise<string[]> {
  const here = harnesses.filter(({ root }) => root === repository.root).flatMap(({ files }) => files);
  if (here.length === 0) return [];
  const ignored = await ignoredFiles(
    git,
    here.map(({ path }) => path),
  );
  return ignored.map(
    ({ path, by }) =>
      `git ignores ${oneLine(path)} (${oneLine(by)}): other clones do not get it; to share it: git add -f ${targetWord(path)}`,
  );
}

/** Looks at all of the files before the first is written. A harness that nobody named is no reason to stop. */
async function planAll(
  context: Context,
  named: Named,
  others: readonly Harness[],
  how: { readonly removes: boolean; readonly isDry: boolean },
): Promise<{ readonly plans: readonly HarnessChange[]; readonly skipped: readonly string[] }> {
  const plans: HarnessChange[] = [];
  const skipped: string[] = [];
  for (const harness of named.any ? named.harnesses : others) {
    try {
      plans.push(await planHarness(context, harness, how));
    } catch (error) {
      if (named.any || !(error instanceof CoordError)) throw error;
      skipped.push(`the settings of ${harness} stay as they are: ${error.message}`);
    }
  }
  return { plans, skipped };
}

/** Hooks in the worktree are files like any other, and the guard in them names this machine's coord. */
function insideWarnings({ repository }: Context, { path }: Pick<HooksHere, 'path'>): string[] {
  const inside = relative(repository.root, path.folder);
  if (inside.startsWith('..') || inside.startsWith('.git/') || path.isTracked) return [];
  return [`${oneLine(inside)} is in the worktree: each worktree has hooks of its own, so install them in each`];
}

async function uninstall(context: Context, input: Input): Promise<Outcome> {
  const named = readNamed(input);
  const takesHooks = named.git || !named.any;
  const isDry = input.flag('dryRun');
  const { path, files, report } = await readHooks(context);
  if (takesHooks && !path.isOwn) return notOwnHooks(report);
  const { plans, skipped } = await planAll(context, named, HARNESSES, { removes: true, isDry });
  const none = { removed: [], restored: [], left: [] };
  const hooks = !takesHooks || path.isTracked ? none : isDry ? files.removable() : files.uninstall();
  if (!isDry) for (const plan of plans) plan.apply();
  const isChanged = ({ report: { files: all } }: HarnessChange) => all.some(({ action }) => action !== 'unchanged');
  const changed = plans.filter((plan) => named.any || isChanged(plan));
  const done: UninstallReport = {
    dryRun: isDry,
    folder: path.folder,
    ...hooks,
    harnesses: changed.map((plan) => plan.report),
  };
  const left = done.left.map(
    (hook) =>
      `${hook} now belongs to another program, and stays; what was there before coord is in ${oneLine(files.keptFolder)}`,
  );
  if (!isDry && takesHooks && done.left.length === 0 && existsSync(files.keptFolder))
    left.push(`other files stay in ${oneLine(files.keptFolder)}: earlier hooks that a later one had replaced`);
  return {
    data: done,
    text: (style) => uninstalledLines(done, takesHooks, style),
    warnings: [...left, ...skipped],
  };
}
