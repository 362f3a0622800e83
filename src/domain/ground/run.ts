import { has } from './charset.js';
import { foldCode } from './fold.js';
import type { Nfa } from './nfa.js';

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
