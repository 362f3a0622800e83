import { type Compacted, type CoordEvent, isDeferredEvent } from '../../domain/events.js';
import { nested } from '../../domain/strict-json.js';
import { plural } from '../../domain/text.js';
import { type Instant, instantOf, isInstant } from '../../domain/time.js';
import { type GitStream, tooLarge } from '../../git/run.js';
import { compactedIn } from '../upkeep/compact.js';
import { parseEvent } from './commits.js';

/** The message of one commit, with all its events, is shorter. */
const MOST_MESSAGE_BYTES = 64 * 1024 * 1024;
/** Clocks differ from host to host, so one old stamp says little; this many in a row end a search. */
const OLD_IN_A_ROW = 100;

/** A commit of the state ref, as the history tells it. */
export interface HistoryCommit {
  readonly id: string;
  /** By the clock of its writer, to the second. */
  readonly at: Instant;
  readonly events: readonly CoordEvent[];
  /** Lines that look like an event and are none; they are passed over. */
  readonly malformed: number;
  /** At the root of a compacted history, what it stands for. */
  readonly compacted: Compacted | null;
}

/**
 * The first-parent history of the state ref from a commit on, newest first, through one git process that runs
 * no further than it is read.
 * @throws CoordError `corrupt` for a message or an event beyond all bounds.
 */
export async function* historyFrom(gitStream: GitStream, tip: string): AsyncGenerator<HistoryCommit> {
  const args = ['rev-list', '--first-parent', '--encoding=UTF-8', '--format=%ct%n%B%x00', tip, '--'];
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of gitStream(args)) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    if (rest.length > MOST_MESSAGE_BYTES && rest.indexOf(0) < 0) throw tooLarge('the message of a commit');
    for (let end = rest.indexOf(0); end >= 0; end = rest.indexOf(0)) {
      yield parseRecord(rest.toString('utf8', 0, end));
      rest = rest.subarray(end + 1);
    }
  }
}

/** `commit ID`, the committer's seconds since the epoch, then the message. */
function parseRecord(record: string): HistoryCommit {
  const [head = '', seconds = '', ...lines] = record.trimStart().split('\n');
  const id = head.slice('commit '.length);
  const written = lines.filter((line) => line.startsWith('{'));
  const events = written.flatMap((line) => readEvent(line, id) ?? []);
  const malformed = written.length - events.length;
  return { id, at: instantOf(Number(seconds) * 1000), events, malformed, compacted: compactedIn(lines.join('\n')) };
}

function readEvent(line: string, commit: string): CoordEvent | null {
  const event = parseEvent(line);
  if (event !== null && !nested(event)) throw tooLarge(`an event of commit ${commit}`);
  return event !== null && isInstant(event.at) && typeof event.agent === 'string' ? event : null;
}

/** Up to where the history is wanted; `event` is exclusive, `instant` inclusive, null is its beginning. */
export type Since = { readonly event: string } | { readonly instant: Instant } | null;

export interface EventsRead {
  /** In the order in which they were recorded, each once. */
  readonly events: readonly CoordEvent[];
  /** False when the event to begin after is not in the history. */
  readonly found: boolean;
  /** What is gone from the beginning of the history, where that was reached; null when nothing is. */
  readonly compacted: Compacted | null;
  /** Commits with lines that are no events, newest first. */
  readonly malformed: readonly HistoryCommit[];
}

/** Says of a history with lines that are no events how many, and where the newest stand; nothing of any other. */
export function malformedWarnings(history: readonly Pick<HistoryCommit, 'id' | 'malformed'>[]): string[] {
  const [first] = history;
  if (first === undefined) return [];
  const count = history.reduce((sum, { malformed }) => sum + malformed, 0);
  return [`${plural(count, 'line')} of the history is not an event, and was skipped: git show --stat ${first.id}`];
}

/** What makes a search of the history end early. */
export interface Enough {
  readonly limit: number;
  /** Only these count. */
  readonly wants: (event: CoordEvent) => boolean;
}

/** The events since a point in the history, read no further back than must be. */
export async function eventsSince(
  history: AsyncIterable<HistoryCommit>,
  since: Since,
  { limit, wants }: Enough = { limit: Number.POSITIVE_INFINITY, wants: () => true },
): Promise<EventsRead> {
  if (since !== null && 'event' in since) return eventsAfter(history, since.event);
  const newestFirst: CoordEvent[] = [];
  const counted = new Set<string>();
  const isOld = oldInARow(since?.instant ?? '');
  let compacted: Compacted | null = null;
  const malformed: HistoryCommit[] = [];
  for await (const commit of history) {
    newestFirst.push(...commit.events.toReversed());
    compacted = commit.compacted;
    if (commit.malformed > 0) malformed.push(commit);
    for (const event of commit.events) if (wants(event)) counted.add(event.id);
    if (isOld(commit) || counted.size >= limit) break;
  }
  const events = eachOnce(newestFirst.reverse()).filter(({ at }) => at >= (since?.instant ?? ''));
  return { events, found: true, compacted, malformed };
}

/**
 * A refusal may be recorded twice, when a writer died between recording it and taking it off its list. Its first record
 * counts, so the search goes on beyond the event for as long as one could be there: no earlier than it happened.
 */
async function eventsAfter(history: AsyncIterable<HistoryCommit>, id: string): Promise<EventsRead> {
  const newestFirst: CoordEvent[] = [];
  let isOld: ((commit: HistoryCommit) => boolean) | null = null;
  let compacted: Compacted | null = null;
  const malformed: HistoryCommit[] = [];
  for await (const commit of history) {
    newestFirst.push(...commit.events.toReversed());
    compacted = commit.compacted;
    if (commit.malformed > 0) malformed.push(commit);
    if (isOld === null && commit.events.some((event) => event.id === id)) {
      const doubtful = newestFirst.filter((event) => isDeferredEvent(event)).map(({ at }) => at);
      const [earliest] = doubtful.sort();
      if (earliest === undefined || earliest > endOf(commit)) break;
      isOld = oldInARow(earliest);
    } else if (isOld?.(commit)) break;
  }
  const events = eachOnce(newestFirst.reverse());
  const index = events.findIndex((event) => event.id === id);
  return { events: events.slice(index + 1), found: index >= 0, compacted, malformed };
}

/** Tells when so many commits in a row were older than an instant that there is none newer behind them. */
function oldInARow(instant: Instant): (commit: HistoryCommit) => boolean {
  let count = 0;
  return (commit) => {
    count = endOf(commit) < instant ? count + 1 : 0;
    return count >= OLD_IN_A_ROW;
  };
}

/** The last millisecond of the second in which the commit was made. */
function endOf({ at }: HistoryCommit): Instant {
  return at.replace('.000Z', '.999Z');
}

/** Keeps the first of each id. */
function eachOnce(events: readonly CoordEvent[]): CoordEvent[] {
  const byId = new Map<string, CoordEvent>();
  for (const event of events) if (!byId.has(event.id)) byId.set(event.id, event);
  return [...byId.values()];
}
