import { takeBrackets } from './brackets.js';
import { ANY, singleton } from './charset.js';
import { foldCode } from './fold.js';
import { type Cursor, fail, MAX_DEPTH, MAX_LENGTH, type Node, type Parsed, takeCharacter } from './syntax.js';

/**
 * Reads a glob into nodes. The language is that of a shell's globs with `**`, and dots are not special:
 *
 * - `*` any characters of one segment, none included; `?` one character (code point) but `/`
 * - `**` as a whole segment: any number of segments, zero included; beside other text it is `*`, and so is `***`
 * - `[…]` see `brackets.ts`
 * - `{a,b}` alternatives, nested or empty, with `/` allowed in them; a pattern means what its expansions mean, so
 *   `{a,b/**}/c` is `a/c` and `b/**` + `/c`. Brackets bind before braces: `{[,],x}` has two alternatives.
 *   Braces without a comma are plain characters: `app/{id}`. Ranges such as `{1..3}` are refused.
 * - `\` takes the next character as it is
 * - `(`, `)`, `!`, `@`, `+`, `|` are plain characters: there are no extended globs and no negation
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
