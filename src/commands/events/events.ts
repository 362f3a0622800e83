import { EVENT_TYPES } from '../../domain/events.js';
import { nearest } from '../../domain/text.js';
import { usage } from '../../errors.js';
import { eventLines } from '../../render/events.js';
import { eventsSince, historyFrom, malformedWarnings } from '../../store/format/history.js';
import type { GitStore } from '../../store/swap/git-store.js';
import type { Context } from '../../workspace/context.js';
import { LISTING_OPTIONS, readListing } from '../input.js';
import type { Input, Success, Verb } from '../verb.js';
import { type EventsPlan, readSince, unknownEvent } from './since.js';

export const events: Verb = {
  options: [
    ...LISTING_OPTIONS,
    ['--type <type>', 'the type of event; such as claim.granted, or a whole kind, such as claim', 'repeatable'],
    ['--follow', 'then print each new one, until interrupted; with --json one object a line'],
    ['--no-fetch', 'do not fetch; use what this clone has'],
  ],
  examples: [
    ['coord events --since 2h --type claim.refused', 'who was refused in the last two hours'],
    ['coord events --follow --json', 'for a program that watches: one event a line'],
    ['coord events --follow --json --since ID', 'the same after a restart, where ID is the last event it saw'],
  ],
  notes: [
    'Events are in the order of the history. Refusals are recorded with the next write of their clone; until then they are',
    'listed last, as pending. --follow records those of this clone at once, and the same refusal again once a minute.',
    'With --follow --json each line is one event, without the envelope that every other output with --json has.',
  ],
  answers: {
    'events?': 'Event[]',
    'limited?': ['boolean', 'whether it ends at the limit, and older ones may be left out'],
    'last?': ['text | null', 'for --since'],
    'compacted?': 'object | null',
  },
  async run(context, input) {
    const plan = readPlan(context, input);
    const store = await context.store();
    if (!input.flag('follow')) return list(context, store, plan);
    const { followEvents } = await import('./follow.js');
    return followEvents(context, store, plan);
  },
};

/** Which events were asked for. @throws CoordError `usage` */
export function readPlan(context: Context, input: Input): EventsPlan {
  const since = input.text('since');
  const { by, limit } = readListing(input);
  const types = input.texts('type').map(checkType);
  return {
    since: since === undefined ? null : readSince(since, context.now()),
    limit,
    wants: (event) =>
      (by === null || event.agent === by) &&
      (types.length === 0 || types.some((type) => event.type === type || event.type.startsWith(`${type}.`))),
    fetch: !input.negated('fetch'),
  };
}

function checkType(type: string): string {
  const known = [...EVENT_TYPES, ...new Set(EVENT_TYPES.map((name) => name.split('.')[0] ?? name))];
  if (known.includes(type)) return type;
  const meant = nearest(type, known);
  const hint = meant === undefined ? `one of: ${known.join(', ')}` : `did you mean ${meant}?`;
  throw usage(`no such type of event: ${JSON.stringify(type)}`, hint);
}

async function list(context: Context, store: GitStore, { since, limit, wants, fetch }: EventsPlan): Promise<Success> {
  // Before the history, so that an event recorded meanwhile is seen in one of them.
  const waiting = store.deferred();
  const tip = (fetch ? null : await store.tip()) ?? (await store.latestTip());
  const read = await eventsSince(historyFrom(context.gitStream, tip), since, { limit, wants });
  if (!read.found) throw unknownEvent(since, waiting, read.compacted);
  const { events: recorded, compacted } = read;
  const known = new Set(recorded.map(({ id }) => id));
  const earliest = since !== null && 'instant' in since ? since.instant : '';
  const pending = waiting
    .filter(({ id, at }) => !known.has(id) && at >= earliest)
    .map((event) => ({ ...event, pending: true as const }));
  const wanted = [...recorded, ...pending].filter(wants);
  const listed = wanted.slice(-limit);
  // Older ones are not looked for: their history may be long, or damaged.
  const limited = wanted.length >= limit;
  const last = recorded.at(-1)?.id ?? (since !== null && 'event' in since ? since.event : null);
  const now = context.now();
  return {
    data: { events: listed, limited, last, compacted },
    text: (style) => eventLines(listed, { limited, compacted }, now, style),
    warnings: malformedWarnings(read.malformed),
  };
}
