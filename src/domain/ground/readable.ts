import { type CharSet, has, intersect } from './charset.js';
import { foldCode } from './fold.js';

/**
 * Which character a witness shows. Small letters first, then digits, capitals and the usual punctuation of file
 * names, then what else prints, and control characters only where nothing else matches.
 */
const PREFERRED = Array.from(
  'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_-.',
  (character) => character.codePointAt(0) ?? 0,
);

/** The most a single character costs. */
export const MAX_COST = 64;

/** How unreadable a character is in a witness, 2 to 64; `leading`: it opens a segment, where a dot hides the file. */
export function costOf(code: number, leading: boolean): number {
  if (code === 0x2f || (code >= 0x61 && code <= 0x7a)) return 2;
  if ((code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x5a)) return 3;
  if (code === 0x2e) return leading ? 16 : 4;
  if (code === 0x5f || code === 0x2d) return 4;
  if (code > 0x20 && code < 0x7f) return 8;
  if (isPrinting(code)) return 12;
  return code === 0x20 ? 24 : MAX_COST;
}

function isPrinting(code: number): boolean {
  return code > 0xa0 && code !== 0xad && (code < 0xd800 || code > 0xdfff);
}

/**
 * The most readable code point in both sets, -1 when there is none. With `fold`, only code points that folding
 * leaves alone count, since no folded path holds another.
 */
export function pickCommon(a: CharSet, b: CharSet, fold: boolean): number {
  if (a.single >= 0) return has(b, a.single) ? a.single : -1;
  if (b.single >= 0) return has(a, b.single) ? b.single : -1;
  for (const code of PREFERRED) {
    if (has(a, code) && has(b, code) && isFolded(code, fold)) return code;
  }
  return pickRare(intersect(a, b), fold);
}

function pickRare(set: CharSet, fold: boolean): number {
  let best = -1;
  for (let i = 0; i < set.ranges.length; i += 2) {
    const hi = set.ranges[i + 1] ?? 0;
    for (const from of [set.ranges[i] ?? 0, 0x21, 0xa1]) {
      const code = from < (set.ranges[i] ?? 0) ? -1 : firstFolded(from, hi, fold);
      if (code >= 0 && (best < 0 || costOf(code, false) < costOf(best, false))) best = code;
    }
  }
  return best;
}

/** The first code point from `lo` to `hi` that folding leaves alone (any, without `fold`), or -1. */
export function firstFolded(lo: number, hi: number, fold: boolean): number {
  for (let code = lo; code <= hi; code += 1) {
    if (isFolded(code, fold)) return code;
  }
  return -1;
}

function isFolded(code: number, fold: boolean): boolean {
  return !fold || foldCode(code) === code;
}
