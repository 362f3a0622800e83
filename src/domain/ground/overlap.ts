import { ALL, ANY, type CharSet, complement, intersect, isEmptySet, sameSet } from './charset.js';
import {
  contains,
  folded,
  globIncludes,
  isAtOrBelow,
  isUnreadable,
  literalOf,
  matches,
  shareCharacter,
} from './contains.js';
import type { OverlapOptions } from './glob.js';
import { automatonOf, type Glob, globOf } from './glob.js';
import { type Move, type Nfa, statesAfter } from './nfa.js';
import type { Node } from './parse.js';
import {
  escapeForBraces,
  escapeSegment,
  expandSegment,
  meetSequences,
  type Sequence,
  variantsOf,
  WILD,
} from './segments.js';
import type { Target } from './targets.js';

/** Whether some path, or resource name, is in both targets: decided on the patterns, not on files. */
export function overlaps(a: Target, b: Target, options: OverlapOptions = {}): boolean {
  if (areApart(a, b, options)) return false;
  const fold = options.foldCase ?? false;
  // What cannot be read stops others instead of letting them through.
  if (isUnreadable(a, fold) || isUnreadable(b, fold)) return true;
  if (a.kind === 'resource' || b.kind === 'resource') return a.kind === b.kind && areNested(a.text, b.text);
  if (a.kind === 'glob' && b.kind === 'glob') {
    const mine = globOf(a.text, fold);
    const theirs = globOf(b.text, fold);
    return areNested(mine.prefix, theirs.prefix) && haveCommon(automatonOf(mine), automatonOf(theirs), fold);
  }
  if (a.kind === 'glob') return reachesBelow(globOf(a.text, fold), literalOf(b));
  if (b.kind === 'glob') return reachesBelow(globOf(b.text, fold), literalOf(a));
  return areNested(folded(literalOf(a), fold), folded(literalOf(b), fold));
}

/**
 * A quick look, for among thousands of claims: of two literal names, one is at or below the other only where the shorter
 * one ends as the other goes on. true: they have nothing in common; false: more has to be looked at.
 */
function areApart(a: Target, b: Target, { foldCase = false }: OverlapOptions): boolean {
  if (foldCase || a.kind === 'glob' || b.kind === 'glob') return false;
  const last = Math.min(literalLength(a), literalLength(b)) - 1;
  return last >= 0 && a.text.charCodeAt(last) !== b.text.charCodeAt(last);
}

/** Of the path without the end that says that it is a directory; negative: it is the root. */
function literalLength({ kind, text }: Target): number {
  return kind === 'directory' ? text.length - DIRECTORY_END : text.length;
}

/** Of `/**`. */
const DIRECTORY_END = 3;

/**
 * What two targets both cover, for a person to read, or null when they have nothing in common. It leaves out nothing
 * that both cover, and is exactly that where it can be written readably; else it is the narrower of the two.
 * The same whichever comes first.
 */
export function commonGround(a: Target, b: Target, options: OverlapOptions = {}): Target | null {
  if (!overlaps(a, b, options)) return null;
  const fold = options.foldCase ?? false;
  const [x, y] = inOrder(a, b) ? [a, b] : [b, a];
  if (isUnreadable(x, fold)) return y;
  if (isUnreadable(y, fold)) return x;
  const inner = innerTarget(x, y, options);
  if (inner !== null) return inner;
  const [path, glob] = y.kind === 'path' ? [y, x] : [x, y];
  if (path.kind === 'path' && matches(glob, path.text, options)) return path;
  const pattern = meetPatterns(asPattern(x), asPattern(y), fold);
  return pattern === null ? narrowerOf(x, y, fold) : { kind: 'glob', text: pattern };
}

function inOrder(a: Target, b: Target): boolean {
  return a.text === b.text ? a.kind <= b.kind : a.text < b.text;
}

