import { command, coord, shellWord } from '../../domain/suggestion.js';
import { oneLine } from '../../domain/text.js';
import { CoordError } from '../../errors.js';
import { table } from '../format.js';
import type { Style } from '../style.js';

/** How the git hooks of a worktree stand. */
export interface HooksReport {
  /** The worktree. */
  readonly root: string;
  /** Where git looks for them. */
  readonly folder: string;
  /** `core.hooksPath` and where it is set; null: not set. */
  readonly setting: { readonly scope: string; readonly value: string } | null;
  /** Whether the folder belongs to this repository alone. */
  readonly isOwn: boolean;
  /** Whether every guard is live, or is called by a hook manager. */
  readonly guarded: boolean;
  readonly hooks: readonly {
    readonly hook: string;
    readonly standing: 'live' | 'managed' | 'stale' | 'overwritten' | 'absent';
    readonly chained: boolean;
    readonly problem: string | null;
  }[];
  /** The command that makes the guards live there; null: they are. */
  readonly next: string | null;
}

/** How the guards stand in each worktree of a clone. */
export interface GuardReport {
  readonly guarded: boolean;
  readonly worktrees: readonly HooksReport[];
}

/** What was written into the settings of a harness so that it asks coord, or was taken out. */
export interface HarnessReport {
  readonly harness: string;
  /** The worktree whose files these are. */
  readonly root: string;
  /** What the harness runs. */
  readonly command: string;
  /** Whether that command works on this machine alone. */
  readonly isLocal: boolean;
  readonly files: readonly {
    /** Relative to that root. */
    readonly path: string;
    readonly action: 'created' | 'changed' | 'deleted' | 'unchanged';
    /** What would be written, where nothing is; else null. */
    readonly text: string | null;
  }[];
}

export interface InstallReport extends HooksReport {
  readonly dryRun: boolean;
  /** Hooks that this run wrote, or would write. */
  readonly written: readonly string[];
  /** Earlier hooks that had to make place for later ones, with their new names. */
  readonly movedAside: readonly string[];
  readonly harnesses: readonly HarnessReport[];
}

export interface UninstallReport {
  readonly dryRun: boolean;
  readonly folder: string;
  readonly removed: readonly string[];
  /** Hooks that are again what they were before. */
  readonly restored: readonly string[];
  /** Hooks that another program has replaced: what was there before coord stays kept. */
  readonly left: readonly string[];
  readonly harnesses: readonly HarnessReport[];
}

/** What a person still has to do, or should know, by harness. */
const TO_KNOW: Readonly<Record<string, string>> = {
  'claude-code': 'running sessions do not ask yet: restart them',
  codex:
    'Codex runs hooks of a project only when you trust them: look at them with /hooks. It says nothing where it runs none',
  gemini: 'Gemini CLI asks once whether to trust the hooks of this project; its shell runs no git hooks',
  cursor:
    'Cursor runs hooks of a project only in a trusted workspace; its agent has to name itself: coord --agent ID …',
  opencode: 'OpenCode loads the plugin when it starts',
};

/** How the tools of coord are registered with a harness, for whoever prefers them to a shell. */
const REGISTERS: Readonly<Record<string, (coord: string) => string>> = {
  'claude-code': (coord) => `claude mcp add coord -- ${coord} mcp`,
  codex: (coord) => `codex mcp add coord -- ${coord} mcp`,
  gemini: (coord) => `gemini mcp add coord ${coord} mcp`,
};

const MARKS = { live: '✓', managed: '✓', stale: '!', overwritten: '✗', absent: '✗' } as const;

export function statusLines({ worktrees }: GuardReport, style: Style): string[] {
  return worktrees.flatMap((report) => {
    const rows = report.hooks.map(({ hook, standing, chained, problem }) => [
      MARKS[standing],
      hook,
      standing,
      [chained ? 'chained: the earlier hook runs after it' : '', problem ?? '']
        .filter((part) => part !== '')
        .join('; '),
    ]);
    const lines = table(rows).map((line, index) => {
      const standing = report.hooks[index]?.standing;
      const isLive = standing === 'live' || standing === 'managed';
      return isLive ? style.good(line) : standing === 'stale' ? style.warn(line) : style.bad(line);
    });
    return [`${oneLine(report.root)}: hooks in ${oneLine(report.folder)}`, ...lines];
  });
}

