import { ANY, type CharSet, DOT, has, intersect, isEmptySet, NOT_DOT, SLASH } from './charset.js';
import { type DraftNfa, type Nfa, trim } from './nfa.js';
import { type Node, parsePattern } from './parse.js';

/** What is known of a pattern without its automaton. */
export interface Glob {
  readonly text: string;
  readonly fold: boolean;
  /** Why the pattern cannot be read, or null. The rest holds only without a problem. */
  readonly problem: string | null;
  /** It has glob syntax, not only plain and escaped characters. */
  readonly magic: boolean;
  /** The literal segments it begins with, unescaped (and folded, with `fold`); every path of it is there or below. */
  readonly prefix: string;
}

/** Up to this length no pattern reaches `MAX_STATES`: a character makes at most one vertex, a vertex 16 states. */
const SURELY_SMALL = 60;

/** More patterns than this are not kept: a process that lives on must not grow with what it is asked. */
const MOST_KEPT = 20_000;

const globs = new Map<string, Glob>();
const automata = new Map<string, Nfa>();

function keep<Value>(known: Map<string, Value>, key: string, value: Value): Value {
  if (known.size >= MOST_KEPT) known.clear();
  known.set(key, value);
  return value;
}

/** The pattern read, from memory when it was read before. */
export function globOf(text: string, fold: boolean): Glob {
  const key = keyOf(text, fold);
  const known = globs.get(key);
  if (known !== undefined) return known;
  const parsed = parsePattern(text, fold);
  const glob: Glob = parsed.ok
    ? {
        text,
        fold,
        problem: sizeProblem(text, fold, parsed.nodes),
        magic: parsed.magic,
        prefix: prefixOf(parsed.nodes),
      }
    : { text, fold, problem: parsed.problem, magic: true, prefix: '' };
  return keep(globs, key, glob);
}

/** The automaton of a glob without a problem. */
export function automatonOf(glob: Glob): Nfa {
  const key = keyOf(glob.text, glob.fold);
  const known = automata.get(key);
  if (known !== undefined) return known;
  const parsed = parsePattern(glob.text, glob.fold);
  const nfa = parsed.ok ? compile(parsed.nodes) : null;
  if (nfa === null) throw new RangeError(`no automaton for ${glob.text}: ${glob.problem}`);
  return keep(automata, key, nfa);
}

function keyOf(text: string, fold: boolean): string {
  return fold ? `i:${text}` : `c:${text}`;
}

function sizeProblem(text: string, fold: boolean, nodes: readonly Node[]): string | null {
  if (text.length <= SURELY_SMALL) return null;
  const nfa = compile(nodes);
  if (nfa === null) return `the pattern needs more than ${MAX_STATES} states, the limit; use several smaller ones`;
  keep(automata, keyOf(text, fold), nfa);
  return null;
}

/** The literal segments that the nodes begin with; a segment that only begins so does not count. */
function prefixOf(nodes: readonly Node[]): string {
  let text = '';
  let complete = -1;
  for (const node of nodes) {
    if (node.kind === 'separator') {
      complete = text.length;
      text += '/';
    } else if (node.kind === 'character' && node.set.single >= 0) {
      text += String.fromCodePoint(node.set.single);
    } else {
      return text.slice(0, Math.max(complete, 0));
    }
  }
  return text;
}

/** The most states an automaton may have before trimming; two of them make at most a million pairs. */
export const MAX_STATES = 1000;

/** How the vertex of a state is being read. */
const Mode = {
  /** At the first token of a segment: a `**` may begin. */
  Opening: 0,
  Within: 1,
  /** Within a `*`; the vertex is the one after it. */
  Star: 2,
  /** One `*` of a `**` is behind. */
  HalfGlobstar: 3,
  Globstar: 4,
  /** Within the segments that a `**` stands for; the vertex is the one after its `/`. */
  Segments: 5,
  /** The same for a `**` at the end of the pattern. */
  Rest: 6,
} as const;

