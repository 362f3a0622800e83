import { ANY, type CharSet, charSet, complement, foldCode, foldSet, intersect, singleton } from './charset.js';

/**
 * Reads a glob into nodes. The language is that of a shell's globs with `**`, and dots are not special:
 *
 * - `*` any characters of one segment, none included; `?` one character (code point) but `/`
 * - `**` as a whole segment: any number of segments, zero included; beside other text it is `*`, and so is `***`
 * - `[…]` see `takeBrackets`
 * - `{a,b}` alternatives, nested or empty, with `/` allowed in them; a pattern means what its expansions mean, so
 *   `{a,b/**}/c` is `a/c` and `b/**` + `/c`. Brackets bind before braces: `{[,],x}` has two alternatives.
 *   Braces without a comma are plain characters: `app/{id}`. Ranges such as `{1..3}` are refused.
 * - `\` takes the next character as it is
 * - `(`, `)`, `!`, `@`, `+`, `|` are plain characters here: negation and extended globs are refused in `patterns.ts`
 */
export function parsePattern(text: string, fold: boolean): Parsed {
  if (text === '') return { ok: false, problem: 'the pattern is empty' };
  if (text.length > MAX_LENGTH) {
    return { ok: false, problem: `the pattern has ${text.length} characters; the limit is ${MAX_LENGTH}` };
  }
  const cursor: Cursor = { text, fold, at: 0, magic: false, problem: null };
  const nodes = takeSequence(cursor, 0);
  if (nodes === null || cursor.problem !== null) return { ok: false, problem: cursor.problem ?? 'cannot be read' };
  return { ok: true, nodes, magic: cursor.magic };
}

/** Up to the end of the text, or within braces (`depth` > 0) up to the `,` or `}` that ends the alternative. */
function takeSequence(cursor: Cursor, depth: number): Node[] | null {
  const nodes: Node[] = [];
  while (cursor.at < cursor.text.length) {
    const next = cursor.text[cursor.at];
    if (depth > 0 && (next === ',' || next === '}')) break;
    const taken = next === '{' ? takeBraces(cursor, depth) : takeOne(cursor);
    if (taken === null) return null;
    nodes.push(...taken);
  }
  return nodes;
}

function takeOne(cursor: Cursor): Node[] | null {
  const from = cursor.at;
  const next = cursor.text[from];
  if (next === '*' || next === '?') {
    cursor.at += 1;
    cursor.magic = true;
    return [next === '*' ? { kind: 'star', source: next } : { kind: 'character', set: ANY, source: next }];
  }
  if (next === '[') {
    cursor.magic = true;
    const set = takeBrackets(cursor);
    return set === null ? null : [{ kind: 'character', set, source: cursor.text.slice(from, cursor.at) }];
  }
  const code = takeCharacter(cursor);
  if (code === null) return null;
  if (code === 0x2f) return [{ kind: 'separator', source: '/' }];
  return [plain(cursor, code, cursor.text.slice(from, cursor.at))];
}

function plain(cursor: Cursor, code: number, source: string): Node {
  return { kind: 'character', set: singleton(cursor.fold ? foldCode(code) : code), source };
}

const RANGE = /^\{(-?\d+|[A-Za-z])\.\.(-?\d+|[A-Za-z])(\.\.-?\d+)?\}$/;

function takeBraces(cursor: Cursor, depth: number): Node[] | null {
  const opened = cursor.at;
  if (depth >= MAX_DEPTH) return fail(cursor, `braces nest deeper than ${MAX_DEPTH}, the limit`);
  const branches: Node[][] = [];
  do {
    cursor.at += 1;
    const branch = takeSequence(cursor, depth + 1);
    if (branch === null) return null;
    branches.push(branch);
  } while (cursor.text[cursor.at] === ',');
  if (cursor.text[cursor.at] !== '}') {
    return fail(cursor, `'{' at character ${opened + 1} is never closed; write '\\{' for a brace`);
  }
  cursor.at += 1;
  const source = cursor.text.slice(opened, cursor.at);
  const [only = []] = branches;
  if (branches.length === 1) {
    if (RANGE.test(source))
      return fail(cursor, `the range '${source}' is not supported; write it out, as in '{1,2,3}'`);
    return [plain(cursor, 0x7b, '\\{'), ...only, plain(cursor, 0x7d, '\\}')];
  }
  cursor.magic = true;
  return [{ kind: 'choice', branches, source }];
}

/** A pattern read: a sequence of nodes. `source` is the text a node was read from, for printing. */
export type Node =
  | { readonly kind: 'character'; readonly set: CharSet; readonly source: string }
  | { readonly kind: 'star'; readonly source: string }
  | { readonly kind: 'separator'; readonly source: string }
  | { readonly kind: 'choice'; readonly branches: readonly (readonly Node[])[]; readonly source: string };

type Parsed =
  | { readonly ok: true; readonly nodes: readonly Node[]; readonly magic: boolean }
  | { readonly ok: false; readonly problem: string };

/** The most characters (UTF-16 units) of a pattern. */
const MAX_LENGTH = 4096;
/** How deep braces may nest. */
const MAX_DEPTH = 16;

