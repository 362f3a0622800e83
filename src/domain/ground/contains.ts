import { type CharSet, complement, foldCode, foldText, has, intersect, singleton } from './charset.js';
import type { OverlapOptions } from './glob.js';
import { automatonOf, type Glob, globOf } from './glob.js';
import { accepts, enter, type Move, type Nfa, statesAfter } from './nfa.js';
import { directoryPath, type Target } from './targets.js';

/**
 * Whether a path, or for a resource a name, is in the target's ground. A glob that cannot be read holds everything.
 */
export function matches(target: Target, path: string, options: OverlapOptions = {}): boolean {
  const fold = options.foldCase ?? false;
  if (path === '') return false;
  if (target.kind === 'resource') return isAtOrBelow(path, target.text);
  if (target.kind !== 'glob') return isAtOrBelow(folded(path, fold), folded(literalOf(target), fold));
  const glob = globOf(target.text, fold);
  if (glob.problem !== null) return true;
  return isAtOrBelow(folded(path, fold), glob.prefix) && accepts(automatonOf(glob), path, fold);
}

/**
 * Whether every path of `inner` is in `outer`, exactly. A glob that cannot be read counts as everything on either side.
 * Two patterns so involved that the question passes `MAX_WORK` steps are answered false: not shown to be inside.
 */
export function contains(outer: Target, inner: Target, options: OverlapOptions = {}): boolean {
  const fold = options.foldCase ?? false;
  if (outer.kind === inner.kind && outer.text === inner.text) return true;
  const outerGlob = outer.kind === 'glob' ? globOf(outer.text, fold) : null;
  const innerGlob = inner.kind === 'glob' ? globOf(inner.text, fold) : null;
  if (outerGlob !== null && outerGlob.problem !== null) return true;
  if (innerGlob !== null && innerGlob.problem !== null) return false;
  if (innerGlob !== null && automatonOf(innerGlob).start < 0) return true;
  if (outer.kind === 'resource' || inner.kind === 'resource') {
    return outer.kind === inner.kind && isAtOrBelow(inner.text, outer.text);
  }
  if (outerGlob === null) {
    const path = folded(literalOf(outer), fold);
    return innerGlob === null ? isAtOrBelow(folded(literalOf(inner), fold), path) : isGlobBelow(innerGlob, path);
  }
  if (innerGlob === null) return coversBelow(outerGlob, literalOf(inner));
  return globIncludes(outerGlob, innerGlob);
}

export function folded(text: string, fold: boolean): string {
  return fold ? foldText(text) : text;
}

/** Whether the glob's every path is in the other's, for globs without a problem; false too when not known. */
export function globIncludes(outer: Glob, inner: Glob): boolean {
  return outer.text === inner.text || includes(automatonOf(outer), automatonOf(inner), outer.fold) === true;
}

/** Whether the glob holds a literal path and all that could be below it. */
function coversBelow(glob: Glob, path: string): boolean {
  const automaton = automatonOf(glob);
  const below = automatonOf(globOf('**', glob.fold));
  if (path === '') return includes(automaton, below, glob.fold) === true;
  const states = statesAfter(automaton, path, glob.fold);
  return states.some((state) => automaton.accepting[state]) && includes(automaton, below, glob.fold, states) === true;
}

/** Whether all of the glob's paths are at or below a literal path: its automaton can read nothing else first. */
function isGlobBelow(glob: Glob, path: string): boolean {
  if (isAtOrBelow(glob.prefix, path)) return true;
  const automaton = automatonOf(glob);
  const stamps = new Int32Array(automaton.size);
  let stamp = 1;
  let states: number[] = [];
  enter(automaton, automaton.start, states, stamps, stamp);
  for (const character of `${path}/`) {
    const code = character.codePointAt(0) ?? 0;
    const next: number[] = [];
    stamp += 1;
    for (const state of states) {
      if (automaton.accepting[state]) return false;
      for (const { set, to } of automaton.moves[state] ?? []) {
        if (!isOnly(set, code, glob.fold)) return false;
        enter(automaton, to, next, stamps, stamp);
      }
    }
    states = next;
  }
  return true;
}

function isOnly(set: CharSet, code: number, fold: boolean): boolean {
  if (set.single >= 0) return set.single === code;
  return has(set, code) && !shareCharacter(set, complement(singleton(code)), fold);
}

/** Whether a `glob` target is so written that it cannot be read. */
export function isUnreadable(target: Target, fold: boolean): boolean {
  return target.kind === 'glob' && globOf(target.text, fold).problem !== null;
}

/** Whether nothing at all is in the target: a glob such as `[.]` or `a//b` that no path can match. */
export function isEmpty(target: Target): boolean {
  if (target.kind !== 'glob') return false;
  const glob = globOf(target.text, false);
  return glob.problem === null && automatonOf(glob).start < 0;
}

/** The most character sets that one question of inclusion may look at. */
export const MAX_WORK = 250_000;

interface Question {
  readonly outer: Nfa;
  readonly fold: boolean;
  readonly stamps: Int32Array;
  stamp: number;
  work: number;
  /** Sets of states of `outer`, numbered as they are met. */
  readonly subsets: number[][];
  readonly numbers: Map<string, number>;
}

