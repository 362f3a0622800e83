import { parsePattern } from './parse.js';
import { type Sequence, WILD } from './sequences.js';
import type { Node } from './syntax.js';

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
