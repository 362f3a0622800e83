/**
 * Sets of code points as sorted, disjoint, closed ranges. The universe is what a path can hold: every code
 * point but NUL. A pattern's sets never hold `/`, which only a separator matches.
 */
export interface CharSet {
  /** `lo, hi, lo, hi, …`: ascending, with a gap between ranges. */
  readonly ranges: readonly number[];
  /** The one code point of a set of one, else -1. */
  readonly single: number;
}

const FIRST = 1;
const LAST = 0x10ffff;

function make(ranges: readonly number[]): CharSet {
  const [lo, hi] = ranges;
  return { ranges, single: ranges.length === 2 && lo !== undefined && lo === hi ? lo : -1 };
}

/** The set of the given `[lo, hi]` pairs, in any order, overlapping or not. */
export function charSet(pairs: readonly (readonly [number, number])[]): CharSet {
  const sorted = pairs.map(([lo, hi]) => [Math.max(lo, FIRST), hi] as const).filter(([lo, hi]) => lo <= hi);
  sorted.sort((x, y) => x[0] - y[0]);
  const ranges: number[] = [];
  for (const [lo, hi] of sorted) {
    const last = ranges.at(-1);
    if (last !== undefined && lo <= last + 1) ranges[ranges.length - 1] = Math.max(last, hi);
    else ranges.push(lo, hi);
  }
  return make(ranges);
}

const ascii: CharSet[] = Array.from({ length: 128 }, (_, code) => make([code, code]));

/** The set of one code point. */
export function singleton(code: number): CharSet {
  return ascii[code] ?? make([code, code]);
}

/** What is in neither the set nor NUL. */
export function complement(set: CharSet): CharSet {
  const ranges: number[] = [];
  let next = FIRST;
  for (let i = 0; i < set.ranges.length; i += 2) {
    const lo = set.ranges[i] ?? 0;
    if (next < lo) ranges.push(next, lo - 1);
    next = (set.ranges[i + 1] ?? 0) + 1;
  }
  if (next <= LAST) ranges.push(next, LAST);
  return make(ranges);
}

/** What is in both. */
export function intersect(a: CharSet, b: CharSet): CharSet {
  if (a === b) return a;
  const ranges: number[] = [];
  for (let i = 0, j = 0; i < a.ranges.length && j < b.ranges.length; ) {
    const aHigh = a.ranges[i + 1] ?? 0;
    const bHigh = b.ranges[j + 1] ?? 0;
    const lo = Math.max(a.ranges[i] ?? 0, b.ranges[j] ?? 0);
    const hi = Math.min(aHigh, bHigh);
    if (lo <= hi) ranges.push(lo, hi);
    if (aHigh < bHigh) i += 2;
    else j += 2;
  }
  return make(ranges);
}

export function has(set: CharSet, code: number): boolean {
  if (set.single >= 0) return set.single === code;
  const { ranges } = set;
  for (let i = 0; i < ranges.length; i += 2) {
    if (code < (ranges[i] ?? 0)) return false;
    if (code <= (ranges[i + 1] ?? 0)) return true;
  }
  return false;
}

export function isEmptySet(set: CharSet): boolean {
  return set.ranges.length === 0;
}

export function sameSet(a: CharSet, b: CharSet): boolean {
  return a === b || (a.ranges.length === b.ranges.length && a.ranges.every((code, i) => code === b.ranges[i]));
}

export const SLASH = singleton(0x2f);
export const DOT = singleton(0x2e);
/** Every code point. */
export const ALL = complement(make([]));
/** What `?` matches: any character of a segment. */
export const ANY = complement(SLASH);
export const NOT_DOT = complement(DOT);

/**
 * Case folding by code point: upper case and back to lower case, each step only where it gives one code point.
 * That is Unicode's simple case folding in effect: `Σ`, `σ` and `ς` are one, as on file systems that fold;
 * `ß` and `İ`, which would grow, stay. The dotless `ı` stays too: only Turkish rules tie it to `I`.
 */
export function foldCode(code: number): number {
  if (code < 0x80) return code >= 0x41 && code <= 0x5a ? code + 32 : code;
  if (code === 0x131) return code;
  const upper = oneCode(String.fromCodePoint(code).toUpperCase(), code);
  return oneCode(String.fromCodePoint(upper).toLowerCase(), upper === code ? code : upper);
}

function oneCode(text: string, otherwise: number): number {
  const code = text.codePointAt(0) ?? otherwise;
  return text.length === (code > 0xffff ? 2 : 1) ? code : otherwise;
}

/** The text with every code point folded; a text of small ASCII letters is returned as it is. */
export function foldText(text: string): string {
  if (!/[A-Z\u0080-\uffff]/.test(text)) return text;
  let folded = '';
  for (const character of text) folded += String.fromCodePoint(foldCode(character.codePointAt(0) ?? 0));
  return folded;
}

/** No code point above this one has case. */
const LAST_CASED = 0x1ffff;
let moved: readonly (readonly [number, number])[] | undefined;

/** Every code point that folding changes, with what it becomes; built when first needed. */
function movedCodes(): readonly (readonly [number, number])[] {
  if (moved === undefined) {
    const found: [number, number][] = [];
    for (let code = 0; code <= LAST_CASED; code += 1) {
      const folded = foldCode(code);
      if (folded !== code) found.push([code, folded]);
    }
    moved = found;
  }
  return moved;
}

/** The set of what the members of `set` fold to. */
export function foldSet(set: CharSet): CharSet {
  const leaving: [number, number][] = [];
  const coming: [number, number][] = [];
  const { ranges } = set;
  const high = ranges.at(-1) ?? 0;
  const codes = high < 0x80 ? ASCII_CAPITALS : movedCodes();
  let i = 0;
  for (const [code, folded] of codes) {
    while (i < ranges.length && (ranges[i + 1] ?? 0) < code) i += 2;
    if (i >= ranges.length) break;
    if ((ranges[i] ?? 0) > code) continue;
    leaving.push([code, code]);
    coming.push([folded, folded]);
  }
  if (leaving.length === 0) return set;
  const staying = intersect(set, complement(charSet(leaving)));
  for (let at = 0; at < staying.ranges.length; at += 2) {
    coming.push([staying.ranges[at] ?? 0, staying.ranges[at + 1] ?? 0]);
  }
  return charSet(coming);
}

const ASCII_CAPITALS = Array.from({ length: 26 }, (_, i) => [0x41 + i, 0x61 + i] as const);
