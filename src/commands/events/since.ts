import type { CoordEvent } from '../../domain/events.js';
import { coord } from '../../domain/suggestion.js';
import { addSeconds, epochMs, type Instant, instantOf, parseDuration } from '../../domain/time.js';
import { CoordError, usage } from '../../errors.js';
import type { EventsRead, Since } from '../../store/format/history.js';

/** Which events were asked for. */
export interface EventsPlan {
  readonly since: Since;
  readonly limit: number;
  readonly wants: (event: CoordEvent) => boolean;
  /** Whether the remote is asked. */
  readonly fetch: boolean;
}

/** @returns the error for an event to begin after that the history does not have. */
export function unknownEvent(
  since: Since,
  waiting: readonly CoordEvent[],
  compacted: EventsRead['compacted'],
): CoordError {
  const id = since !== null && 'event' in since ? since.event : '';
  if (waiting.some((event) => event.id === id)) {
    return new CoordError('usage', `the event ${id} is not recorded yet`, {
      hint: 'start after an event that is not pending',
    });
  }
  if (compacted) {
    return usage(
      `no such event: ${JSON.stringify(id)}; those up to ${compacted.to} were compacted`,
      `start with what is left: --since ${compacted.to}`,
    );
  }
  return usage(
    `no such event: ${JSON.stringify(id)}`,
    `${coord('events')} prints them; --since also takes 2h, or an instant`,
  );
}

/** What `--since` means: so long ago, an instant, or else the id of an event. @throws CoordError `usage` */
export function readSince(text: string, now: Instant): NonNullable<Since> {
  const seconds = parseDuration(text);
  if (seconds !== null) return { instant: addSeconds(now, -seconds) };
  if (!/^\d{4}-/.test(text)) return { event: text };
  if (!Number.isNaN(epochMs(text))) return { instant: instantOf(epochMs(text)) };
  throw usage(`not an instant: ${JSON.stringify(text)}`, 'for example 2026-11-21T14:02:00Z, or a duration: 2h');
}
