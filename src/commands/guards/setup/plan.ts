import { coord } from '../../../domain/suggestion.js';
import { usage } from '../../../errors.js';
import type { Harness } from '../../../guards/harness/calls.js';
import { openCodePlugin, WRITTEN_BY } from '../../../guards/harness/opencode-plugin.js';
import { hookSettings, problemOfSettings, withHooks, withoutHooks } from '../../../guards/harness/settings.js';
import { SKILL, SKILL_FILE } from '../../../guards/harness/skill.js';

export const PLUGIN_FILE = '.opencode/plugin/coord.js';

/** How one file has to change. */
export interface PlannedFile {
  /** Relative to the root of the worktree. */
  readonly file: string;
  /** The text that it will have, by the one that it has; null: no file. @throws CoordError `usage` */
  readonly change: (before: string | null) => string | null;
}

/** What runs the hook of a harness. */
export interface Runner {
  /** As a command line of a POSIX shell, without the name of the hook. */
  readonly line: string;
  /** The same as a list of words. */
  readonly words: readonly string[];
}

/** The files that make a harness ask coord. */
export function filesToSetUp(harness: Harness, { line, words }: Runner): PlannedFile[] {
  const settings = hookSettings(harness, `${line} hook ${harness}`);
  if (settings === null) return [owned(PLUGIN_FILE, openCodePlugin(words))];
  const change = (before: string | null) => {
    if (before !== null) mustBeSettings(settings.file, before);
    return withHooks(before ?? '{}\n', harness, settings) ?? before;
  };
  const hooks = { file: settings.file, change };
  return harness === 'claude-code' ? [hooks, owned(SKILL_FILE, SKILL)] : [hooks];
}

/** The same files without what coord has put there; those that nothing else is in go away. */
export function filesToRemove(harness: Harness): PlannedFile[] {
  const settings = hookSettings(harness, '');
  if (settings === null) return [owned(PLUGIN_FILE, null)];
  const change = (before: string | null) => {
    if (before === null) return null;
    mustBeSettings(settings.file, before);
    const after = withoutHooks(before, harness);
    if (after === null) return before;
    const left = JSON.parse(withoutMark(after)) as Record<string, unknown>;
    const isEmpty = Object.keys(left).every((key) => left[key] === settings.base[key]);
    return isEmpty ? null : after;
  };
  const hooks = { file: settings.file, change };
  return harness === 'claude-code' ? [hooks, owned(SKILL_FILE, null)] : [hooks];
}

/** A file that coord writes as a whole; one that somebody made their own stays as it is. */
function owned(file: string, text: string | null): PlannedFile {
  return { file, change: (before) => (before === null || before.includes(WRITTEN_BY) ? text : before) };
}

/** Comments and trailing commas would be lost, so they are not touched. */
function mustBeSettings(file: string, text: string): void {
  let value: unknown;
  try {
    value = JSON.parse(withoutMark(text));
  } catch (error) {
    const why = looksCommented(text) ? 'it has comments, which would be lost' : (error as Error).message;
    throw usage(
      `${file} is not plain JSON: ${why}`,
      `nothing was changed; mend ${file}, or put the hooks in by hand (${coord('setup --dry-run')} in an empty folder of a repository shows them)`,
    );
  }
  const problem = problemOfSettings(value);
  if (problem !== null) throw usage(`${file} cannot take hooks: ${problem}`, `nothing was changed; mend ${file}`);
}

function withoutMark(text: string): string {
  return text.replace(/^\uFEFF/, '');
}

function looksCommented(text: string): boolean {
  return /^\s*(?:\/\/|\/\*)|[,{[\]}"\d\w]\s*(?:\/\/|\/\*)/m.test(text.replace(/"(?:[^"\\]|\\.)*"/g, '""'));
}
