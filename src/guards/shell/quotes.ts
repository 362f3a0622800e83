/** The place after the closing sign of the group that opens here; quotes hide signs. */
export function endOfGroup(script: string, start: number, open: string, close: string): number {
  let depth = 0;
  for (let at = start; at < script.length; at += 1) {
    const next = script[at];
    if (next === '\\') at += 1;
    else if (next === "'" || next === '"') at = endOfQuote(script, at);
    else if (next === open) depth += 1;
    else if (next === close) {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return script.length;
}

function endOfQuote(script: string, start: number): number {
  const quote = script[start];
  for (let at = start + 1; at < script.length; at += 1) {
    if (script[at] === quote) return at;
    if (script[at] === '\\' && quote === '"') at += 1;
  }
  return script.length;
}

const ANSI: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', e: '\x1b', a: '\x07', b: '\b', f: '\f' };

/** What stands between the quotes of `$'…'`, with its escapes resolved. */
export function unescapeAnsi(text: string): string {
  return text.replace(
    /\\(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|([0-7]{1,3})|([\s\S]))/g,
    (_, hex, unicode, octal, letter) => {
      if (letter !== undefined) return ANSI[letter] ?? letter;
      return String.fromCharCode(octal === undefined ? Number.parseInt(hex ?? unicode, 16) : Number.parseInt(octal, 8));
    },
  );
}
