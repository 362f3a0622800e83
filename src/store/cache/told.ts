import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** More than an agent can have been left word of. */
const MOST_KEPT = 1000;

/** Which losses an agent has been told of on this host. Deleting it only repeats a notice. */
export class Told {
  private readonly ids: readonly string[];

  constructor(private readonly path: string) {
    this.ids = readIds(path);
  }

  has(id: string): boolean {
    return this.ids.includes(id);
  }

  add(ids: readonly string[]): void {
    if (ids.length === 0) return;
    try {
      mkdirSync(dirname(this.path), { recursive: true });
      writeFileSync(this.path, JSON.stringify([...this.ids, ...ids].slice(-MOST_KEPT)));
    } catch {
      // On a read-only or full disk a notice is told again rather than not at all.
    }
  }
}

function readIds(path: string): readonly string[] {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return Array.isArray(value) ? value.filter((id) => typeof id === 'string') : [];
  } catch {
    return [];
  }
}
