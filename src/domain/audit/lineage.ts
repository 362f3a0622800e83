/** A commit with its parents. */
export interface Node {
  readonly id: string;
  readonly parents: readonly string[];
}

/** Which commits of a range contain which, answered from the graph that was read once. */
export class Lineage {
  private readonly place: ReadonlyMap<string, number>;

  /** @param nodes children before parents, as `git log --topo-order` lists them */
  constructor(private readonly nodes: readonly Node[]) {
    this.place = new Map(nodes.map(({ id }, index) => [id, index]));
  }

  has(commit: string): boolean {
    return this.place.has(commit);
  }

  /** The commits of the range that contain a commit which the whole range is made to begin after. */
  containing(base: string): ReadonlySet<string> {
    const found = new Set<string>();
    for (const { id, parents } of this.nodes.toReversed()) {
      if (id === base || parents.some((parent) => parent === base || found.has(parent))) found.add(id);
    }
    return found;
  }

  /**
   * The commits of the range that `to` contains and none of `without` does. All of them must be in the range, or contain
   * nothing of it. Walks no further than the answer does.
   */
  between(to: string, without: readonly string[]): string[] {
    const start = this.place.get(to);
    if (start === undefined) return [];
    const unwanted = new Set(without);
    const open = new Set([to]);
    const found: string[] = [];
    const places = without.flatMap((id) => this.place.get(id) ?? []);
    for (let at = Math.min(start, ...places); open.size > 0 && at < this.nodes.length; at += 1) {
      const { id, parents } = this.nodes[at] as Node;
      const asked = open.delete(id);
      if (!asked && !unwanted.has(id)) continue;
      const inside = parents.filter((parent) => this.place.has(parent));
      if (unwanted.has(id)) for (const parent of inside) unwanted.add(parent);
      else {
        found.push(id);
        for (const parent of inside) open.add(parent);
      }
    }
    return found;
  }
}