/** Whether one of two literal grounds is inside the other. */
function areNested(a: string, b: string): boolean {
  return isAtOrBelow(a, b) || isAtOrBelow(b, a);
}

/** Whether the glob matches something at a literal path or below it. */
function reachesBelow(glob: Glob, path: string): boolean {
  if (!areNested(glob.prefix, folded(path, glob.fold))) return false;
  const automaton = automatonOf(glob);
  const states = path === '' ? [automaton.start] : statesAfter(automaton, path, glob.fold);
  return haveCommon(automaton, ANYTHING, glob.fold, states);
}

/** An automaton that goes on with anything. */
const ANYTHING: Nfa = { size: 1, start: 0, accepting: [true], silent: [[]], moves: [[{ set: ALL, to: 0 }]] };

/**
 * Whether some text leads both automata to acceptance: a search of their product, its pairs made as they are reached.
 * @param starts the states of `a` to begin in
 */
function haveCommon(a: Nfa, b: Nfa, fold: boolean, starts: readonly number[] = [a.start]): boolean {
  if (a.start < 0 || b.start < 0) return false;
  const seen = new Uint8Array(a.size * b.size);
  const pending = starts.map((start) => [start, b.start] as const);
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const [x, y] = next;
    if (seen[x * b.size + y]) continue;
    seen[x * b.size + y] = 1;
    if (a.accepting[x] && b.accepting[y]) return true;
    for (const to of a.silent[x] ?? []) pending.push([to, y]);
    for (const to of b.silent[y] ?? []) pending.push([x, to]);
    pending.push(...commonMoves(a.moves[x] ?? [], b.moves[y] ?? [], fold));
  }
  return false;
}

function commonMoves(a: readonly Move[], b: readonly Move[], fold: boolean): (readonly [number, number])[] {
  return a.flatMap((mine) =>
    b.flatMap((theirs) => (shareCharacter(mine.set, theirs.set, fold) ? [[mine.to, theirs.to] as const] : [])),
  );
}

/** The one of two targets that is inside the other; of two equal ones the directory, then the shorter text. */
function innerTarget(a: Target, b: Target, options: OverlapOptions): Target | null {
  if (a.kind === 'glob' && b.kind === 'glob') {
    const fold = options.foldCase ?? false;
    const inner = innerOf(globOf(a.text, fold), globOf(b.text, fold));
    return inner === null ? null : { kind: 'glob', text: inner.text };
  }
  const [first, second] = b.kind === 'directory' ? [b, a] : [a, b];
  if (contains(second, first, options)) return first;
  return contains(first, second, options) ? second : null;
}

function asPattern(target: Target): string {
  if (target.kind === 'glob') return target.text;
  const path = literalOf(target);
  return path === '' ? '**' : `${escapeSegment(path)}/**`;
}

/** The one that says more of where the overlap is: a path, else the longer literal start, else the longer text. */
function narrowerOf(a: Target, b: Target, fold: boolean): Target {
  const rank = (target: Target): number[] => {
    const prefix = target.kind === 'glob' ? globOf(target.text, fold).prefix : literalOf(target);
    return [Number(target.kind === 'path'), prefix.length, target.text.length];
  };
  const mine = rank(a);
  const theirs = rank(b);
  const at = mine.findIndex((value, i) => value !== theirs[i]);
  return at >= 0 && (theirs[at] ?? 0) > (mine[at] ?? 0) ? b : a;
}

/** A pattern longer than this is no help to a reader. */
const MAX_READABLE = 160;
/** Nor is one with more alternatives. */
const MAX_ALTERNATIVES = 4;

/**
 * The intersection of two globs, segment by segment, as one pattern that matches exactly it; null when
 * that is not readable. Both must be readable patterns that have a path in common.
 */
function meetPatterns(a: string, b: string, fold: boolean): string | null {
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
  if (!haveCommon(automatonOf(mine), automatonOf(theirs), fold)) return [];
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
function innerOf(a: Glob, b: Glob): Glob | null {
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
