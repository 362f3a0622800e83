import type { CoordEvent } from '../domain/events.js';
import { lacksBeginnings, metricsOf } from '../domain/metrics.js';
import type { Instant } from '../domain/time.js';
import { usage } from '../errors.js';
import { adviceText, metricsLines } from '../render/metrics.js';
import { openMetrics } from '../render/openmetrics.js';
import { eventsSince, historyFrom } from '../store/history.js';
import { unknownEvent } from './events.js';
import { readSince } from './since.js';
import type { Verb } from './verb.js';

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
    if (input.flag('openmetrics') && context.flags.json) throw usage('--json and --openmetrics exclude each other', 'use one');
  },
};
