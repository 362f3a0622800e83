import { escapeGlob } from '../../domain/ground/patterns.js';

/** One word of a command line, as far as it can be known without running anything. */
export interface Word {
  /** After quotes and escapes; what a variable or a substitution would give is left out. */
  readonly text: string;
  /** The word as a glob, where it has unquoted wildcards; what was quoted is escaped. */
  readonly pattern: string | null;
  /** Whether a part of it is known to the shell alone: a variable, a substitution. */
  readonly opaque: boolean;
  /** Whether any part was quoted: a quoted word is never a keyword. */
  readonly quoted: boolean;
  /** What it is made of, where variables and what scripts print are all that is not known of it. */
  readonly pieces: readonly Piece[] | null;
}

/** A part of a word: as it stands; a variable, with what stands in its place where it has none; what a script prints. */
export type Piece =
  | { readonly text: string; readonly pattern: string }
  | { readonly variable: string; readonly otherwise: string | null; readonly quoted: boolean }
  | { readonly script: string; readonly quoted: boolean }
  /** `<(…)`: the name of a file from which the output is read. */
  | { readonly outputOf: string };

/** Stands in a word for each of the names that were found at a place of a list; no word of a shell has it. */
export function mark(place: number): string {
  return `\0${place}\0`;
}

/** The place that a text stands for, and nothing else; null: it is a text. */
export function markedPlace(text: string): number | null {
  const place = /^\0(\d+)\0$/.exec(text)?.[1];
  return place === undefined ? null : Number(place);
}

/** Whether the text, or a part of it, stands for names that were found. */
export function isMarked(text: string): boolean {
  return text.includes('\0');
}

/** A word that is known as it stands. */
export function plainWord(text: string): Word {
  return { text, pattern: null, opaque: false, quoted: false, pieces: null };
}

/**
 * The words that a word becomes where its variables are known, since the shell splits what it puts in for one that is not
 * quoted; the word itself where it has none, or an unknown one.
 */
export function expandWord(word: Word, known: Known): readonly Word[] {
  if (word.pieces === null) return [word];
  const fields = [{ text: '', pattern: '' }];
  for (const piece of word.pieces) {
    const inside = fieldsOf(piece, known);
    if (inside === null) return [word];
    const [first, ...more] = inside;
    const last = fields.at(-1);
    if (last && first) {
      last.text += first.text;
      last.pattern += first.pattern;
    }
    fields.push(...more.map((field) => ({ ...field })));
  }
  const words = fields.filter(({ text }) => text !== '' || fields.length === 1);
  return words.map(({ text, pattern }) => {
    const isPattern = WILDCARD.test(pattern.replace(/\\./g, ''));
    return { ...word, text, pattern: isPattern ? pattern : null, opaque: false, pieces: null };
  });
}

/** What is known where a word stands. */
export interface Known {
  readonly variables: ReadonlyMap<string, Word>;
  /** The words that a script prints; null: only the shell knows. */
  printed(script: string): readonly Word[] | null;
}

interface Field {
  readonly text: string;
  readonly pattern: string;
}

/** What the shell puts in for a part of a word; null: it alone knows. */
function fieldsOf(piece: Piece, { variables, printed }: Known): readonly Field[] | null {
  if ('text' in piece) return [piece];
  if ('outputOf' in piece) return null;
  if ('script' in piece) {
    const words = printed(piece.script);
    // In quotes, several names are one word, which names no file.
    if (words === null || (piece.quoted && words.length > 1)) return null;
    return words.map(({ text, pattern }) => ({ text, pattern: pattern ?? escapeGlob(text) }));
  }
  const { variable, otherwise, quoted } = piece;
  const value = variables.get(variable) ?? (otherwise === null ? undefined : plainWord(otherwise));
  if (value === undefined || value.opaque) return null;
  // The names that a pattern stands for, whichever they are.
  if (value.pattern !== null) return [{ text: value.text, pattern: value.pattern }];
  // `"$@"` is as many words as there are.
  if (quoted && variable !== '@') return [{ text: value.text, pattern: escapeGlob(value.text) }];
  return value.text.split(/[ \t\n]+/).map((text) => ({ text, pattern: text }));
}