/** What was read of the current segment, so that empty, `.` and `..` segments are left out. */
const Seen = { Nothing: 0, Dot: 1, DotDot: 2, Name: 3, NoPathYet: 4 } as const;

interface Builder {
  readonly graph: TokenGraph;
  readonly draft: DraftNfa;
  readonly ids: Map<number, number>;
  readonly pending: number[];
}

/**
 * The automaton of a pattern, or null when it needs more than `MAX_STATES` states. A token graph read together
 * with the place in the segment: whether `**` fills a whole segment is known only along a path through the braces.
 */
function compile(nodes: readonly Node[]): Nfa | null {
  const builder: Builder = {
    graph: tokenGraph(nodes),
    draft: { silent: [[]], moves: [[]] },
    ids: new Map(),
    pending: [],
  };
  state(builder, builder.graph.start, Mode.Opening, Seen.NoPathYet);
  for (let next = builder.pending.pop(); next !== undefined; next = builder.pending.pop()) {
    if (builder.draft.silent.length > MAX_STATES) return null;
    expand(builder, next);
  }
  return trim(builder.draft);
}

function encode(vertex: number, mode: number, seen: number): number {
  return (vertex * 7 + mode) * 5 + seen;
}

function state(builder: Builder, vertex: number, mode: number, seen: number): number {
  const key = encode(vertex, mode, seen);
  const known = builder.ids.get(key);
  if (known !== undefined) return known;
  const id = builder.draft.silent.length;
  builder.ids.set(key, id);
  builder.draft.silent.push([]);
  builder.draft.moves.push([]);
  builder.pending.push(key);
  return id;
}

function expand(builder: Builder, key: number): void {
  const seen = key % 5;
  const mode = Math.floor(key / 5) % 7;
  const vertex = Math.floor(key / 35);
  const from = builder.ids.get(key) ?? 0;
  if (mode === Mode.Star) expandStar(builder, from, vertex, seen);
  else if (mode === Mode.Segments || mode === Mode.Rest) expandSegments(builder, from, vertex, mode, seen);
  else expandToken(builder, from, vertex, mode, seen);
}

function expandToken(builder: Builder, from: number, vertex: number, mode: number, seen: number): void {
  for (const to of builder.graph.silent[vertex] ?? []) silently(builder, from, state(builder, to, mode, seen));
  const step = builder.graph.steps[vertex];
  if (mode === Mode.HalfGlobstar) {
    if (step?.kind === 'star') silently(builder, from, state(builder, step.to, Mode.Globstar, seen));
  } else if (mode === Mode.Globstar) {
    if (step?.kind === 'separator') silently(builder, from, state(builder, step.to, Mode.Segments, seen));
    if (vertex === builder.graph.end) silently(builder, from, state(builder, vertex, Mode.Rest, seen));
  } else {
    expandText(builder, from, step, mode, seen);
    if (vertex === builder.graph.end && seen === Seen.Name) move(builder, from, SLASH, 0);
  }
}

function expandText(builder: Builder, from: number, step: Step | undefined, mode: number, seen: number): void {
  if (step?.kind === 'character') {
    readName(builder, from, step.set, step.to, Mode.Within, seen);
  } else if (step?.kind === 'separator') {
    if (seen === Seen.Name) move(builder, from, SLASH, state(builder, step.to, Mode.Opening, Seen.Nothing));
  } else if (step?.kind === 'star') {
    silently(builder, from, state(builder, step.to, Mode.Star, seen));
    if (mode === Mode.Opening) silently(builder, from, state(builder, step.to, Mode.HalfGlobstar, seen));
  }
}

function expandStar(builder: Builder, from: number, vertex: number, seen: number): void {
  silently(builder, from, state(builder, vertex, Mode.Within, seen));
  readName(builder, from, ANY, vertex, Mode.Star, seen);
}

