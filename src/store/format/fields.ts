import { isAgentId } from '../../domain/agents/agents.js';
import { isInstant } from '../../domain/time.js';

/** A document that this program wrote, one record a line. */
class WrittenText {
  private starts: readonly number[] | undefined;

  constructor(private readonly source: string) {}

  /** The lines from one to before another, without the comma and the end of the last. */
  lines(first: number, end: number): string {
    this.starts ??= lineStarts(this.source);
    const to = (this.starts[end] as number) - 1;
    return this.source.slice(this.starts[first], this.source[to - 1] === ',' ? to - 1 : to);
  }
}

interface Place {
  readonly text: WrittenText;
  /** The line of the first record. */
  readonly first: number;
}

/** Where a list of records stands: most claims stay as they are from write to write, and so does their text. */
const PLACES = new WeakMap<readonly object[], Place>();

/**
 * Remembers where the lists of a document stand that this program has written.
 * @param source `{`, a line for each of `scalars` keys, then each list: its key, its records, its end
 */
export function rememberLines(source: string, scalars: number, lists: readonly (readonly object[])[]): void {
  const text = new WrittenText(source);
  let first = 2 + scalars;
  for (const records of lists) {
    PLACES.set(records, { text, first });
    // An empty list stands on the line of its key.
    first += records.length === 0 ? 1 : records.length + 2;
  }
}

/** Whether it is known where a list stands. */
export function isRemembered(records: readonly object[]): boolean {
  return PLACES.has(records);
}

/** The lines of these records; those that stood in the list `before` are taken from its text, a run of them at once. */
export function linesOf<T extends object>(
  records: readonly T[],
  before: readonly T[] | undefined,
  encode: (record: T) => string,
): string {
  const place = before && PLACES.get(before);
  if (!before || !place) return records.map(encode).join(',\n');
  const parts: string[] = [];
  let next = 0;
  for (let at = 0; at < records.length; ) {
    const record = records[at] as T;
    const start = before.indexOf(record, next);
    if (start < 0) {
      parts.push(encode(record));
      at += 1;
      continue;
    }
    next = start;
    while (at < records.length && records[at] === before[next]) {
      at += 1;
      next += 1;
    }
    parts.push(place.text.lines(place.first + start, place.first + next));
  }
  return parts.join(',\n');
}

function lineStarts(source: string): number[] {
  const starts = [0];
  for (let end = source.indexOf('\n'); end >= 0; end = source.indexOf('\n', end + 1)) starts.push(end + 1);
  return starts;
}

/** Says what is wrong with a value, or null when nothing is. */
export type Check = (value: unknown) => string | null;

export const text: Check = (value) => (typeof value === 'string' ? null : 'not a text');
export const agentId: Check = (value) => (typeof value === 'string' && isAgentId(value) ? null : 'not an agent id');
export const instant: Check = (value) => (isInstant(value) ? null : 'not an ISO instant');
export const flag: Check = (value) => (typeof value === 'boolean' ? null : 'not true or false');
export const seconds: Check = (value) =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 ? null : 'not a number of seconds';
export const token: Check = (value) =>
  Number.isSafeInteger(value) && (value as number) >= 0 ? null : 'not a token (a whole number)';
export const wholeNumber: Check = (value) => (Number.isSafeInteger(value) ? null : 'not a whole number');
export const commit: Check = (value) =>
  typeof value === 'string' && /^[0-9a-f]{40}([0-9a-f]{24})?$/.test(value) ? null : 'not a commit id';

/** An id that is also the name of a folder on the branch. */
export const plainName: Check = (value) =>
  typeof value === 'string' && /^[\w-]{1,200}$/.test(value) ? null : 'not an id';

/** A path as a tree of git has it: it leads nowhere else, and never into `.git`. */
export const treePath: Check = (value) =>
  typeof value === 'string' &&
  !value.includes('\0') &&
  value.split('/').every((part) => part !== '' && part !== '.' && part !== '..' && part.toLowerCase() !== '.git')
    ? null
    : 'not a path inside the repository';

export const anyRecord: Check = (value) =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? null : 'not a record';

export function oneOf(...allowed: readonly string[]): Check {
  return (value) => (allowed.includes(value as string) ? null : `not one of ${allowed.join(', ')}`);
}

export function orNull(check: Check): Check {
  return (value) => (value === null ? null : check(value));
}

export function listOf(check: Check): Check {
  return (value) => {
    if (!Array.isArray(value)) return 'not a list';
    for (const item of value) {
      const problem = check(item);
      if (problem) return `has an item that is ${problem}`;
    }
    return null;
  };
}

/** The fields of a record, in the order in which they are written. */
export type Fields<T> = { readonly [K in keyof T]-?: Check };

/** A nested record. */
export function recordOf<T>(fields: Fields<T>): Check {
  return (value) => {
    const problems: string[] = [];
    checkRecord('', value, fields, problems);
    return problems.length === 0 ? null : problems.join(', ');
  };
}

/** Adds a problem for each field that is missing, wrong or unknown, as `path.field: what is wrong`. */
export function checkRecord<T>(path: string, value: unknown, fields: Fields<T>, problems: string[]): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    problems.push(`${path}: not a record`);
    return;
  }
  const record = value as Record<string, unknown>;
  const prefix = path === '' ? '' : `${path}.`;
  for (const name in fields) {
    if (!Object.hasOwn(record, name)) problems.push(`${prefix}${name}: missing`);
    else {
      const problem = fields[name](record[name]);
      if (problem) problems.push(`${prefix}${name}: ${problem}`);
    }
  }
  for (const name of Object.keys(record)) {
    if (!Object.hasOwn(fields, name)) problems.push(`${prefix}${name}: unknown`);
  }
}

/** The record as one line of JSON, keys in the order of the fields. */
export function recordLine<T>(record: T, fields: Fields<T>): string {
  const ordered: Partial<T> = {};
  for (const name in fields) ordered[name] = record[name];
  return JSON.stringify(ordered);
}
