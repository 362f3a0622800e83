import { createScanner, getNodeValue, type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';

/** What JSON with comments needs to be read, as harnesses read it. */
const TOLERANT = { allowTrailingComma: true } as const;
const COMMA = ',';
/** A comment that ends with its line. */
const COMMENT_IN_LINE = /^[ \t]*(?:\/\/[^\r\n]*|\/\*[^\r\n]*?\*\/)(?=[ \t]*\r?\n)/;

/**
 * The tree of a text of JSON, comments and trailing commas included.
 * @returns what is wrong with it, in words, where it cannot be read
 */
export function readJson(text: string): Node | string {
  const errors: ParseError[] = [];
  const tree = parseTree(text.replace(/^\uFEFF/, ' '), errors, TOLERANT);
  const [first] = errors;
  if (first) return `${printParseErrorCode(first.error)} in line ${text.slice(0, first.offset).split('\n').length}`;
  return tree ?? 'nothing is in it';
}

/** A member of an object; of several with one name the last, as `JSON.parse` takes it. */
export function memberOf(node: Node | undefined, key: string): Node | undefined {
  if (node?.type !== 'object') return undefined;
  return node.children?.findLast(({ children }) => children?.[0]?.value === key)?.children?.[1];
}

/** What a node says, as plain data. */
export function plainValue(node: Node): unknown {
  return getNodeValue(node);
}

/** Elements of an array, or members of an object, each with its key. */
export function partsOf(node: Node | undefined): readonly Node[] {
  return node?.type === 'object' || node?.type === 'array' ? (node.children ?? []) : [];
}

/**
 * The text with one more part at the end of an object (with a key) or an array, written as its neighbours are. All else
 * stays as it is: the library's own edits would reformat the lines around.
 */
export function withPart(text: string, container: Node, value: unknown, key?: string): string {
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
export function withoutPart(text: string, container: Node, part: Node): string {
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
