import type { Nfa } from './nfa.js';
import { costOf, MAX_COST, pickCommon } from './readable.js';

/**
 * The most readable text that leads both automata to acceptance: a shortest path through their product (Dijkstra with
 * circular buckets, after R. Dial, CACM 12(11), 1969). Pairs are made only as they are reached. Null when there is none.
 * `starts` are states of `a`, by default its start; the text then completes what led there.
 */
export function cheapestCommon(a: Nfa, b: Nfa, fold: boolean, starts: readonly number[] = [a.start]): string | null {
  if (a.start < 0 || b.start < 0) return null;
  const search = new Search(a, b, fold);
  for (const state of starts) search.reach(state, b.start, 0, -1, -1);
  return search.run();
}

class Search {
  readonly #a: Nfa;
  readonly #b: Nfa;
  readonly #fold: boolean;
  /** The entry of a pair of states, plus one; 0 for none. */
  readonly #entryOf: Int32Array;
  /** By entry: the pair, its cost so far, the entry before it, and the code point between (-1 for none). */
  readonly #pair: number[] = [];
  readonly #cost: number[] = [];
  readonly #before: number[] = [];
  readonly #code: number[] = [];
  /** Entries to leave, by cost modulo the length. */
  readonly #buckets: (number[] | undefined)[] = new Array(MAX_COST + 1);
  #waiting = 0;

  constructor(a: Nfa, b: Nfa, fold: boolean) {
    this.#a = a;
    this.#b = b;
    this.#fold = fold;
    this.#entryOf = new Int32Array(a.size * b.size);
  }

  reach(x: number, y: number, cost: number, before: number, code: number): void {
    const pair = x * this.#b.size + y;
    const known = (this.#entryOf[pair] ?? 0) - 1;
    if (known >= 0 && (this.#cost[known] ?? 0) <= cost) return;
    const entry = known >= 0 ? known : this.#pair.length;
    this.#entryOf[pair] = entry + 1;
    this.#pair[entry] = pair;
    this.#cost[entry] = cost;
    this.#before[entry] = before;
    this.#code[entry] = code;
    const slot = cost % this.#buckets.length;
    const bucket = this.#buckets[slot];
    if (bucket === undefined) this.#buckets[slot] = [entry];
    else bucket.push(entry);
    this.#waiting += 1;
  }

  run(): string | null {
    for (let cost = 0; this.#waiting > 0; cost += 1) {
      const slot = cost % this.#buckets.length;
      const bucket = this.#buckets[slot] ?? [];
      // Silent steps cost nothing, so the bucket grows while it is read. First come, first left: of equals the first.
      for (let at = 0; at < bucket.length; at += 1) {
        const entry = bucket[at] ?? 0;
        this.#waiting -= 1;
        if (this.#cost[entry] !== cost) continue;
        const pair = this.#pair[entry] ?? 0;
        const x = Math.floor(pair / this.#b.size);
        const y = pair % this.#b.size;
        if (this.#a.accepting[x] && this.#b.accepting[y]) return this.#textOf(entry);
        this.#leave(entry, x, y, cost);
      }
      this.#buckets[slot] = undefined;
    }
    return null;
  }

  #leave(entry: number, x: number, y: number, cost: number): void {
    const leading = this.#a.leading[x] ?? false;
    for (const to of this.#a.silent[x] ?? []) this.reach(to, y, cost, entry, -1);
    for (const to of this.#b.silent[y] ?? []) this.reach(x, to, cost, entry, -1);
    for (const mine of this.#a.moves[x] ?? []) {
      for (const theirs of this.#b.moves[y] ?? []) {
        const code = pickCommon(mine.set, theirs.set, this.#fold);
        if (code >= 0) this.reach(mine.to, theirs.to, cost + costOf(code, leading), entry, code);
      }
    }
  }

  #textOf(last: number): string {
    const codes: number[] = [];
    for (let entry = last; entry >= 0; entry = this.#before[entry] ?? -1) {
      const code = this.#code[entry] ?? -1;
      if (code >= 0) codes.push(code);
    }
    let text = '';
    for (const code of codes.reverse()) text += String.fromCodePoint(code);
    return text;
  }
}
