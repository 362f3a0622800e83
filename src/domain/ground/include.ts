import { type CharSet, has } from './charset.js';
import type { Move, Nfa } from './nfa.js';
import { firstFolded } from './readable.js';
import { enter } from './run.js';

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
