import { globOf } from './glob.js';

/**
 * Why a glob is refused, as a clause without a full stop, or null when it can be read: an unclosed `[` or `{`, a range
 * that runs backwards, something not supported, or a limit passed (4096 characters, braces 16 deep, 1000 states).
 */
export function problemOf(text: string): string | null {
  return globOf(text, false).problem ?? globOf(text, true).problem;
}

/**
 * Whether a text has glob syntax: an unescaped `*`, `?`, `[`, or `{` with alternatives. A text that a glob
 * cannot be read from (`src/[ab`) has it too; braces without a comma (`app/{id}`) are plain characters.
 */
export function isGlob(text: string): boolean {
  return text !== '' && globOf(text, false).magic;
}

export interface OverlapOptions {
  /** Compare as on a file system that folds case: both sides as if in small letters. Resources are never folded. */
  readonly foldCase?: boolean;
}
