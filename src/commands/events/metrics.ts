import type { CoordEvent } from '../../domain/events.js';
import { metricsOf } from '../../domain/metrics.js';
import { usage } from '../../errors.js';
import { asTyped } from '../../render/command-words.js';
import { adviceText, metricsLines } from '../../render/metrics.js';
import { openMetrics } from '../../render/openmetrics.js';
import { type EventsRead, eventsSince, historyFrom, type Since } from '../../store/history.js';
import type { Verb } from '../verb.js';
import { unknownEvent } from './events.js';
import { readSince } from './since.js';

export const metrics: Verb = {
  options: [
    ['--since <when>', 'only this time: a duration such as 7d, an instant, or the id of an event'],
    ['--openmetrics', 'as OpenMetrics text, which Prometheus reads'],
    ['--no-fetch', 'read what is here'],
  ],
  examples: [
    ['coord metrics --since 7d', 'how the last week went, and which ground was the hottest'],
    ['coord metrics --openmetrics > coord.prom', 'for a collector of text files'],
  ],
  notes: [
    'Percentiles are nearest-rank: the smallest value that at least so many percent of all values do not exceed.',
    'A hold is the time from the grant of a claim to its end, a wait the time in the queue, whatever came of it.',
  ],
  async run(context, input) {
    const asOpenMetrics = input.flag('openmetrics');
    if (asOpenMetrics && context.flags.json) throw usage('--json and --openmetrics exclude each other', 'use one');
    const typed = input.text('since');
    const since = typed === undefined ? null : readSince(typed, context.now());
    const store = await context.store();
    // Refusals that wait to be recorded have happened all the same.
    const waiting = store.deferred();
    const tip = (input.negated('fetch') ? await store.tip() : null) ?? (await store.latestTip());
    // All of it, since what ended in the period may have begun long before.
    const { events: recorded, compacted } = await eventsSince(historyFrom(context.gitStream, tip), null);
    const known = new Set(recorded.map(({ id }) => id));
    const events = [...recorded, ...waiting.filter(({ id }) => !known.has(id))];
    const now = context.now();
    const report = metricsOf(events, inPeriod(events, since, compacted), now);
    if (asOpenMetrics) {
      context.host.stdout.write(openMetrics(report));
      return { data: report, text: () => [], streamed: true };
    }
    const standpoint = { atRoot: context.atRoot, agent: context.flags.agent };
    const contention = report.contention.map((one) => ({
      ...one,
      advice: { ...one.advice, text: asTyped(adviceText(one.target, one.advice), standpoint) },
    }));
    return { data: { ...report, contention }, text: (style) => metricsLines(report, now, style) };
  },
};

/** @throws CoordError `usage` when the event to begin after is unknown. */
function inPeriod(
  events: readonly CoordEvent[],
  since: Since,
  compacted: EventsRead['compacted'],
): (event: CoordEvent) => boolean {
  if (since === null) return () => true;
  if ('instant' in since) return ({ at }) => at >= since.instant;
  const begin = events.findIndex(({ id }) => id === since.event);
  if (begin < 0) throw unknownEvent(since, [], compacted);
  const counted = new Set(events.slice(begin + 1));
  return (event) => counted.has(event);
}