/** A word that was read, and what stands in it. */
export interface ReadWord {
  readonly word: Word;
  /** The place in the script after it. */
  readonly end: number;
  /** The scripts inside of `$(…)`, backquotes and `<(…)`, which the shell runs first. */
  readonly substitutions: readonly string[];
}

const ENDS_WORD = /[ \t\r\n;|&()<>]/;
const WILDCARD = /[*?[\]{}]/;

/**
 * Reads the word that begins at `start`, without running or expanding anything; an empty one where none begins there.
 * @param home what `~` stands for; null: not known
 */
export function readWord(script: string, start: number, home: string | null): ReadWord {
  return new WordReader(script, start, home).read();
}

class WordReader {
  private at: number;
  private readonly parts = new WordParts();
  private readonly substitutions: string[] = [];

  constructor(
    private readonly script: string,
    private readonly start: number,
    private readonly home: string | null,
  ) {
    this.at = start;
  }

  read(): ReadWord {
    const { parts, substitutions } = this;
    while (this.at < this.script.length) {
      const next = this.script[this.at] ?? '';
      const isSubstitution = (next === '<' || next === '>') && this.script[this.at + 1] === '(';
      if (ENDS_WORD.test(next) && !isSubstitution) break;
      if (isSubstitution) {
        this.at += 1;
        this.parenthesised((outputOf) => ({ outputOf }));
      } else if (next === '~' && this.at === this.start) this.tilde();
      else this.piece(next);
    }
    return { word: parts.word(), end: this.at, substitutions };
  }

  /** `~` and `~/…`; another user's home is not known. */
  private tilde(): void {
    this.at += 1;
    const next = this.script[this.at];
    const isOwn = next === undefined || next === '/' || ENDS_WORD.test(next);
    if (isOwn && this.home !== null) this.parts.literal(this.home);
    else this.parts.unknown();
  }

  private piece(next: string): void {
    if (next === "'") this.singleQuoted();
    else if (next === '"') this.doubleQuoted();
    else if (next === '$') this.dollar();
    else if (next === '`') this.backquoted();
    else if (next === '\\') {
      const escaped = this.script[this.at + 1];
      this.at += 2;
      if (escaped !== undefined && escaped !== '\n') this.parts.literal(escaped);
    } else {
      this.at += 1;
      this.parts.plain(next);
    }
  }

  private singleQuoted(): void {
    const end = this.script.indexOf("'", this.at + 1);
    const stop = end < 0 ? this.script.length : end;
    this.parts.literal(this.script.slice(this.at + 1, stop));
    this.at = stop + 1;
  }

