import type { Target } from '../targets.js';
import { ALL, type CharSet, complement, has, intersect, singleton } from './charset.js';
import { foldText } from './fold.js';
import { automatonOf, type Glob, globOf } from './glob.js';
import { includes } from './include.js';
import { isAtOrBelow, literalOf } from './literal.js';
import type { OverlapOptions } from './options.js';
import { pickCommon } from './readable.js';
import { accepts, enter, statesAfter } from './run.js';

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
  return has(set, code) && pickCommon(intersect(set, complement(singleton(code))), ALL, fold) < 0;
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