/** The guards are off in a worktree, or in several. */
export function guardsOff(report: GuardReport): CoordError {
  const off = report.worktrees.filter(({ guarded }) => !guarded);
  const message = [
    `the guards are off in ${off.length} of ${report.worktrees.length} worktrees`,
    ...off.flatMap((one) => [`  ${oneLine(one.root)}: ${whyOff(one)}`, ...problemsOf(one)]),
  ];
  const [first, ...others] = off.flatMap(({ next }) => next ?? []);
  return new CoordError('closed', message.join('\n'), {
    hint: [first, ...others.filter((one, at) => one !== first && others.indexOf(one) === at)].join('; '),
    details: { ...report, reason: 'guards-off' },
  });
}

function whyOff({ folder, setting, isOwn }: HooksReport): string {
  const where = `git takes its hooks from ${oneLine(folder)}`;
  if (setting === null) return where;
  const named = `${where} (core.hooksPath, ${setting.scope}: ${oneLine(setting.value)})`;
  return isOwn ? named : `${named}, which does not belong to this repository alone`;
}

function problemsOf({ hooks }: HooksReport): string[] {
  return hooks.flatMap(({ hook, standing, problem }) =>
    standing === 'live' || standing === 'managed'
      ? []
      : [`    ${hook}: ${standing}${problem === null ? '' : `, ${oneLine(problem)}`}`],
  );
}

/** The command that makes the guards live in a worktree, by what stands in their way. */
export function remedyFor(
  root: string,
  path: Pick<HooksReport, 'setting' | 'isOwn'> & { readonly exists: boolean; readonly isTracked: boolean },
): string {
  // What is committed is changed by people: to install would only say so.
  if (path.isTracked) return `make this the first command of each committed hook that lacks it: ${lineFor('HOOK')}`;
  const way = wayToOwnHooks(root, path);
  const install = command(`cd ${shellWord(root)} && ${coord('guard install')}`);
  return path.setting?.scope === 'command' && !path.isOwn ? way.join() : command([...way, install].join(' && '));
}

/** What calls a guard from a hook that coord does not write. */
function lineFor(hook: string): string {
  return `coord guard run ${hook} "$@" || exit $?`;
}

/** What of the configuration of git has to change first. */
function wayToOwnHooks(
  root: string,
  { setting, isOwn, exists = true }: Pick<HooksReport, 'setting' | 'isOwn'> & { readonly exists?: boolean },
): string[] {
  const git = `git -C ${shellWord(root)}`;
  if (setting === null || (isOwn && exists)) return [];
  if (setting.scope === 'worktree') return [command(`${git} config --worktree --unset-all core.hooksPath`)];
  if (isOwn) return [];
  if (setting.scope === 'command') return ['leave core.hooksPath out of this command and its environment'];
  const folder = `"$(${git} rev-parse --path-format=absolute --git-common-dir)/hooks"`;
  return [command(`${git} config --local core.hooksPath ${folder}`)];
}

/** Hooks that serve other repositories too are never written to. */
export function notOwnHooks(report: HooksReport): CoordError {
  const { setting, folder } = report;
  const who =
    setting === null ? 'the folder of hooks' : `core.hooksPath (${setting.scope}) is ${oneLine(setting.value)}: it`;
  const message = [
    `refused: ${who} does not belong to this repository alone, so nothing was written`,
    `  a guard in ${oneLine(folder)} would run in every repository that uses it`,
  ];
  return new CoordError('usage', message.join('\n'), {
    hint: `to give this repository hooks of its own (those in ${shellWord(folder)} then no longer run here): ${wayToOwnHooks(report.root, report).join()}`,
    details: { ...report, reason: 'shared-hooks' },
  });
}

