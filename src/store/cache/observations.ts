import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { renewalKey } from '../../domain/claims/leases.js';
import type { Claim } from '../../domain/model.js';
import { type Instant, isInstant, secondsBetween } from '../../domain/time.js';
import { readCached, writeCached } from '../../git/local-cache.js';

/** A clock that only goes forward and that nobody can set. */
export interface MonotonicClock {
  /** Names the boot that the clock counts from; null where that cannot be told. */
  readonly boot: string | null;
  /** Seconds since then. */
  seconds(): number;
}

interface Record {
  readonly boot: string | null;
  /** When each renewal was first seen, in seconds of that boot. */
  readonly seen: Readonly<{ [renewal: string]: number }>;
}

const NOTHING: Record = { boot: null, seen: {} };

/** Since when this clone has seen each claim unrenewed, across commands. Deleting it starts the watch again. */
export class Observations {
  constructor(
    private readonly path: string,
    private readonly clock: MonotonicClock,
  ) {}

  /** Notes what is new, and returns for how many seconds each claim has been watched. */
  watch(claims: readonly Claim[]): Readonly<{ [renewal: string]: number }> {
    const { boot } = this.clock;
    // Without a name for the boot, two readings of the clock cannot be compared.
    if (boot === null) return {};
    const now = this.clock.seconds();
    const before = this.read();
    const known = before.boot === boot ? before.seen : {};
    const keys = claims.map(renewalKey);
    const seen = Object.fromEntries(keys.map((key) => [key, known[key] ?? now]));
    const changed = keys.some((key) => known[key] === undefined) || Object.keys(known).length !== keys.length;
    if (changed) writeCached(this.path, { boot, seen });
    return Object.fromEntries(keys.map((key) => [key, now - (seen[key] ?? now)]));
  }

  private read(): Record {
    const read = ({ boot, seen }: { boot?: unknown; seen?: unknown }) =>
      typeof boot === 'string' && typeof seen === 'object' && seen !== null
        ? { boot, seen: seen as Record['seen'] }
        : null;
    return readCached(this.path, read) ?? NOTHING;
  }
}

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

/** When something happened last in this clone, across commands. Deleting it makes that unknown. */
export class LastTime {
  constructor(private readonly path: string) {}

  /** null: not known. */
  read(): Instant | null {
    return readCached(this.path, ({ at }) => (isInstant(at) ? at : null));
  }

  isWithin(seconds: number, now: Instant): boolean {
    const at = this.read();
    return at !== null && Math.abs(secondsBetween(at, now)) < seconds;
  }

  record(at: Instant): void {
    writeCached(this.path, { at });
  }

  forget(): void {
    rmSync(this.path, { force: true });
  }
}

/** When this clone last had a remote's answer about its state ref. Deleting it only makes that unknown. */
export function remoteContact(localDirectory: string, remote: string, ref: string): LastTime {
  return new LastTime(join(localDirectory, `contact-${encodeURIComponent(`${remote} ${ref}`)}.json`));
}

/** Older ones are forgotten first. */
const MOST_PLACES = 1_000;

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
      if (names.length < MOST_PLACES) return;
      const ages = names.map((name) => ({ name, at: statSync(join(this.folder, name)).mtimeMs }));
      for (const { name } of ages.sort((a, b) => a.at - b.at).slice(0, MOST_PLACES / 2)) {
        rmSync(join(this.folder, name), { force: true });
      }
    } catch {
      // Another command may be at it.
    }
  }
}
