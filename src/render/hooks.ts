import { coord, shellWord } from '../domain/suggestion.js';
import { oneLine } from '../domain/text.js';
import { CoordError } from '../errors.js';
import { table } from './format.js';
import type { Style } from './style.js';

/** How the git hooks of a worktree stand. */
export interface HooksReport {
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
}

const MARKS = { live: '✓', managed: '✓', stale: '!', overwritten: '✗', absent: '✗' } as const;

export function hooksLines(report: HooksReport, style: Style): string[] {
  const rows = report.hooks.map(({ hook, standing, chained, problem }) => [
    MARKS[standing],
    hook,
    standing,
    [chained ? 'chained: the earlier hook runs after it' : '', problem ?? ''].filter((part) => part !== '').join('; '),
  ]);
  const lines = table(rows).map((line, index) => {
    const standing = report.hooks[index]?.standing;
    return standing === 'live' || standing === 'managed'
      ? style.good(line)
      : standing === 'stale'
        ? style.warn(line)
        : style.bad(line);
  });
  return [`hooks in ${oneLine(report.folder)}`, ...lines, ...nextLines(report, style)];
}

function nextLines(report: HooksReport, style: Style): string[] {
  if (report.guarded) return [];
  return [style.dim(`next: ${report.isOwn ? coord('hooks install') : wayToOwnHooks(report)}`)];
}

function wayToOwnHooks({ setting }: HooksReport): string {
  if (setting?.scope === 'command') return 'leave core.hooksPath away from this command';
  return 'git config --local core.hooksPath "$(git rev-parse --path-format=absolute --git-common-dir)/hooks"';
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
    hint: `to give this repository hooks of its own (those in ${shellWord(folder)} then run here no more): ${wayToOwnHooks(report)}`,
    details: { ...report, reason: 'shared-hooks' },
  });
}

export interface HooksChanged extends HooksReport {
  /** Hooks that this run wrote. */
  readonly written: readonly string[];
  /** Earlier hooks that had to make place for later ones, with their new names. */
  readonly movedAside: readonly string[];
}

export function installedLines(report: HooksChanged, style: Style): string[] {
  const chained = report.hooks.filter((one) => one.chained).map(({ hook }) => hook);
  const what = report.written.length === 0 ? 'installed before' : `installed: ${report.written.join(', ')}`;
  return [
    `${style.good(what)} in ${oneLine(report.folder)}, for every worktree that uses it`,
    ...(chained.length === 0 ? [] : [`what was there before still runs, after the guard: ${chained.join(', ')}`]),
  ];
}

export interface HooksRemoved {
  readonly folder: string;
  readonly removed: readonly string[];
  /** Hooks that are again what they were before. */
  readonly restored: readonly string[];
  /** Hooks that another program has replaced: what was there before coord stays kept. */
  readonly left: readonly string[];
}

export function uninstalledLines({ folder, removed, restored }: HooksRemoved, style: Style): string[] {
  if (removed.length === 0 && restored.length === 0) return [`no guard was installed in ${oneLine(folder)}`];
  return [
    `${style.good('removed')} from ${oneLine(folder)}: ${removed.join(', ')}`,
    ...(restored.length === 0 ? [] : [`as it was before: ${restored.join(', ')}`]),
  ];
}
