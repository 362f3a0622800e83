import { ANY, type CharSet, complement, intersect, isEmptySet, sameSet } from './charset.js';
import { contains, folded, globIncludes, isAtOrBelow, isUnreadable, literalOf } from './contains.js';
import { ANYTHING, automatonOf, type Glob, globOf } from './glob.js';
import { statesAfter } from './nfa.js';
import type { Node } from './parse.js';
import {
  cheapestCommon,
  escapeForBraces,
  escapeSegment,
  expandSegment,
  meetSequences,
  type Sequence,
  variantsOf,
  WILD,
} from './segments.js';
import type { Target, TargetKind } from './targets.js';
import type { OverlapOptions } from './text.js';

export interface Overlap {
  /** The ground both cover, for a person to read; `{ kind, text: pattern }` is a target again. */
  readonly pattern: string;
  readonly kind: TargetKind;
  /** `pattern` is exactly what both cover. Otherwise it is wider than that: it leaves out nothing that both cover. */
  readonly exact: boolean;
  /** One path, or resource name, that both cover. */
  readonly witness: string;
}

/**
 * What two targets both cover, or null when no path could be in both; decided on the patterns, not on files.
 * The same whichever comes first. A glob that cannot be read overlaps everything, so that it stops others instead
 * of letting them through; the witness is then just a path of the other side (its text if it has none).
 */
export function overlap(a: Target, b: Target, options: OverlapOptions = {}): Overlap | null {
  const fold = options.foldCase ?? false;
  const [x, y] = inOrder(a, b) ? [a, b] : [b, a];
  if (isUnreadable(x, fold)) return withUnreadable(y, fold);
  if (isUnreadable(y, fold)) return withUnreadable(x, fold);
  const witness = commonMember(x, y, fold);
  return witness === null ? null : { ...ground(x, y, witness, options), witness };
}

/** Whether two targets overlap: `overlap` without finding out how, for when there are many to ask. */
export function overlaps(a: Target, b: Target, options: OverlapOptions = {}): boolean {
  const fold = options.foldCase ?? false;
  return isUnreadable(a, fold) || isUnreadable(b, fold) || commonMember(a, b, fold) !== null;
}

function inOrder(a: Target, b: Target): boolean {
  return a.text === b.text ? a.kind <= b.kind : a.text < b.text;
}

function withUnreadable(other: Target, fold: boolean): Overlap {
  const { kind, text } = other;
  const witness = isUnreadable(other, fold) ? null : commonMember(other, other, fold);
  return { pattern: text, kind, exact: !isUnreadable(other, fold), witness: witness ?? text };
}

/** The most readable path or name that is in both, or null. Neither target is an unreadable glob. */
function commonMember(a: Target, b: Target, fold: boolean): string | null {
  if (a.kind === 'resource' || b.kind === 'resource') {
    return a.kind === b.kind ? deeper(a.text, b.text, a.text, b.text) : null;
  }
  if (a.kind !== 'glob') {
    return b.kind === 'glob'
      ? memberBelow(globOf(b.text, fold), literalOf(a), fold)
      : commonLiteral(literalOf(a), literalOf(b), fold);
  }
  if (b.kind !== 'glob') return memberBelow(globOf(a.text, fold), literalOf(b), fold);
  const mine = globOf(a.text, fold);
  const theirs = globOf(b.text, fold);
  if (deeper(mine.prefix, theirs.prefix, '', '') === null) return null;
  return asPath(cheapestCommon(automatonOf(mine), automatonOf(theirs), fold));
}

function commonLiteral(a: string, b: string, fold: boolean): string | null {
  return a === '' && b === '' ? 'a' : deeper(folded(a, fold), folded(b, fold), a, b);
}

/** The result that goes with the one of two literal grounds that is inside the other; null when they are apart. */
function deeper<T>(a: string, b: string, resultOfA: T, resultOfB: T): T | null {
  if (isAtOrBelow(a, b)) return resultOfA;
  return isAtOrBelow(b, a) ? resultOfB : null;
}

/** The most readable path of a glob at a literal path or below it. */
function memberBelow(glob: Glob, path: string, fold: boolean): string | null {
  if (deeper(glob.prefix, folded(path, fold), '', '') === null) return null;
  const automaton = automatonOf(glob);
  if (path === '') return asPath(cheapestCommon(automaton, ANYTHING, fold));
  const states = statesAfter(automaton, path, fold);
  if (states.length === 0) return null;
  const rest = cheapestCommon(automaton, ANYTHING, fold, states);
  return rest === null ? null : asPath(`${path}/${rest}`);
}

/** Automata read a `/` behind each segment, the last one too. */
function asPath(read: string | null): string | null {
  return read === null ? null : read.slice(0, -1);
}

type Ground = Pick<Overlap, 'pattern' | 'kind' | 'exact'>;

function ground(a: Target, b: Target, witness: string, options: OverlapOptions): Ground {
  const fold = options.foldCase ?? false;
  const inner = innerTarget(a, b, options);
  if (inner !== null) return { pattern: inner.text, kind: inner.kind, exact: true };
  const path = [a, b].find(({ kind, text }) => kind === 'path' && folded(witness, fold) === folded(text, fold));
  if (path !== undefined) return { pattern: path.text, kind: 'path', exact: false };
  const pattern = meetPatterns(asPattern(a), asPattern(b), fold);
  if (pattern !== null) return { pattern, kind: 'glob', exact: true };
  const narrower = narrowerOf(a, b, fold);
  return { pattern: narrower.text, kind: narrower.kind, exact: false };
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
