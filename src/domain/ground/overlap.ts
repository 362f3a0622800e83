import type { Target, TargetKind } from '../targets.js';
import { contains, folded, isUnreadable } from './contains.js';
import { ANYTHING, automatonOf, type Glob, globOf } from './glob.js';
import { isAtOrBelow, literalOf } from './literal.js';
import { innerOf, meetPatterns } from './meet.js';
import type { OverlapOptions } from './options.js';
import { statesAfter } from './run.js';
import { cheapestCommon } from './search.js';
import { escapeSegment } from './segments.js';

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
