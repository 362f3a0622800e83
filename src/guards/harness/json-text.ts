/** A value of a JSON text, with its place: `start` is its first character, `end` the one after its last. */
export interface JsonNode {
  readonly start: number;
  readonly end: number;
  /** For an object, its members with the place of each as a whole; for an array, its elements; null for other values. */
  readonly parts: readonly JsonPart[] | null;
}

export interface JsonPart {
  /** null: an element of an array. */
  readonly key: string | null;
  readonly start: number;
  readonly value: JsonNode;
}

/** The places of all values of a text that `JSON.parse` has taken. */
export function placesIn(text: string): JsonNode {
  return new Places(text).value();
}

class Places {
  private at = 0;

  constructor(private readonly text: string) {}

  value(): JsonNode {
    this.skipBlanks();
    const start = this.at;
    const first = this.text[start];
    if (first === '{' || first === '[') {
      this.at += 1;
      const parts = this.parts(first === '{' ? '}' : ']');
      return { start, end: this.at, parts };
    }
    const scalar = /"(?:[^"\\]|\\.)*"|[^\s,\]}]+/y;
    scalar.lastIndex = start;
    this.at += scalar.exec(this.text)?.[0].length ?? 1;
    return { start, end: this.at, parts: null };
  }

  private parts(close: string): JsonPart[] {
    const parts: JsonPart[] = [];
    for (;;) {
      this.skipBlanks();
      if (this.text[this.at] === close) break;
      const start = this.at;
      const key = close === '}' ? this.key() : null;
      const value = this.value();
      parts.push({ key, start, value });
      this.skipBlanks();
      if (this.text[this.at] === ',') this.at += 1;
    }
    this.at += 1;
    return parts;
  }

  private key(): string {
    const { start, end } = this.value();
    this.skipBlanks();
    this.at += 1;
    return JSON.parse(this.text.slice(start, end)) as string;
  }

  private skipBlanks(): void {
    while (/\s/.test(this.text[this.at] ?? '')) this.at += 1;
  }
}

/** The text with one more part at the end of an object (with a key) or an array, written as its neighbours are. */
export function withPart(text: string, container: JsonNode, value: unknown, key?: string): string {
  const parts = container.parts ?? [];
  const inside = text.slice(container.start, container.end);
  const isOneLine = parts.length > 0 ? !inside.includes('\n') : !text.trim().includes('\n') && text.trim() !== inside;
  const name = key === undefined ? '' : `${JSON.stringify(key)}:${isOneLine && !/": /.test(text) ? '' : ' '}`;
  const last = parts.at(-1);
  if (isOneLine) {
    const entry = `${name}${JSON.stringify(value)}`;
    if (!last) return `${text.slice(0, container.start + 1)}${entry}${text.slice(container.end - 1)}`;
    return `${text.slice(0, last.value.end)},${/, /.test(inside) ? ' ' : ''}${entry}${text.slice(last.value.end)}`;
  }
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const unit = /\n([ \t]+)\S/.exec(text)?.[1] ?? '  ';
  const outer = indentAt(text, container.start);
  const indent = last && startsLine(text, last.start) ? indentAt(text, last.start) : `${outer}${unit}`;
  const entry = `${eol}${indent}${name}${JSON.stringify(value, null, unit).replaceAll('\n', `${eol}${indent}`)}`;
  if (!last) {
    return `${text.slice(0, container.start + 1)}${entry}${eol}${outer}${text.slice(container.end - 1)}`;
  }
  return `${text.slice(0, last.value.end)},${entry}${text.slice(last.value.end)}`;
}

/** The text without one part of an object or array. */
export function withoutPart(text: string, container: JsonNode, index: number): string {
  const parts = container.parts ?? [];
  const [before, part, after] = [parts[index - 1], parts[index], parts[index + 1]];
  if (!part) return text;
  if (before) return `${text.slice(0, before.value.end)}${text.slice(part.value.end)}`;
  if (after) return `${text.slice(0, part.start)}${text.slice(after.start)}`;
  return `${text.slice(0, container.start + 1)}${text.slice(container.end - 1)}`;
}

/** The value of a member; of several with one name the last, as `JSON.parse` takes it. */
export function memberOf(node: JsonNode | null, key: string): JsonNode | null {
  return node?.parts?.findLast((part) => part.key === key)?.value ?? null;
}

function indentAt(text: string, at: number): string {
  const lineStart = text.lastIndexOf('\n', at - 1) + 1;
  return /^[ \t]*/.exec(text.slice(lineStart, at))?.[0] ?? '';
}

function startsLine(text: string, at: number): boolean {
  return text.slice(text.lastIndexOf('\n', at - 1) + 1, at).trim() === '';
}
