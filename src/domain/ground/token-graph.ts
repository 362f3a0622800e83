import type { CharSet } from './charset.js';
import type { Node } from './syntax.js';

export type Step =
  | { readonly kind: 'character'; readonly set: CharSet; readonly to: number }
  | { readonly kind: 'star' | 'separator'; readonly to: number };

/**
 * A pattern as a graph whose edges are its tokens (Thompson's construction, CACM 11(6), 1968), so that braces are
 * shared paths and never expanded. A vertex has one step or any number of silent edges; each step enters a vertex of its own.
 */
export interface TokenGraph {
  readonly steps: readonly (Step | undefined)[];
  readonly silent: readonly (readonly number[])[];
  readonly start: number;
  readonly end: number;
}

interface Draft {
  readonly steps: (Step | undefined)[];
  readonly silent: number[][];
}

export function tokenGraph(nodes: readonly Node[]): TokenGraph {
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
