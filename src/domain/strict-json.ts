/** An unescaped quote before a colon: the end of each key, and now and then the beginning of a text (`": x"`). */
const END_OF_KEY = /(?<!\\)(?:\\\\)*"\s*:/g;
/** A text, with the colon after it where it is a key; or where a record or list begins or ends. */
const MARK = /"([^"\\]*(?:\\.[^"\\]*)*)"\s*(:?)|[{}[\]]/gs;

/**
 * JSON in which no record has a key twice: `JSON.parse` silently keeps the last of them, and a list of claims that stands
 * there a second time, empty, would make all claims forgotten.
 * @throws SyntaxError
 */
export function parseStrictJson(source: string): unknown {
  const { value, twice } = readStrictJson(source);
  const [key] = twice;
  if (key !== undefined) throw new SyntaxError(saidTwice(key));
  return value;
}

/**
 * What a text of JSON says, and each key that a record of it has twice.
 * @throws SyntaxError for what is no JSON, or is nested too deep
 */
export function readStrictJson(source: string): { readonly value: unknown; readonly twice: readonly string[] } {
  const value: unknown = JSON.parse(source);
  if (!nested(value)) throw new SyntaxError(`nested deeper than ${MOST_DEPTH} levels`);
  // There cannot be more keys than this; as a rule there are as many, and nothing has to be read exactly.
  const most = source.match(END_OF_KEY)?.length ?? 0;
  return { value, twice: keysOf(value) === most ? [] : keysTwice(source) };
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

export function saidTwice(key: string): string {
  return `the key ${JSON.stringify(key)} appears twice`;
}

/** The keys that a record of valid JSON has twice, however they are spelled; each once. */
function keysTwice(source: string): string[] {
  const open: Set<string>[] = [];
  const twice = new Set<string>();
  for (const [mark, text = '', colon] of source.matchAll(MARK)) {
    if (mark === '{' || mark === '[') open.push(new Set());
    else if (mark === '}' || mark === ']') open.pop();
    else if (colon === ':') {
      const key = JSON.parse(`"${text}"`) as string;
      if (open.at(-1)?.has(key)) twice.add(key);
      open.at(-1)?.add(key);
    }
  }
  return [...twice];
}
