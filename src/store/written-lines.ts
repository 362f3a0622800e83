/** The line that a record was read from, or is to be written as: most claims stay as they are from write to write. */
const LINES = new WeakMap<object, string>();

/** The line of JSON that stands for this very record, if it is known. */
export function lineOf(record: object): string | undefined {
  return LINES.get(record);
}

/**
 * Remembers the line of each record of a document that this program has written, one record a line.
 * @param source `{`, a line for each of `scalars` keys, then each list: its key, its records, its end
 */
export function rememberLines(source: string, scalars: number, lists: readonly (readonly object[])[]): void {
  const lines = source.split('\n');
  let at = 1 + scalars;
  for (const records of lists) {
    for (const record of records) {
      at += 1;
      LINES.set(record, (lines[at] ?? '').replace(/,$/, ''));
    }
    // An empty list stands on the line of its key.
    at += records.length === 0 ? 1 : 2;
  }
}
