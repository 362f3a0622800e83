import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readCached, writeCached } from '../../git/local-cache.js';

/** Older ones are forgotten first. */
const MOST_KEPT = 1_000;

/**
 * In which worktrees of this clone each claim was made or asked for again: a file a claim. It is looked there for work that no
 * commit holds; without the file, only where the command runs.
 */
export class ClaimPlaces {
  constructor(private readonly folder: string) {}

  /** Roots of worktrees; some may be gone. */
  of(claim: string): readonly string[] {
    return (
      readCached(this.pathOf(claim), ({ roots }) =>
        Array.isArray(roots) ? roots.filter((root) => typeof root === 'string') : null,
      ) ?? []
    );
  }

  add(claim: string, root: string): void {
    const known = this.of(claim);
    if (known.includes(root)) return;
    if (known.length === 0) this.forgetOldest();
    writeCached(this.pathOf(claim), { roots: [...known, root] });
  }

  private pathOf(claim: string): string {
    return join(this.folder, `${claim}.json`);
  }

  private forgetOldest(): void {
    try {
      mkdirSync(this.folder, { recursive: true });
      const names = readdirSync(this.folder);
      if (names.length < MOST_KEPT) return;
      const ages = names.map((name) => ({ name, at: statSync(join(this.folder, name)).mtimeMs }));
      for (const { name } of ages.sort((a, b) => a.at - b.at).slice(0, MOST_KEPT / 2)) {
        rmSync(join(this.folder, name), { force: true });
      }
    } catch {
      // Another command may be at it.
    }
  }
}