/** Where a parser stands. `problem` is set once, by the first thing found wrong. */
interface Cursor {
  readonly text: string;
  readonly fold: boolean;
  at: number;
  /** Something but plain and escaped characters was met. */
  magic: boolean;
  problem: string | null;
}

function fail(cursor: Cursor, problem: string): null {
  cursor.problem ??= problem;
  return null;
}

/** Takes one code point, or the one after a backslash; null at the end of the text. */
function takeCharacter(cursor: Cursor): number | null {
  if (cursor.text[cursor.at] === '\\') {
    cursor.at += 1;
    if (cursor.at >= cursor.text.length) return fail(cursor, "a lone '\\' at the end; write '\\\\' for a backslash");
  }
  const code = cursor.text.codePointAt(cursor.at);
  if (code === undefined) return null;
  cursor.at += code > 0xffff ? 2 : 1;
  return code;
}

type Range = readonly [number, number];

const LOWER: Range = [0x61, 0x7a];
const UPPER: Range = [0x41, 0x5a];
const DIGIT: Range = [0x30, 0x39];

/** POSIX character classes as in the C locale (POSIX.1-2017, section 7.3.1), which is how git reads them. */
const POSIX: ReadonlyMap<string, readonly Range[]> = new Map([
  ['alnum', [LOWER, UPPER, DIGIT]],
  ['alpha', [LOWER, UPPER]],
  [
    'blank',
    [
      [0x20, 0x20],
      [0x09, 0x09],
    ],
  ],
  [
    'cntrl',
    [
      [0x00, 0x1f],
      [0x7f, 0x7f],
    ],
  ],
  ['digit', [DIGIT]],
  ['graph', [[0x21, 0x7e]]],
  ['lower', [LOWER]],
  ['print', [[0x20, 0x7e]]],
  [
    'punct',
    [
      [0x21, 0x2f],
      [0x3a, 0x40],
      [0x5b, 0x60],
      [0x7b, 0x7e],
    ],
  ],
  [
    'space',
    [
      [0x20, 0x20],
      [0x09, 0x0d],
    ],
  ],
  ['upper', [UPPER]],
  ['xdigit', [DIGIT, [0x41, 0x46], [0x61, 0x66]]],
] as const);

/**
 * Reads `[…]` from its `[` on. `!` or `^` first negates; `]` first is itself; a backslash takes the next character
 * as it is. A range may span `/` and still does not match it; `/` itself is refused.
 * When folding, a range stands for what its members fold to, and is negated after that: `[!a]` excludes `A` too.
 * Null with `cursor.problem` set when it cannot be read.
 */
function takeBrackets(cursor: Cursor): CharSet | null {
  const opened = cursor.at;
  cursor.at += 1;
  const negated = cursor.text[cursor.at] === '!' || cursor.text[cursor.at] === '^';
  if (negated) cursor.at += 1;
  const ranges: Range[] = [];
  for (let first = true; ; first = false) {
    const next = cursor.text[cursor.at];
    if (next === undefined)
      return fail(cursor, `'[' at character ${opened + 1} is never closed; write '\\[' for a bracket`);
    if (next === ']' && !first) break;
    const item = next === '[' ? takeNamed(cursor) : takeRange(cursor);
    if (item === null) return null;
    ranges.push(...item);
  }
  cursor.at += 1;
  const listed = cursor.fold ? foldSet(charSet(ranges)) : charSet(ranges);
  return intersect(negated ? complement(listed) : listed, ANY);
}

/** `[:name:]`, or a plain `[`. */
function takeNamed(cursor: Cursor): readonly Range[] | null {
  const mark = cursor.text[cursor.at + 1];
  if (mark === '.' || mark === '=') return fail(cursor, `'[${mark}' is not supported within brackets`);
  if (mark !== ':') return takeRange(cursor);
  const name = /^\[:([a-z]*):\]/.exec(cursor.text.slice(cursor.at, cursor.at + 16))?.[1];
  const ranges = name === undefined ? undefined : POSIX.get(name);
  if (name === undefined || ranges === undefined) {
    return fail(cursor, `'[:' at character ${cursor.at + 1} opens no known character class`);
  }
  cursor.at += name.length + 4;
  if (cursor.text[cursor.at] === '-' && cursor.text[cursor.at + 1] !== ']') {
    return fail(cursor, `the class '[:${name}:]' cannot start a range`);
  }
  return ranges;
}

/** One character, or two with `-` between them. */
function takeRange(cursor: Cursor): readonly Range[] | null {
  const started = cursor.at;
  const lo = takeMember(cursor);
  if (lo === null) return null;
  const after = cursor.text[cursor.at + 1];
  if (cursor.text[cursor.at] !== '-' || after === ']' || after === undefined) return [[lo, lo]];
  cursor.at += 1;
  if (cursor.text.startsWith('[:', cursor.at)) return fail(cursor, 'a character class cannot end a range');
  const hi = takeMember(cursor);
  if (hi === null) return null;
  if (hi < lo) return fail(cursor, `the range '${cursor.text.slice(started, cursor.at)}' runs backwards`);
  return [[lo, hi]];
}

function takeMember(cursor: Cursor): number | null {
  const code = takeCharacter(cursor);
  return code === 0x2f ? fail(cursor, "'/' cannot stand within brackets") : code;
}
