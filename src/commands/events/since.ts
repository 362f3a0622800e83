import { addSeconds, epochMs, type Instant, instantOf, parseDuration } from '../../domain/time.js';
import { usage } from '../../errors.js';
import type { Since } from '../../store/history.js';

/** What `--since` means: so long ago, an instant, or else the id of an event. @throws CoordError `usage` */
export function readSince(text: string, now: Instant): NonNullable<Since> {
  const seconds = parseDuration(text);
  if (seconds !== null) return { instant: addSeconds(now, -seconds) };
  if (!/^\d{4}-/.test(text)) return { event: text };
  if (!Number.isNaN(epochMs(text))) return { instant: instantOf(epochMs(text)) };
  throw usage(`not an instant: ${JSON.stringify(text)}`, 'for example 2026-11-21T14:02:00Z, or a duration: 2h');
}
