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
