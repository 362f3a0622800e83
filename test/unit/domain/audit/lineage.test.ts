import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Lineage, type Node } from '../../../../src/domain/audit/holdings.js';

/** A graph in which each commit's parents come after it. */
const graph = fc
  .array(fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 3 }), { minLength: 1, maxLength: 14 })
  .map((steps) =>
    steps.map(
      (jumps, index): Node => ({ id: `c${index}`, parents: [...new Set(jumps.map((jump) => `c${index + jump}`))] }),
    ),
  );

/** All that a commit contains, followed one by one. */
function contained(nodes: readonly Node[], id: string): Set<string> {
  const found = new Set([id]);
  for (const one of found) for (const parent of nodes.find((node) => node.id === one)?.parents ?? []) found.add(parent);
  return found;
}

it('finds what one commit contains and the others do not', () => {
  fc.assert(
    fc.property(graph, fc.nat(20), fc.array(fc.nat(20), { maxLength: 3 }), (nodes, to, without) => {
      const name = (index: number) => `c${index % (nodes.length + 2)}`;
      const lineage = new Lineage(nodes);
      const inside = nodes.map(({ id }) => id);
      const excluded = without.map(name);
      const minus = new Set(excluded.filter((id) => inside.includes(id)).flatMap((id) => [...contained(nodes, id)]));
      const expected = inside.includes(name(to))
        ? inside.filter((id) => contained(nodes, name(to)).has(id) && !minus.has(id))
        : [];
      expect(lineage.between(name(to), excluded).sort()).toEqual(expected.sort());
    }),
  );
});

it('finds what contains a commit, in the range or just below it', () => {
  fc.assert(
    fc.property(graph, fc.nat(20), (nodes, index) => {
      const base = `c${index % (nodes.length + 6)}`;
      const expected = nodes.filter(({ id }) => contained(nodes, id).has(base)).map(({ id }) => id);
      expect([...new Lineage(nodes).containing(base)].sort()).toEqual(expected.sort());
    }),
  );
});