/** Hooks that are committed are everybody's: what coord would write there names this machine's paths. */
export function trackedHooks(report: HooksReport): CoordError {
  const missing = report.hooks.filter(({ standing, hook }) => standing !== 'managed' && hook !== 'pre-applypatch');
  const message = [
    `refused: the hooks in ${oneLine(report.folder)} are committed, so nothing was written; add these lines yourself, and commit them`,
    ...missing.map(({ hook }) => `  ${hook}: ${lineFor(hook)}`),
  ];
  return new CoordError('usage', message.join('\n'), {
    hint: `each line as the first command of that file, which must be executable; then: ${coord('guard status')}`,
    details: { ...report, reason: 'tracked-hooks' },
  });
}

export function installedLines(report: InstallReport, style: Style): string[] {
  const { dryRun, written, folder, hooks } = report;
  const chained = hooks.filter((one) => one.chained).map(({ hook }) => hook);
  const done = dryRun ? 'would be installed' : 'installed';
  const what = written.length === 0 ? 'already installed' : `${done}: ${written.join(', ')}`;
  return [
    `${style.good(what)} in ${oneLine(folder)}, for every worktree that uses it`,
    ...(chained.length === 0 ? [] : [`what was there before still runs, after the guard: ${chained.join(', ')}`]),
    ...report.harnesses.flatMap((one) => harnessLines(one, dryRun, style)),
  ];
}

function harnessLines(report: HarnessReport, dryRun: boolean, style: Style): string[] {
  const { harness, command } = report;
  const lines = fileLines(report, dryRun, style);
  if (dryRun && lines.length > 0) return lines;
  const register = REGISTERS[harness]?.(oneLine(command.slice(0, -` guard hook ${harness}`.length)));
  const offer = register === undefined ? [] : [style.dim(`as MCP tools, in place of a shell: ${register}`)];
  if (lines.length === 0) return [`already set up: ${harness} runs ${oneLine(command)}`, ...offer];
  return [...lines, `${harness} runs ${oneLine(command)}`, style.dim(`note: ${TO_KNOW[harness] ?? ''}`), ...offer];
}

function fileLines({ files }: HarnessReport, dryRun: boolean, style: Style): string[] {
  const changed = files.filter(({ action }) => action !== 'unchanged');
  return changed.flatMap(({ path, action, text }) => [
    `${dryRun ? style.dim(`would be ${action}`) : style.good(action)} ${oneLine(path)}`,
    ...(text === null ? [] : text.trimEnd().split('\n')),
  ]);
}

/** Told of harnesses that run coord by a path of this machine. */
export function localWarnings(harnesses: readonly HarnessReport[]): string[] {
  const local = harnesses.filter(
    ({ isLocal, files }) =>
      isLocal && files.some(({ action, path }) => action !== 'unchanged' || path.endsWith('.json')),
  );
  return local.map(
    ({ harness, command }) =>
      `coord is not on PATH, so ${harness} runs ${oneLine(command)}, which exists on this machine only; with coord on PATH (npm link), ${coord(`guard install ${harness}`)} again writes what works for all`,
  );
}

export function uninstalledLines(report: UninstallReport, takesHooks: boolean, style: Style): string[] {
  const { folder, removed, restored, harnesses, dryRun } = report;
  const files = harnesses.flatMap((one) => fileLines(one, dryRun, style));
  if (!takesHooks)
    return files.length > 0
      ? files
      : [`nothing of coord is set up for ${harnesses.map(({ harness }) => harness).join(', ')} here`];
  const none = removed.length === 0 && restored.length === 0;
  return [
    none
      ? `no guard was installed in ${oneLine(folder)}`
      : `${style.good(dryRun ? 'would be removed' : 'removed')} from ${oneLine(folder)}: ${removed.join(', ')}`,
    ...(restored.length === 0 ? [] : [`as it was before: ${restored.join(', ')}`]),
    ...files,
  ];
}
