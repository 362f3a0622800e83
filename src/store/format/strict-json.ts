/** An unescaped quote before a colon: the end of each key, and now and then the beginning of a text (`": x"`). */
const END_OF_KEY = /(?<!\\)(?:\\\\)*"\s*:/g;
/** A whole text, with the colon after it where it is a key. */
const TEXT = /"[^"\\]*(?:\\.[^"\\]*)*"\s*(:?)/gs;

/**
 * JSON in which no record has a key twice: `JSON.parse` silently keeps the last of them, and a list of claims that stands
 * there a second time, empty, would make all claims forgotten.
 * @throws SyntaxError
 */
export function parseStrictJson(source: string): unknown {
  const value: unknown = JSON.parse(source);
  const keys = nested(value) ? keysOf(value) : Number.NaN;
  if (Number.isNaN(keys)) throw new SyntaxError(`nested deeper than ${MOST_DEPTH} levels`);
  // There cannot be more keys than this; as a rule there are as many, and nothing has to be read exactly.
  const most = source.match(END_OF_KEY)?.length ?? 0;
  if (keys !== most && keys !== keysIn(source)) throw new SyntaxError('a key stands there twice');
  return value;
}

/** How deep the documents of the state may nest; they do not half as much. */
const MOST_DEPTH = 32;

/** Whether a parsed value nests no deeper than that: walks and prints of deeper ones would end the program. */
export function nested(value: unknown, left = MOST_DEPTH): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return left > 0 && Object.values(value).every((inner) => nested(inner, left - 1));
}

/** How many keys all records within have. */
function keysOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let count = Array.isArray(value) ? 0 : Object.keys(value).length;
  for (const inner of Object.values(value)) if (typeof inner === 'object') count += keysOf(inner);
  return count;
}

/** How many keys are written in valid JSON. */
function keysIn(source: string): number {
  let count = 0;
  for (const [, colon] of source.matchAll(TEXT)) if (colon === ':') count += 1;
  return count;
}
