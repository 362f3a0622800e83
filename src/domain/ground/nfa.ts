import { type CharSet, foldCode, has } from './charset.js';

export interface Move {
  readonly set: CharSet;
  readonly to: number;
}

/**
 * A nondeterministic automaton over code points. It reads a path with a `/` after each segment, the last one too
 * (`a/b` is read as `a/b/`), so that "zero or more segments" needs no special case. It accepts valid paths only:
 * at least one segment, none of them empty, `.` or `..`. Every state is on some way from start to acceptance.
 */
export interface Nfa {
  readonly size: number;
  /** -1 when nothing is accepted. */
  readonly start: number;
  readonly accepting: readonly boolean[];
  readonly silent: readonly (readonly number[])[];
  readonly moves: readonly (readonly Move[])[];
}

/** An automaton under construction: state 0 accepts, state 1 is the start. */
export interface DraftNfa {
  readonly silent: number[][];
  readonly moves: Move[][];
}

/** Drops the states that lead nowhere and those that only pass on to one other. */
export function trim(draft: DraftNfa): Nfa {
  const useful = leadingToAcceptance(draft);
  const target = draft.silent.map((_, state) => passOn(draft, useful, state));
  const order = reachable(draft, useful, target);
  const number = new Map(order.map((state, at) => [state, at]));
  const renumber = (state: number): number => number.get(target[state] ?? state) ?? -1;
  return {
    size: order.length,
    start: order.length === 0 ? -1 : 0,
    accepting: order.map((state) => state === 0),
    silent: order.map((state) => {
      const next = (draft.silent[state] ?? []).filter((to) => useful[to]);
      return next.length === 0 ? NONE : next.map(renumber);
    }),
    moves: order.map((state) =>
      (draft.moves[state] ?? []).filter(({ to }) => useful[to]).map(({ set, to }) => ({ set, to: renumber(to) })),
    ),
  };
}

/** Shared, since most states have no silent edges and many automata are kept. */
const NONE: readonly number[] = [];

function leadingToAcceptance(draft: DraftNfa): boolean[] {
  const sources: number[][] = draft.silent.map(() => []);
  for (let state = 0; state < sources.length; state += 1) {
    for (const to of draft.silent[state] ?? []) sources[to]?.push(state);
    for (const { to } of draft.moves[state] ?? []) sources[to]?.push(state);
  }
  const useful = sources.map(() => false);
  const stack = [0];
  for (let state = stack.pop(); state !== undefined; state = stack.pop()) {
    if (useful[state]) continue;
    useful[state] = true;
    stack.push(...(sources[state] ?? []));
  }
  return useful;
}

/** The state that a chain of single silent edges ends in. Silent edges make no cycle. */
function passOn(draft: DraftNfa, useful: readonly boolean[], from: number): number {
  let state = from;
  for (;;) {
    const moving = (draft.moves[state] ?? []).some(({ to }) => useful[to]);
    const [next, ...others] = (draft.silent[state] ?? []).filter((to) => useful[to]);
    if (moving || next === undefined || others.length > 0) return state;
    state = next;
  }
}

function reachable(draft: DraftNfa, useful: readonly boolean[], target: readonly number[]): number[] {
  if (!useful[1]) return [];
  const seen = new Set([target[1] ?? 1]);
  for (const state of seen) {
    const next = [...(draft.silent[state] ?? []), ...(draft.moves[state] ?? []).map(({ to }) => to)];
    for (const to of next) {
      if (useful[to]) seen.add(target[to] ?? to);
    }
  }
  return [...seen];
}

/** The states that `nfa` may be in after reading `path` and its last `/`; none when no way leads there. */
export function statesAfter(nfa: Nfa, path: string, fold: boolean): number[] {
  const stamps = new Int32Array(nfa.size);
  let states: number[] = [];
  if (nfa.start >= 0) enter(nfa, nfa.start, states, stamps, 1);
  let stamp = 1;
  for (let at = 0; at <= path.length && states.length > 0; ) {
    const read = path.codePointAt(at) ?? 0x2f;
    at += read > 0xffff ? 2 : 1;
    const code = fold ? foldCode(read) : read;
    stamp += 1;
    const next: number[] = [];
    for (const state of states) {
      for (const { set, to } of nfa.moves[state] ?? []) {
        if (has(set, code)) enter(nfa, to, next, stamps, stamp);
      }
    }
    states = next;
  }
  return states;
}

/** Whether the automaton accepts the path. */
export function accepts(nfa: Nfa, path: string, fold: boolean): boolean {
  return statesAfter(nfa, path, fold).some((state) => nfa.accepting[state]);
}

/** Adds a state and what it silently leads to. */
export function enter(nfa: Nfa, first: number, states: number[], stamps: Int32Array, stamp: number): void {
  const stack = [first];
  for (let state = stack.pop(); state !== undefined; state = stack.pop()) {
    if (stamps[state] === stamp) continue;
    stamps[state] = stamp;
    states.push(state);
    for (const to of nfa.silent[state] ?? []) stack.push(to);
  }
}
