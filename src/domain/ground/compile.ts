import { ANY, type CharSet, DOT, has, intersect, isEmptySet, NOT_DOT, SLASH } from './charset.js';
import { type DraftNfa, type Nfa, trim } from './nfa.js';
import type { Node } from './syntax.js';
import { type Step, type TokenGraph, tokenGraph } from './token-graph.js';

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
export function compile(nodes: readonly Node[]): Nfa | null {
  const builder: Builder = {
    graph: tokenGraph(nodes),
    draft: { silent: [[]], moves: [[]], leading: [false] },
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
  builder.draft.leading.push(seen === Seen.Nothing || seen === Seen.NoPathYet);
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
