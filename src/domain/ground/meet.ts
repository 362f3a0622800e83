import { ANY, type CharSet, complement, intersect, isEmptySet, sameSet } from './charset.js';
import { globIncludes } from './contains.js';
import { automatonOf, type Glob, globOf } from './glob.js';
import { cheapestCommon } from './search.js';
import { escapeForBraces, escapeSegment, expandSegment, variantsOf } from './segments.js';
import { meetSequences, type Sequence, WILD } from './sequences.js';
import type { Node } from './syntax.js';

/** A pattern longer than this is no help to a reader. */
const MAX_READABLE = 160;
/** Nor is one with more alternatives. */
const MAX_ALTERNATIVES = 4;

/**
 * The intersection of two globs, segment by segment, as one pattern that matches exactly it; null when
 * that is not readable. Both must be readable patterns that have a path in common.
 */
export function meetPatterns(a: string, b: string, fold: boolean): string | null {
  if (a.length > MAX_READABLE || b.length > MAX_READABLE) return null;
  const mine = variantsOf(a);
  const theirs = variantsOf(b);
  if (mine === null || theirs === null || mine.length * theirs.length > 16) return null;
  const meeting = { meet: (x: string, y: string) => meetSegments(x, y, fold), keyOf: (segment: string) => segment };
  const found: Sequence<string>[] = [];
  for (const x of mine) {
    for (const y of theirs) {
      const alternatives = meetSequences(x, y, meeting);
      if (alternatives === null) return null;
      found.push(...alternatives);
    }
  }
  const kept = widest(
    found.map((sequence) => sequence.map((item) => (item === WILD ? '**' : item))),
    fold,
  );
  if (kept.length === 0 || kept.length > MAX_ALTERNATIVES) return null;
  const text = joined(kept);
  return text.length > MAX_READABLE ? null : text;
}

/** Two segments' intersection as alternatives: one of them if it is inside the other, else character by character. */
function meetSegments(a: string, b: string, fold: boolean): string[] | null {
  if (a === '*' || a === b) return [b];
  if (b === '*') return [a];
  const mine = globOf(a, fold);
  const theirs = globOf(b, fold);
  if (mine.problem !== null || theirs.problem !== null) return null;
  if (cheapestCommon(automatonOf(mine), automatonOf(theirs), fold) === null) return [];
  const inner = innerOf(mine, theirs);
  if (inner !== null) return [inner.text];
  return meetCharacters(expandSegment(a, fold), expandSegment(b, fold));
}

function meetCharacters(a: (readonly Node[])[] | null, b: (readonly Node[])[] | null): string[] | null {
  if (a === null || b === null) return null;
  const found = new Set<string>();
  for (const [x, y] of a.flatMap((mine) => b.map((theirs) => [mine, theirs] as const))) {
    const alternatives = meetSequences(characters(x), characters(y), CHARACTERS);
    if (alternatives === null) return null;
    for (const alternative of alternatives) found.add(printed(alternative));
  }
  found.delete('');
  return [...found];
}

/** The one of two globs that is inside the other; of two equal ones the shorter. */
export function innerOf(a: Glob, b: Glob): Glob | null {
  const [first, second] = comesFirst(a.text, b.text) ? [a, b] : [b, a];
  if (globIncludes(second, first)) return first;
  return globIncludes(first, second) ? second : null;
}

function comesFirst(a: string, b: string): boolean {
  return a.length === b.length ? a < b : a.length < b.length;
}

const CHARACTERS = {
  meet: (a: CharSet, b: CharSet) => {
    const common = intersect(a, b);
    return isEmptySet(common) ? [] : [common];
  },
  keyOf: (set: CharSet) => set.ranges.join(),
};

function characters(nodes: readonly Node[]): Sequence<CharSet> {
  return nodes.map((node) => (node.kind === 'character' ? node.set : WILD));
}

function printed(sequence: Sequence<CharSet>): string {
  return sequence.map((item) => (item === WILD ? '*' : printedSet(item))).join('');
}

function printedSet(set: CharSet): string {
  if (set.single >= 0) return escapeSegment(String.fromCodePoint(set.single));
  if (sameSet(set, ANY)) return '?';
  const others = intersect(complement(set), ANY);
  const negated = others.ranges.length < set.ranges.length;
  const { ranges } = negated ? others : set;
  let text = '';
  for (let i = 0; i < ranges.length; i += 2) {
    const lo = ranges[i] ?? 0;
    const hi = ranges[i + 1] ?? 0;
    text += member(lo) + (hi > lo + 1 ? '-' : '') + (hi > lo ? member(hi) : '');
  }
  return `[${negated ? '!' : ''}${text}]`;
}

function member(code: number): string {
  const text = String.fromCodePoint(code);
  return /[\]\\!^[-]/.test(text) ? `\\${text}` : text;
}

/** The alternatives that are inside no other, in a fixed order. */
function widest(alternatives: string[][], fold: boolean): string[][] {
  const byText = new Map(alternatives.map((segments) => [segments.join('/'), segments]));
  const texts = [...byText.keys()].sort((x, y) => (comesFirst(x, y) ? -1 : 1));
  const kept: string[] = [];
  for (const text of texts) {
    const glob = globOf(text, fold);
    const inside = (other: string): boolean => globIncludes(globOf(other, fold), glob);
    if (kept.some(inside)) continue;
    const outlasting = kept.filter((other) => !globIncludes(glob, globOf(other, fold)));
    kept.splice(0, kept.length, ...outlasting, text);
  }
  return kept.map((text) => byText.get(text) ?? []);
}

/** Alternatives as one pattern: what they share by whole segments, and braces around where they differ. */
function joined(alternatives: readonly string[][]): string {
  const [first = []] = alternatives;
  if (alternatives.length === 1) return first.join('/');
  const room = Math.min(...alternatives.map((segments) => segments.length)) - 1;
  const sharedTo = (at: (segments: string[], i: number) => string | undefined): number => {
    let count = 0;
    while (count < room && alternatives.every((segments) => at(segments, count) === at(first, count))) count += 1;
    return count;
  };
  const head = sharedTo((segments, i) => segments[i]);
  const tail = Math.min(
    sharedTo((segments, i) => segments.at(-1 - i)),
    room - head,
  );
  const middles = alternatives.map((segments) =>
    segments
      .slice(head, segments.length - tail)
      .map(escapeForBraces)
      .join('/'),
  );
  return [...first.slice(0, head), `{${middles.sort().join(',')}}`, ...first.slice(first.length - tail)].join('/');
}
