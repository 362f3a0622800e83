import { type Node, parsePattern } from './parse.js';

/** More variants of one pattern than this are not worth printing. */
const MAX_VARIANTS = 8;

/**
 * A pattern as alternatives, each a sequence of segment texts, with `WILD` for `**`. Braces that hold a `/`, or that might
 * make a `**` with what is beside them, are expanded; others stay as written. Null when there are too many variants.
 */
export function variantsOf(text: string): Sequence<string>[] | null {
  const parsed = parsePattern(text, false);
  const flat = parsed.ok ? expand(parsed.nodes, holdsSeparator) : null;
  if (flat === null) return null;
  const variants: Sequence<string>[] = [];
  for (const nodes of flat) {
    const segments = splitSegments(nodes).map((segment) =>
      segment.some(isPlain) ? [segment] : expand(segment, () => true),
    );
    let sequences: Sequence<string>[] = [[]];
    for (const choices of segments) {
      if (choices === null) return null;
      sequences = sequences.flatMap((sequence) => choices.map((choice) => [...sequence, segmentText(choice)]));
      if (sequences.length > MAX_VARIANTS) return null;
    }
    variants.push(...sequences.filter((sequence) => !sequence.includes('')));
  }
  return variants.length > MAX_VARIANTS ? null : variants;
}

/** The braces of one segment expanded in full; null when there are too many. */
export function expandSegment(text: string, fold: boolean): (readonly Node[])[] | null {
  const parsed = parsePattern(text, fold);
  return parsed.ok ? expand(parsed.nodes, () => true) : null;
}

/** A literal segment as a pattern. */
export function escapeSegment(text: string): string {
  return text.replace(/[*?[{\\]/g, '\\$&');
}

/** A segment's text so that it can stand between braces: its own `,` and `}` escaped. */
export function escapeForBraces(text: string): string {
  const parsed = parsePattern(text, false);
  if (!parsed.ok) return text;
  return parsed.nodes.map(({ source }) => (source === ',' || source === '}' ? `\\${source}` : source)).join('');
}

function expand(nodes: readonly Node[], wanted: (node: Node) => boolean): Node[][] | null {
  let sequences: Node[][] = [[]];
  for (const node of nodes) {
    const heads = sequences;
    if (node.kind === 'choice' && wanted(node)) {
      const tails = node.branches.map((branch) => expand(branch, wanted));
      if (tails.includes(null)) return null;
      sequences = tails.flatMap((tail) => (tail ?? []).flatMap((each) => heads.map((head) => [...head, ...each])));
    } else {
      sequences = heads.map((head) => [...head, node]);
    }
    if (sequences.length > MAX_VARIANTS) return null;
  }
  return sequences;
}

function holdsSeparator(node: Node): boolean {
  if (node.kind === 'separator') return true;
  return node.kind === 'choice' && node.branches.some((branch) => branch.some(holdsSeparator));
}

function isPlain(node: Node): boolean {
  return node.kind === 'character';
}

function splitSegments(nodes: readonly Node[]): Node[][] {
  const segments: Node[][] = [[]];
  for (const node of nodes) {
    if (node.kind === 'separator') segments.push([]);
    else segments.at(-1)?.push(node);
  }
  return segments;
}

function segmentText(nodes: readonly Node[]): string | typeof WILD {
  if (nodes.length > 0 && nodes.every(({ kind }) => kind === 'star')) return nodes.length === 2 ? WILD : '*';
  return nodes.map(({ source }) => source).join('');
}

/** Stands for any number of items, zero included. */
export const WILD = Symbol('wild');

export type Sequence<Item> = readonly (Item | typeof WILD)[];

/** More alternatives than this are not readable. */
const MAX_ALTERNATIVES = 8;

export interface Meeting<Item> {
  /** The intersection of two items as alternatives, none when they are disjoint; null when it cannot be told. */
  readonly meet: (a: Item, b: Item) => readonly Item[] | null;
  readonly keyOf: (item: Item) => string;
}

/**
 * The intersection of two sequences with wildcards, as alternatives that are together exactly it. Both globs of segments
 * (wildcard `**`) and segments of characters (wildcard `*`) are such. Null when there are too many to be readable.
 */
export function meetSequences<Item>(
  a: Sequence<Item>,
  b: Sequence<Item>,
  meeting: Meeting<Item>,
): Sequence<Item>[] | null {
  return new Table(a, b, meeting).from(0, 0);
}

/** What is left of two sequences from each pair of places on, worked out once. */
class Table<Item> {
  readonly #a: Sequence<Item>;
  readonly #b: Sequence<Item>;
  readonly #meeting: Meeting<Item>;
  readonly #known = new Map<number, Sequence<Item>[] | null>();

  constructor(a: Sequence<Item>, b: Sequence<Item>, meeting: Meeting<Item>) {
    this.#a = a;
    this.#b = b;
    this.#meeting = meeting;
  }

  from(i: number, j: number): Sequence<Item>[] | null {
    const key = i * (this.#b.length + 1) + j;
    let found = this.#known.get(key);
    if (found === undefined) {
      found = unique(this.#alternatives(i, j), this.#meeting);
      this.#known.set(key, found);
    }
    return found;
  }

  #alternatives(i: number, j: number): Sequence<Item>[] | null {
    const x = this.#a[i];
    const y = this.#b[j];
    if (x === undefined || y === undefined) {
      return onlyWild(this.#a, i) && onlyWild(this.#b, j) ? [[]] : [];
    }
    if (x === WILD && y === WILD) return led([WILD], both(this.from(i + 1, j), this.from(i, j + 1)));
    if (x === WILD) return both(this.from(i + 1, j), led([y], this.from(i, j + 1)));
    if (y === WILD) return both(this.from(i, j + 1), led([x], this.from(i + 1, j)));
    const common = this.#meeting.meet(x, y);
    return common === null ? null : led(common, common.length === 0 ? [] : this.from(i + 1, j + 1));
  }
}

function onlyWild<Item>(sequence: Sequence<Item>, from: number): boolean {
  return sequence.slice(from).every((item) => item === WILD);
}

function both<T>(one: readonly T[] | null, other: readonly T[] | null): T[] | null {
  return one === null || other === null ? null : [...one, ...other];
}

/** Each tail behind each head; two wildcards in a row are one. */
function led<Item>(heads: Sequence<Item>, tails: readonly Sequence<Item>[] | null): Sequence<Item>[] | null {
  if (tails === null) return null;
  return heads.flatMap((head) => tails.map((tail) => (head === WILD && tail[0] === WILD ? tail : [head, ...tail])));
}

function unique<Item>(found: Sequence<Item>[] | null, meeting: Meeting<Item>): Sequence<Item>[] | null {
  if (found === null) return null;
  const byKey = new Map(
    found.map((sequence) => [sequence.map((item) => (item === WILD ? '' : meeting.keyOf(item))).join('\0'), sequence]),
  );
  return byKey.size > MAX_ALTERNATIVES ? null : [...byKey.values()];
}
