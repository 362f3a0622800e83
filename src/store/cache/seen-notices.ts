import { readCached, writeCached } from '../../git/local-cache.js';

/** More than an agent can have been left word of. */
const MOST_KEPT = 1000;

/** Which notices an agent has seen on this host. Deleting it only repeats a notice. */
export class SeenNotices {
  private readonly ids: readonly string[];

  constructor(private readonly path: string) {
    this.ids =
      readCached(path, ({ ids }) => (Array.isArray(ids) ? ids.filter((id) => typeof id === 'string') : null)) ?? [];
  }

  has(id: string): boolean {
    return this.ids.includes(id);
  }

  add(ids: readonly string[]): void {
    if (ids.length > 0) writeCached(this.path, { ids: [...this.ids, ...ids].slice(-MOST_KEPT) });
  }
}
