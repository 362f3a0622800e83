import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CoordEvent } from '../../domain/events.js';
import { fingerprint } from '../../domain/text.js';
import { namesIn } from '../../git/if-there.js';
import { parseEvent } from '../format/commits.js';

const MOST_KEPT = 500;

/**
 * Refusals on their way into the history: one file each, until the next commit carries them. The same agent refused
 * the same thing for the same reason takes the place of its earlier refusal and counts it, so that polling stays one record.
 */
export class Outbox {
  constructor(private readonly directory: string) {}

  /** Best effort: a refusal stands whether or not it could be recorded. */
  add(event: CoordEvent): void {
    try {
      mkdirSync(this.directory, { recursive: true });
      if (readdirSync(this.directory).length >= MOST_KEPT) return;
      const path = join(this.directory, fileNameOf(event));
      const earlier = readEvent(path);
      const count = typeof earlier?.count === 'number' ? earlier.count + 1 : 1;
      const temporary = `${path}.${event.id}.tmp`;
      writeFileSync(temporary, JSON.stringify({ ...event, firstAt: earlier?.firstAt ?? event.at, count }));
      renameSync(temporary, path);
    } catch {
      // A read-only or full disk must not turn a refusal into a fault.
    }
  }

  /** The waiting events, oldest first. */
  list(): CoordEvent[] {
    const events = namesIn(this.directory)
      .filter((name) => name.endsWith('.json'))
      .flatMap((name) => readEvent(join(this.directory, name)) ?? []);
    return events.sort((a, b) => (a.at < b.at ? -1 : 1));
  }

  /** Removes these events, unless a newer refusal has taken the place of one. */
  remove(events: readonly CoordEvent[]): void {
    for (const event of events) {
      const path = join(this.directory, fileNameOf(event));
      if (readEvent(path)?.id === event.id) rmSync(path, { force: true });
    }
  }
}

function fileNameOf({ agent, type, reason, heldBy, targets, target, step, gate, hook, commit }: CoordEvent): string {
  const what = JSON.stringify([type, reason, heldBy, targets, target, step, gate, hook, commit]);
  return `${agent}-${fingerprint(what)}.json`;
}

function readEvent(path: string): CoordEvent | null {
  try {
    return parseEvent(readFileSync(path, 'utf8'));
  } catch {
    return null;
  }
}
