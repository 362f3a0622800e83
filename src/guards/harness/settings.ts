import { isDeepStrictEqual } from 'node:util';
import { createScanner, getNodeValue, type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import { usage } from '../../errors.js';
import { type Harness, SETTINGS_FILES } from './dialects.js';
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

/** What JSON with comments needs to be read, as harnesses read it. */
const TOLERANT = { allowTrailingComma: true } as const;
const COMMA = ',';
/** A comment that ends with its line. */
const COMMENT_IN_LINE = /^[ \t]*(?:\/\/[^\r\n]*|\/\*[^\r\n]*?\*\/)(?=[ \t]*\r?\n)/;

/**
 * The tree of a text of JSON, comments and trailing commas included.
 * @returns what is wrong with it, in words, where it cannot be read
 */
function readJson(text: string): Node | string {
  const errors: ParseError[] = [];
  const tree = parseTree(text.replace(/^\uFEFF/, ' '), errors, TOLERANT);
  const [first] = errors;
  if (first) return `${printParseErrorCode(first.error)} in line ${text.slice(0, first.offset).split('\n').length}`;
  return tree ?? 'nothing is in it';
}

/** A member of an object; of several with one name the last, as `JSON.parse` takes it. */
function memberOf(node: Node | undefined, key: string): Node | undefined {
  if (node?.type !== 'object') return undefined;
  return node.children?.findLast(({ children }) => children?.[0]?.value === key)?.children?.[1];
}

/** What a text of settings says of a member, as plain data; undefined: nothing, or it cannot be read. */
export function valueAt(text: string, path: readonly string[]): unknown {
  const tree = readJson(text);
  let node = typeof tree === 'string' ? undefined : tree;
  for (const key of path) node = memberOf(node, key);
  return node && getNodeValue(node);
}

/** Elements of an array, or members of an object, each with its key. */
function partsOf(node: Node | undefined): readonly Node[] {
  return node?.type === 'object' || node?.type === 'array' ? (node.children ?? []) : [];
}

/**
 * The text with one more part at the end of an object (with a key) or an array, written as its neighbours are. All else
 * stays as it is: the library's own edits would reformat the lines around.
 */
function withPart(text: string, container: Node, value: unknown, key?: string): string {
  const { offset, length } = container;
  const inside = text.slice(offset, offset + length);
  const last = partsOf(container).at(-1);
  const isOneLine = last ? !inside.includes('\n') : !text.trim().includes('\n') && text.trim() !== inside;
  const name = key === undefined ? '' : `${JSON.stringify(key)}:${isOneLine && !/": /.test(text) ? '' : ' '}`;
  if (isOneLine) {
    const entry = `${name}${JSON.stringify(value)}`;
    return last ? addAfter(text, last, `${/, /.test(inside) ? ' ' : ''}${entry}`) : insert(text, offset + 1, entry);
  }
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const unit = /\n([ \t]+)\S/.exec(text)?.[1] ?? '  ';
  const outer = indentAt(text, offset);
  const indent = last && startsLine(text, last.offset) ? indentAt(text, last.offset) : `${outer}${unit}`;
  const entry = `${eol}${indent}${name}${JSON.stringify(value, null, unit).replaceAll('\n', `${eol}${indent}`)}`;
  if (last) return addAfter(text, last, entry);
  // Comments may stand in what is empty otherwise.
  const comments = inside.slice(1, -1).trimEnd();
  return `${text.slice(0, offset + 1)}${comments}${entry}${eol}${outer}${text.slice(offset + length - 1)}`;
}

/** Behind the comma of the last part, where it has one, and behind the comment that stands in its line. */
function addAfter(text: string, { offset, length }: Node, entry: string): string {
  const end = offset + length;
  const comma = commaAfter(text, end);
  const behind = comma === null ? end : comma + 1;
  const comment = /^\r?\n/.test(entry) ? (COMMENT_IN_LINE.exec(text.slice(behind))?.[0].length ?? 0) : 0;
  if (comma !== null) return insert(text, behind + comment, `${entry}${COMMA}`);
  return insert(insert(text, behind + comment, entry), end, COMMA);
}

/** The text without one part of an object or array; comments beside it stay. */
function withoutPart(text: string, container: Node, part: Node): string {
  const parts = partsOf(container);
  const at = parts.indexOf(part);
  const end = part.offset + part.length;
  const [before, after] = [parts[at - 1], parts[at + 1]];
  if (!before && after) return `${text.slice(0, part.offset)}${text.slice(after.offset)}`;
  const trailing = commaAfter(text, end);
  const stop = trailing !== null && !after ? trailing + 1 : end;
  const lead = text.slice(0, part.offset).trimEnd();
  // In a container that had comments alone, they stay; one that was empty is so again.
  const rest =
    before || !isBlank(text.slice(container.offset + 1, part.offset)) ? text.slice(stop) : text.slice(stop).trimStart();
  if (!before) return `${lead}${rest}`;
  if (trailing !== null && !after) return `${lead}${text.slice(stop)}`;
  const comma = commaAfter(text, before.offset + before.length);
  return comma === null
    ? `${lead}${text.slice(stop)}`
    : `${lead.slice(0, comma)}${lead.slice(comma + 1)}${text.slice(stop)}`;
}

/** The place of the comma that follows, behind blanks and comments; null: another sign follows. */
function commaAfter(text: string, from: number): number | null {
  const scanner = createScanner(text.slice(from), true);
  scanner.scan();
  const at = from + scanner.getTokenOffset();
  return text[at] === COMMA ? at : null;
}

function insert(text: string, at: number, what: string): string {
  return `${text.slice(0, at)}${what}${text.slice(at)}`;
}

function isBlank(text: string): boolean {
  return text.trim() === '';
}

function indentAt(text: string, at: number): string {
  const lineStart = text.lastIndexOf('\n', at - 1) + 1;
  return /^[ \t]*/.exec(text.slice(lineStart, at))?.[0] ?? '';
}

function startsLine(text: string, at: number): boolean {
  return text.slice(text.lastIndexOf('\n', at - 1) + 1, at).trim() === '';
}
