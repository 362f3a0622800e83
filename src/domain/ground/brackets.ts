import { ANY, type CharSet, charSet, complement, intersect } from './charset.js';
import { foldSet } from './fold.js';
import { type Cursor, fail, takeCharacter } from './syntax.js';

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
export function takeBrackets(cursor: Cursor): CharSet | null {
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