  private doubleQuoted(): void {
    this.parts.literal('');
    this.at += 1;
    while (this.at < this.script.length && this.script[this.at] !== '"') {
      const next = this.script[this.at] ?? '';
      if (next === '$') this.dollar(true);
      else if (next === '`') this.backquoted(true);
      else if (next === '\\' && /[$`"\\\n]/.test(this.script[this.at + 1] ?? '')) {
        const escaped = this.script[this.at + 1] ?? '';
        if (escaped !== '\n') this.parts.literal(escaped);
        this.at += 2;
      } else {
        this.parts.literal(next);
        this.at += 1;
      }
    }
    this.at += 1;
  }

  private dollar(isQuoted = false): void {
    const next = this.script[this.at + 1] ?? '';
    if (next === '(') {
      this.at += 1;
      this.parenthesised((script) => ({ script, quoted: isQuoted }));
    } else if (next === '{') {
      const end = endOfGroup(this.script, this.at + 1, '{', '}');
      this.parts.variable(this.script.slice(this.at + 2, end - 1), isQuoted);
      this.at = end;
    } else if (next === "'" && !isQuoted) this.ansiQuoted();
    else if (next === '"' && !isQuoted) this.at += 1;
    else if (/[A-Za-z0-9_@*#?$!-]/.test(next)) {
      const name = /[A-Za-z_]\w*|[^A-Za-z_]/y;
      name.lastIndex = this.at + 1;
      const found = name.exec(this.script)?.[0] ?? next;
      this.at += 1 + found.length;
      this.parts.variable(found, isQuoted);
    } else {
      this.at += 1;
      this.parts.literal('$');
    }
  }

  /** What `$(…)` and `<(…)` run is read on its own; arithmetic runs nothing. */
  private parenthesised(piece: (script: string) => Piece): void {
    const end = endOfGroup(this.script, this.at, '(', ')');
    const inside = this.script.slice(this.at + 1, end - 1);
    this.at = end;
    if (inside.startsWith('(')) this.parts.unknown();
    else {
      this.substitutions.push(inside);
      this.parts.unknown(piece(inside));
    }
  }

  private backquoted(quoted = false): void {
    let end = this.at + 1;
    while (end < this.script.length && this.script[end] !== '`') end += this.script[end] === '\\' ? 2 : 1;
    const script = this.script.slice(this.at + 1, end).replace(/\\([`$\\])/g, '$1');
    this.substitutions.push(script);
    this.at = end + 1;
    this.parts.unknown({ script, quoted });
  }

  /** `$'…'` */
  private ansiQuoted(): void {
    let end = this.at + 2;
    while (end < this.script.length && this.script[end] !== "'") end += this.script[end] === '\\' ? 2 : 1;
    this.parts.literal(unescapeAnsi(this.script.slice(this.at + 2, end)));
    this.at = end + 1;
  }
}

/** A word that is being read. */
class WordParts {
  private opaque = false;
  private quoted = false;
  private isUnknown = false;
  private hasWildcard = false;
  private readonly pieces: Piece[] = [];
  private readonly texts: string[] = [];
  private readonly patterns: string[] = [];

  plain(character: string): void {
    this.push(character, character);
    if (WILDCARD.test(character)) this.hasWildcard = true;
  }

  literal(text: string): void {
    this.quoted = true;
    this.push(text, escapeGlob(text));
  }

  private push(text: string, pattern: string): void {
    this.texts.push(text);
    this.patterns.push(pattern);
    this.pieces.push({ text, pattern });
  }

  /** What only the shell knows. @param piece what may be found out all the same */
  unknown(piece?: Piece): void {
    this.opaque = true;
    if (piece) this.pieces.push(piece);
    else this.isUnknown = true;
  }

  /** @param name as it stands between the braces of `${…}`, if it has them */
  variable(name: string, quoted: boolean): void {
    const [, variable, otherwise = null] = /^([A-Za-z_]\w*|[0-9@*])(?::?-([\w./-]*))?$/.exec(name) ?? [];
    if (variable === undefined) this.isUnknown = true;
    else this.pieces.push({ variable, otherwise, quoted });
    this.opaque = true;
  }

  word(): Word {
    const pattern = this.hasWildcard ? this.patterns.join('') : null;
    const pieces = this.opaque && !this.isUnknown ? this.pieces : null;
    return { text: this.texts.join(''), pattern, opaque: this.opaque, quoted: this.quoted, pieces };
  }
}

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
function unescapeAnsi(text: string): string {
  return text.replace(
    /\\(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|([0-7]{1,3})|([\s\S]))/g,
    (_, hex, unicode, octal, letter) => {
      if (letter !== undefined) return ANSI[letter] ?? letter;
      return String.fromCharCode(octal === undefined ? Number.parseInt(hex ?? unicode, 16) : Number.parseInt(octal, 8));
    },
  );
}
