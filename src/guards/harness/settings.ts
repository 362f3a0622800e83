import { isDeepStrictEqual } from 'node:util';
import type { Harness } from './calls.js';
import { type JsonNode, memberOf, placesIn, withoutPart, withPart } from './json-text.js';

/** A file in which a harness looks for hooks, and what has to stand in it. */
export interface HookSettings {
  /** Relative to the root of the worktree. */
  readonly file: string;
  /** What stands in a file that coord has made, beside the hooks. */
  readonly base: Readonly<Record<string, unknown>>;
  /** Entries by event. */
  readonly entries: readonly (readonly [event: string, entry: object])[];
}

/** An opening may fetch, and a claim asks the remote. */
const SECONDS = 60;

/** What the settings of a harness must say for its hooks to run this command; null for one that takes a plugin. */
export function hookSettings(harness: Harness, command: string): HookSettings | null {
  const handler = { type: 'command', command, timeout: SECONDS };
  const group = (matcher: string | null, hook: object = handler) => ({
    ...(matcher === null ? {} : { matcher }),
    hooks: [hook],
  });
  switch (harness) {
    case 'claude-code':
      return {
        file: '.claude/settings.json',
        base: {},
        entries: [
          ['SessionStart', group(null)],
          ['PreToolUse', group('Edit|Write|MultiEdit|NotebookEdit|Bash')],
          ['SessionEnd', group(null)],
        ],
      };
    case 'codex':
      // It has no event for the end of a session.
      return {
        file: '.codex/hooks.json',
        base: {},
        entries: [
          ['SessionStart', group('startup|resume|clear|compact')],
          ['PreToolUse', group('Bash|apply_patch|Edit|Write')],
        ],
      };
    case 'gemini': {
      const named = { name: 'coord', type: 'command', command, timeout: SECONDS * 1000 };
      return {
        file: '.gemini/settings.json',
        base: {},
        entries: [
          ['SessionStart', group(null, named)],
          ['BeforeTool', group('write_file|replace|edit|run_shell_command', named)],
          ['SessionEnd', group(null, named)],
        ],
      };
    }
    case 'cursor': {
      const plain = { command, timeout: SECONDS };
      return {
        file: '.cursor/hooks.json',
        base: { version: 1 },
        entries: [
          ['sessionStart', plain],
          ['preToolUse', { ...plain, matcher: 'Write|Edit|StrReplace|MultiEdit|EditNotebook|Delete' }],
          ['beforeShellExecution', plain],
          ['sessionEnd', plain],
        ],
      };
    }
    case 'opencode':
      return null;
  }
}

/** The text of settings in which the hooks stand, and which is otherwise as it was; null: it does not have to change. */
export function withHooks(text: string, harness: Harness, settings: HookSettings): string | null {
  if (isComplete(text, harness, settings)) return null;
  let changed = withoutHooks(text, harness) ?? text;
  for (const [key, value] of Object.entries(settings.base)) {
    const root = placesIn(changed);
    if (memberOf(root, key) === null) changed = withPart(changed, root, value, key);
  }
  for (const [event, entry] of settings.entries) {
    const root = placesIn(changed);
    const hooks = memberOf(root, 'hooks');
    if (hooks === null) changed = withPart(changed, root, { [event]: [entry] }, 'hooks');
    else {
      const list = memberOf(hooks, event);
      changed = list === null ? withPart(changed, hooks, [entry], event) : withPart(changed, list, entry);
    }
  }
  return changed;
}

/** The text of settings without coord's hooks, and without lists that are empty then; null: there were none. */
export function withoutHooks(text: string, harness: Harness): string | null {
  let changed = text;
  while (true) {
    const next = withoutOne(changed, harness);
    if (next === null) return changed === text ? null : changed;
    changed = next;
  }
}

function withoutOne(text: string, harness: Harness): string | null {
  const root = placesIn(text);
  const hooks = memberOf(root, 'hooks');
  for (const [event, { value: list }] of (hooks?.parts ?? []).entries()) {
    for (const [at, { value: entry }] of (list.parts ?? []).entries()) {
      if (isOurs(text, entry, harness)) return emptied(text, [root, hooks, list], [indexOf(root, 'hooks'), event, at]);
      const handlers = memberOf(entry, 'hooks');
      const own = handlers?.parts?.findIndex(({ value }) => isOurs(text, value, harness)) ?? -1;
      if (own < 0 || !handlers) continue;
      if ((handlers.parts?.length ?? 0) > 1) return withoutPart(text, handlers, own);
      return emptied(text, [root, hooks, list], [indexOf(root, 'hooks'), event, at]);
    }
  }
  return null;
}

/** Takes out the innermost part, or the outermost that would be empty without it. */
function emptied(text: string, containers: readonly (JsonNode | null)[], indexes: readonly number[]): string {
  let depth = containers.length - 1;
  while (depth > 0 && (containers[depth]?.parts?.length ?? 0) === 1) depth -= 1;
  const container = containers[depth];
  return container ? withoutPart(text, container, indexes[depth] ?? 0) : text;
}

function indexOf({ parts }: JsonNode, key: string): number {
  return parts?.findLastIndex((part) => part.key === key) ?? -1;
}

function isOurs(text: string, node: JsonNode, harness: Harness): boolean {
  const command = memberOf(node, 'command');
  if (command === null) return false;
  const value: unknown = JSON.parse(text.slice(command.start, command.end));
  return typeof value === 'string' && runsHook(value, harness);
}

/** Whether a command line runs the hook of this harness, by whatever path. */
export function runsHook(command: string, harness: Harness): boolean {
  return new RegExp(String.raw`(?:^|[\s\\/'"])coord(?:\.js)?['"]? hook ${harness}\s*$`).test(command);
}

function isComplete(text: string, harness: Harness, { entries }: HookSettings): boolean {
  const without = withoutHooks(text, harness);
  if (without === null) return false;
  const hooks = (JSON.parse(text.replace(/^\uFEFF/, '')) as { hooks?: Record<string, unknown[]> }).hooks ?? {};
  const wanted = entries.every(([event, entry]) => hooks[event]?.some((one) => isDeepStrictEqual(one, entry)));
  return wanted && countOurs(text, harness) === entries.length;
}

function countOurs(text: string, harness: Harness): number {
  let count = 0;
  for (let rest: string | null = text; rest !== null; count += 1) rest = withoutOne(rest, harness);
  return count - 1;
}

/** Why hooks cannot be put into these settings; null when they can. */
export function problemOfSettings(value: unknown): string | null {
  if (!isRecord(value)) return 'it is no JSON object';
  const { hooks } = value;
  if (hooks === undefined) return null;
  if (!isRecord(hooks)) return 'its "hooks" are no JSON object';
  const event = Object.keys(hooks).find((name) => !Array.isArray(hooks[name]));
  return event === undefined ? null : `its "hooks" have no list at ${JSON.stringify(event)}`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