/**
 * Whether `outer` accepts all that `inner` accepts: the product of `inner` with the subsets of `outer`'s states,
 * made as they are reached (Rabin and Scott's construction, lazily). Subsets can be exponential in number:
 * past `MAX_WORK` the answer is null, not known. `starts` are the states of `outer` to begin in.
 */
export function includes(
  outer: Nfa,
  inner: Nfa,
  fold: boolean,
  starts: readonly number[] = [outer.start],
): boolean | null {
  if (inner.start < 0) return true;
  if (outer.start < 0) return false;
  const stamps = new Int32Array(outer.size);
  const question: Question = { outer, fold, stamps, stamp: 0, work: 0, subsets: [], numbers: new Map() };
  const pending = [{ state: inner.start, number: subset(question, starts) }];
  const seen = new Set<number>();
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const key = next.number * inner.size + next.state;
    if (seen.has(key)) continue;
    seen.add(key);
    const following = leave(question, inner, next);
    if (following === null) return false;
    pending.push(...following);
    if (question.work > MAX_WORK) return null;
  }
  return true;
}

interface Pair {
  readonly state: number;
  readonly number: number;
}

/** The pairs one step on, or null when from this one `inner` goes where `outer` cannot. */
function leave(question: Question, inner: Nfa, { state, number }: Pair): Pair[] | null {
  const states = question.subsets[number] ?? [];
  if (inner.accepting[state] && !states.some((each) => question.outer.accepting[each])) return null;
  const following = (inner.silent[state] ?? []).map((to) => ({ state: to, number }));
  for (const { set, to } of inner.moves[state] ?? []) {
    const reached = successors(question, states, set);
    if (reached === null) return null;
    for (const each of reached) following.push({ state: to, number: each });
  }
  return following;
}

/** The number of the set of these states and of what they silently lead to. */
function subset(question: Question, entering: readonly number[]): number {
  const states: number[] = [];
  question.stamp += 1;
  for (const state of entering) enter(question.outer, state, states, question.stamps, question.stamp);
  states.sort((x, y) => x - y);
  const key = states.join();
  const known = question.numbers.get(key);
  if (known !== undefined) return known;
  question.numbers.set(key, question.subsets.length);
  question.subsets.push(states);
  return question.subsets.length - 1;
}

/** The subsets that the characters of `set` lead to, or null when some character leads nowhere. */
function successors(question: Question, states: readonly number[], set: CharSet): Set<number> | null {
  const moves = states.flatMap((state) => question.outer.moves[state] ?? []);
  question.work += moves.length + states.length;
  const reached = new Set<number>();
  const targetsSeen = new Set<string>();
  for (const code of representatives(question, set, moves)) {
    const targets = moves.filter((move) => has(move.set, code)).map(({ to }) => to);
    if (targets.length === 0) return null;
    question.work += moves.length;
    const key = targets.join();
    if (targetsSeen.has(key)) continue;
    targetsSeen.add(key);
    reached.add(subset(question, targets));
  }
  return reached;
}

/** One code point of each part of `set` that the moves do not tell apart; with `fold`, folded ones only. */
function representatives(question: Question, set: CharSet, moves: readonly Move[]): number[] {
  if (set.single >= 0) return [set.single];
  const cuts = new Set<number>();
  for (const move of moves) {
    for (let i = 0; i < move.set.ranges.length; i += 2)
      cuts.add(move.set.ranges[i] ?? 0).add((move.set.ranges[i + 1] ?? 0) + 1);
  }
  const sorted = [...cuts].sort((x, y) => x - y);
  question.work += (sorted.length * set.ranges.length) / 2;
  const codes: number[] = [];
  for (let i = 0; i < set.ranges.length; i += 2) {
    const last = set.ranges[i + 1] ?? 0;
    let lo = set.ranges[i] ?? 0;
    for (const cut of [...sorted.filter((each) => each > lo && each <= last), last + 1]) {
      const code = firstFolded(lo, cut - 1, question.fold);
      if (code >= 0) codes.push(code);
      lo = cut;
    }
  }
  return codes;
}

/** The literal path of a `path` or `directory` target; both cover it and all below it. `''` is everything. */
export function literalOf(target: Target): string {
  return target.kind === 'directory' ? directoryPath(target) : target.text;
}

/** Whether `path` is `outer` or below it, by whole segments; everything is below `''`. */
export function isAtOrBelow(path: string, outer: string): boolean {
  if (outer === '' || path === outer) return true;
  return path.length > outer.length && path.charCodeAt(outer.length) === 0x2f && path.startsWith(outer);
}

/** Whether some code point is in both sets; with `fold`, one that folding leaves alone, since no folded path has another. */
export function shareCharacter(a: CharSet, b: CharSet, fold: boolean): boolean {
  if (a.single >= 0) return has(b, a.single);
  if (b.single >= 0) return has(a, b.single);
  const { ranges } = intersect(a, b);
  for (let i = 0; i < ranges.length; i += 2) {
    if (firstFolded(ranges[i] ?? 0, ranges[i + 1] ?? 0, fold) >= 0) return true;
  }
  return false;
}

/** The first code point from `lo` to `hi` that folding leaves alone (any, without `fold`), or -1. */
function firstFolded(lo: number, hi: number, fold: boolean): number {
  for (let code = lo; code <= hi; code += 1) {
    if (!fold || foldCode(code) === code) return code;
  }
  return -1;
}
