/** The newest of many names: what came long ago is forgotten, so that it never grows beyond its bound. */
export class Newest {
  private readonly names = new Set<string>();

  /** @param most so many are remembered */
  constructor(private readonly most: number) {}

  has(name: string): boolean {
    return this.names.has(name);
  }

  add(name: string): void {
    this.names.add(name);
    // A set is in the order in which its members came.
    const [oldest] = this.names;
    if (this.names.size > this.most && oldest !== undefined) this.names.delete(oldest);
  }
}
