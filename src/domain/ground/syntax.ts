import type { CharSet } from './charset.js';

/** A pattern read: a sequence of nodes. `source` is the text a node was read from, for printing. */
export type Node =
  | { readonly kind: 'character'; readonly set: CharSet; readonly source: string }
  | { readonly kind: 'star'; readonly source: string }
  | { readonly kind: 'separator'; readonly source: string }
  | { readonly kind: 'choice'; readonly branches: readonly (readonly Node[])[]; readonly source: string };

export type Parsed =
  | { readonly ok: true; readonly nodes: readonly Node[]; readonly magic: boolean }
  | { readonly ok: false; readonly problem: string };

/** The most characters (UTF-16 units) of a pattern. */
export const MAX_LENGTH = 4096;
/** How deep braces may nest. */
export const MAX_DEPTH = 16;

/** Where a parser stands. `problem` is set once, by the first thing found wrong. */
export interface Cursor {
  readonly text: string;
  readonly fold: boolean;
  at: number;
  /** Something but plain and escaped characters was met. */
  magic: boolean;
  problem: string | null;
}

export function fail(cursor: Cursor, problem: string): null {
  cursor.problem ??= problem;
  return null;
}

/** Takes one code point, or the one after a backslash; null at the end of the text. */
export function takeCharacter(cursor: Cursor): number | null {
  if (cursor.text[cursor.at] === '\\') {
    cursor.at += 1;
    if (cursor.at >= cursor.text.length) return fail(cursor, "a lone '\\' at the end; write '\\\\' for a backslash");
  }
  const code = cursor.text.codePointAt(cursor.at);
  if (code === undefined) return null;
  cursor.at += code > 0xffff ? 2 : 1;
  return code;
}
