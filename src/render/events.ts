import type { Compacted, CoordEvent } from '../domain/events.js';
import { coord } from '../domain/suggestion.js';
import { oneLine, plural, said } from '../domain/text.js';
import { epochMs, formatDuration, type Instant } from '../domain/time.js';
import { clock, shortCommit } from './format.js';
import type { Style } from './style.js';

/** An event that is not in the history yet. */
export type ListedEvent = CoordEvent & { readonly pending?: true };

const TYPE_WIDTH = 'deadlock.prevented'.length;
const AGENT_WIDTH = 8;

export function eventLines(
  events: readonly ListedEvent[],
  { limited, compacted: gone }: { readonly limited: boolean; readonly compacted: Compacted | null },
  now: Instant,
  style: Style,
): string[] {
  const before = limited
    ? [style.dim(`older events: ${coord('events --all')}`)]
    : gone
      ? [style.dim(`${plural(gone.commits, 'commit')} up to ${clock(gone.to, now)}: compacted`)]
      : [];
  return [...before, ...(events.length === 0 ? ['no events'] : events.map((event) => eventLine(event, now, style)))];
}

/** When, what, who, and the facts of it. */
export function eventLine(event: ListedEvent, now: Instant, style: Style): string {
  const seconds = String(new Date(epochMs(event.at)).getSeconds()).padStart(2, '0');
  const when = style.dim(`${clock(event.at, now)}:${seconds}`);
  const what = oneLine(event.type).padEnd(TYPE_WIDTH);
  const facts = factsOf(event, now).join(' · ');
  const pending = event.pending ? style.warn(' (not recorded yet)') : '';
  return `${when}  ${what}  ${oneLine(event.agent).padEnd(AGENT_WIDTH)}  ${facts}${pending}`.trimEnd();
}

type Say = (value: unknown, now: Instant) => string | null;

const text: Say = (value) => (typeof value === 'string' && value !== '' ? oneLine(value) : null);
const list: Say = (value) => (Array.isArray(value) && value.length > 0 ? oneLine(value.join(' ')) : null);
const after =
  (word: string, say: Say): Say =>
  (value, now) => {
    const said = say(value, now);
    return said === null ? null : `${word} ${said}`;
  };
const count: Say = (value) => (typeof value === 'number' && value > 1 ? `${value} times` : null);
const number: Say = (value) => (typeof value === 'number' ? String(value) : null);
const duration: Say = (value) => (typeof value === 'number' ? formatDuration(value) : null);
const instant: Say = (value, now) =>
  typeof value === 'string' && !Number.isNaN(epochMs(value)) ? clock(value, now) : null;
const commit: Say = (value) => (typeof value === 'string' ? shortCommit(oneLine(value)) : null);
const quoted: Say = (value) => (typeof value === 'string' ? said(value) : null);

/** The facts that are said, in this order, and how. */
const FACTS: readonly (readonly [name: string, say: Say])[] = [
  ['target', text],
  ['task', text],
  ['targets', list],
  ['token', after('token', number)],
  ['mode', (value) => (value === 'shared' ? 'shared' : null)],
  ['expiresAt', after('until', instant)],
  ['from', after('from', text)],
  ['to', after('to', text)],
  ['by', after('by', text)],
  ['holders', after('held by', list)],
  ['outcome', text],
  ['waitedSeconds', after('after', duration)],
  ['commit', after('at', commit)],
  ['role', after('as', text)],
  ['submission', text],
  ['author', after('of', text)],
  ['note', text],
  ['kind', text],
  ['deploy', text],
  ['step', text],
  ['gate', after('gate', text)],
  ['open', (value) => (value === true ? 'open' : value === false ? 'closed' : null)],
  ['finding', text],
  ['exit', after('exit', number)],
  ['why', text],
  ['code', text],
  ['reason', quoted],
  ['count', count],
];

/** The facts of an event in words, each on its own. */
export function factsOf(event: CoordEvent, now: Instant): string[] {
  return FACTS.flatMap(([name, say]) => {
    // The kind of a target is told by how it is written; a refusal's reason is a word of ours, and often its code.
    if (name === 'kind' && event.type.startsWith('claim.')) return [];
    // What the whole deploy has in common stands where it begins and ends.
    if ((name === 'token' || name === 'commit') && event.type === 'deploy.checked') return [];
    if (name === 'reason' && 'code' in event) return event.reason === event.code ? [] : (text(event.reason, now) ?? []);
    return say(event[name], now) ?? [];
  });
}
