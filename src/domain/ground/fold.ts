import { type CharSet, charSet, complement, intersect } from './charset.js';

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
