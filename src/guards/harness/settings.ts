import { isDeepStrictEqual } from 'node:util';
import { getNodeValue, type Node } from 'jsonc-parser';
import { usage } from '../../errors.js';
import { type Harness, SETTINGS_FILES } from './dialects.js';
import { memberOf, partsOf, readJson, withoutPart, withPart } from './json-edits.js';
import { openCodePlugin, SKILL, SKILL_FILE, WRITTEN_BY } from './texts.js';

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
        file: SETTINGS_FILES[harness],
        base: {},
        entries: [
          ['SessionStart', group(null)],
          ['PreToolUse', group('Edit|Write|MultiEdit|NotebookEdit|Bash')],
          ['TaskCompleted', group(null)],
          ['SessionEnd', group(null)],
        ],
      };
    case 'codex':
      return {
        file: SETTINGS_FILES[harness],
        base: {},
        entries: [
          ['SessionStart', group('startup|resume|clear|compact')],
          ['PreToolUse', group('Bash|apply_patch|Edit|Write')],
          // More is cut to this, with a word to the user.
          ['SessionEnd', group(null, { ...handler, timeout: 3 })],
        ],
      };
    case 'gemini': {
      const named = { name: 'coord', type: 'command', command, timeout: SECONDS * 1000 };
      return {
        file: SETTINGS_FILES[harness],
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
        file: SETTINGS_FILES[harness],
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
    const root = treeOf(changed);
    if (!memberOf(root, key)) changed = withPart(changed, root, value, key);
  }
  for (const [event, entry] of settings.entries) {
    const root = treeOf(changed);
    const hooks = memberOf(root, 'hooks');
    const list = memberOf(hooks, event);
    if (!hooks) changed = withPart(changed, root, { [event]: [entry] }, 'hooks');
    else changed = list ? withPart(changed, list, entry) : withPart(changed, hooks, [entry], event);
  }
  return changed;
}

/** The text of settings without coord's hooks, and without lists that are empty then; null: there were none. */
export function withoutHooks(text: string, harness: Harness): string | null {
  let changed = text;
  for (;;) {
    const [own] = ownHooks(treeOf(changed), harness);
    if (!own) return changed === text ? null : changed;
    changed = withoutEmptied(changed, own);
  }
}

/** The entries that run coord, or handlers in an entry that others share, from the outermost node that holds each. */
function ownHooks(root: Node, harness: Harness): (readonly Node[])[] {
  const hooks = memberOf(root, 'hooks');
  const member = partsOf(root).findLast(({ children }) => children?.[1] === hooks);
  if (!hooks || !member) return [];
  return partsOf(hooks).flatMap((event) =>
    partsOf(event.children?.[1]).flatMap((entry) => {
      const path = [member, event, entry];
      if (isOurs(entry, harness)) return [path];
      const handlers = partsOf(memberOf(entry, 'hooks'));
      const own = handlers.filter((handler) => isOurs(handler, harness));
      return own.map((handler) => (handlers.length > 1 ? [...path, handler] : path));
    }),
  );
}

/** Takes out the innermost node, or the outermost that would be empty without it. */
function withoutEmptied(text: string, path: readonly Node[]): string {
  let depth = path.length - 1;
  while (depth > 0 && partsOf(path[depth]?.parent).length === 1) depth -= 1;
  const part = path[depth];
  return part?.parent ? withoutPart(text, part.parent, part) : text;
}

function isOurs(node: Node, harness: Harness): boolean {
  const command: unknown = memberOf(node, 'command')?.value;
  return typeof command === 'string' && runsHook(command, harness);
}

/** Whether a command line runs the hook of this harness, by whatever path. */
export function runsHook(command: string, harness: Harness): boolean {
  return new RegExp(String.raw`(?:^|[\s\\/'"])coord(?:\.js)?['"]? guard hook ${harness}\s*$`).test(command);
}

function isComplete(text: string, harness: Harness, { entries }: HookSettings): boolean {
  const root = treeOf(text);
  const hooks = memberOf(root, 'hooks');
  // The library's objects have no prototype.
  const stands = ([event, entry]: (typeof entries)[number]) =>
    partsOf(memberOf(hooks, event)).some((one) => isDeepStrictEqual(structuredClone(getNodeValue(one)), entry));
  return entries.every(stands) && ownHooks(root, harness).length === entries.length;
}

/** Of a text that was read before. */
function treeOf(text: string): Node {
  const tree = readJson(text);
  if (typeof tree === 'string') throw new Error(tree);
  return tree;
}

/** Why hooks cannot be put into these settings; null when they can. */
function problemOfSettings(text: string): string | null {
  const tree = readJson(text);
  if (typeof tree === 'string') return `it is not JSON: ${tree}`;
  if (tree.type !== 'object') return 'it is not a JSON object';
  const hooks = memberOf(tree, 'hooks');
  if (!hooks) return null;
  if (hooks.type !== 'object') return 'its "hooks" are not a JSON object';
  const event = partsOf(hooks).find(({ children }) => children?.[1]?.type !== 'array');
  return event === undefined ? null : `its "hooks" have no list at ${JSON.stringify(event.children?.[0]?.value)}`;
}

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
  const settings = hookSettings(harness, `${line} guard hook ${harness}`);
  if (settings === null) return [owned(SETTINGS_FILES.opencode, openCodePlugin(words))];
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
  if (settings === null) return [owned(SETTINGS_FILES.opencode, null)];
  const change = (before: string | null) => {
    if (before === null) return null;
    mustBeSettings(settings.file, before);
    const after = withoutHooks(before, harness);
    if (after === null) return before;
    const left = partsOf(treeOf(after)).map(({ children }) => [children?.[0]?.value, children?.[1]?.value]);
    const isEmpty =
      left.every(([key, value]) => Object.hasOwn(settings.base, key) && settings.base[key] === value) &&
      !/\/[/*]/.test(after);
    return isEmpty ? null : after;
  };
  const hooks = { file: settings.file, change };
  return harness === 'claude-code' ? [hooks, owned(SKILL_FILE, null)] : [hooks];
}

/** A file that coord writes as a whole; one that somebody made their own stays as it is. */
function owned(file: string, text: string | null): PlannedFile {
  return { file, change: (before) => (before === null || before.includes(WRITTEN_BY) ? text : before) };
}

function mustBeSettings(file: string, text: string): void {
  const problem = problemOfSettings(text);
  if (problem !== null) throw usage(`${file} cannot take hooks: ${problem}`, `nothing was changed; fix ${file}`);
}
