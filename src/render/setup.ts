import { oneLine } from '../domain/text.js';
import type { Style } from './style.js';

/** What was written so that a harness asks coord. */
export interface SetupReport {
  readonly harness: string;
  readonly removed: boolean;
  readonly dryRun: boolean;
  /** What the harness runs. */
  readonly command: string;
  /** Whether that command works on this machine alone. */
  readonly isLocal: boolean;
  readonly files: readonly {
    /** Relative to the root of the worktree. */
    readonly path: string;
    readonly action: 'created' | 'changed' | 'deleted' | 'unchanged';
    /** What would be written, where nothing is; else null. */
    readonly text: string | null;
  }[];
}

/** What a person still has to do, or should know, by harness. */
const TO_KNOW: Readonly<Record<string, string>> = {
  'claude-code': 'sessions that run already do not ask yet: start them anew',
  codex:
    'Codex runs hooks of a project only when you trust them: look at them with /hooks. It tells of no end of a session, so claims end by their time or by coord release',
  gemini: 'Gemini CLI asks once whether to trust the hooks of this project',
  cursor:
    'Cursor runs hooks of a project only in a trusted workspace; its agent has to name itself: coord --agent ID …',
  opencode: 'OpenCode loads the plugin when it starts',
};

export function setupLines({ harness, removed, dryRun, command, files }: SetupReport, style: Style): string[] {
  const changed = files.filter(({ action }) => action !== 'unchanged');
  const would = dryRun ? 'would be ' : '';
  const lines = changed.flatMap(({ path, action, text }) => [
    `${dryRun ? style.dim(`${would}${action}`) : style.good(action)} ${oneLine(path)}`,
    ...(text === null ? [] : text.trimEnd().split('\n')),
  ]);
  if (removed) return lines.length > 0 ? lines : [`nothing of coord is set up for ${harness} here`];
  if (lines.length === 0) return [`set up before: ${harness} runs ${oneLine(command)}`];
  const next = dryRun ? [] : [`${harness} runs ${oneLine(command)}`, style.dim(`note: ${TO_KNOW[harness] ?? ''}`)];
  return [...lines, ...next];
}

export function setupWarnings({ removed, isLocal, command, files }: SetupReport): string[] {
  const stays = files.filter(({ action, path }) => action === 'unchanged' && !path.endsWith('.json'));
  if (removed || !isLocal || files.length === stays.length) return [];
  return [
    `coord is not on PATH, so the hooks run ${oneLine(command)}, which is on this machine alone; with coord on PATH (npm link), coord setup again writes what works for all`,
  ];
}