function expandSegments(builder: Builder, from: number, vertex: number, mode: number, seen: number): void {
  if (seen === Seen.Nothing || (seen === Seen.NoPathYet && mode === Mode.Segments)) {
    silently(builder, from, mode === Mode.Rest ? 0 : state(builder, vertex, Mode.Opening, seen));
  }
  readName(builder, from, ANY, vertex, mode, seen);
  if (seen === Seen.Name) move(builder, from, SLASH, state(builder, vertex, mode, Seen.Nothing));
}

/** Moves on one character of a segment, keeping count of what the segment is so far. */
function readName(builder: Builder, from: number, set: CharSet, vertex: number, mode: number, seen: number): void {
  if (seen === Seen.Name || seen === Seen.DotDot) {
    move(builder, from, set, state(builder, vertex, mode, Seen.Name));
    return;
  }
  const afterDot = seen === Seen.Dot ? Seen.DotDot : Seen.Dot;
  if (has(set, 0x2e)) move(builder, from, DOT, state(builder, vertex, mode, afterDot));
  if (set !== DOT) move(builder, from, intersect(set, NOT_DOT), state(builder, vertex, mode, Seen.Name));
}

function move(builder: Builder, from: number, set: CharSet, to: number): void {
  if (!isEmptySet(set)) builder.draft.moves[from]?.push({ set, to });
}

function silently(builder: Builder, from: number, to: number): void {
  builder.draft.silent[from]?.push(to);
}

type Step =
  | { readonly kind: 'character'; readonly set: CharSet; readonly to: number }
  | { readonly kind: 'star' | 'separator'; readonly to: number };

/**
 * A pattern as a graph whose edges are its tokens (Thompson's construction, CACM 11(6), 1968), so that braces are
 * shared paths and never expanded. A vertex has one step or any number of silent edges; each step enters a vertex of its own.
 */
interface TokenGraph {
  readonly steps: readonly (Step | undefined)[];
  readonly silent: readonly (readonly number[])[];
  readonly start: number;
  readonly end: number;
}

interface Draft {
  readonly steps: (Step | undefined)[];
  readonly silent: number[][];
}

function tokenGraph(nodes: readonly Node[]): TokenGraph {
  const draft: Draft = { steps: [], silent: [] };
  const start = vertex(draft);
  const end = append(draft, start, nodes);
  return { ...draft, start, end };
}

function vertex(draft: Draft): number {
  draft.steps.push(undefined);
  draft.silent.push([]);
  return draft.steps.length - 1;
}

function append(draft: Draft, start: number, nodes: readonly Node[]): number {
  let from = start;
  for (const node of nodes) {
    const to = vertex(draft);
    if (node.kind === 'choice') {
      for (const branch of node.branches) {
        const first = vertex(draft);
        draft.silent[from]?.push(first);
        draft.silent[append(draft, first, branch)]?.push(to);
      }
    } else {
      draft.steps[from] =
        node.kind === 'character' ? { kind: 'character', set: node.set, to } : { kind: node.kind, to };
    }
    from = to;
  }
  return from;
}

/**
 * Why a glob is refused, as a clause without a full stop, or null when it can be read: an unclosed `[` or `{`, a range
 * that runs backwards, something not supported, or a limit passed (4096 characters, braces 16 deep, 1000 states).
 */
export function problemOf(text: string): string | null {
  return globOf(text, false).problem ?? globOf(text, true).problem;
}

/**
 * Whether a text has glob syntax: an unescaped `*`, `?`, `[`, or `{` with alternatives. A text that a glob
 * cannot be read from (`src/[ab`) has it too; braces without a comma (`app/{id}`) are plain characters.
 */
export function isGlob(text: string): boolean {
  return text !== '' && globOf(text, false).magic;
}

export interface OverlapOptions {
  /** Compare as on a file system that folds case: both sides as if in small letters. Resources are never folded. */
  readonly foldCase?: boolean;
}
