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
}

export type Token =
  | { readonly kind: 'word'; readonly word: Word }
  /** `&&` `||` `|` `;` `&` `(` `)` or a line end. */
  | { readonly kind: 'operator'; readonly text: string }
  | { readonly kind: 'redirect'; readonly redirect: Redirect };

export interface Redirect {
  /** Without the number of the descriptor: `>` `>>` `>|` `&>` `&>>` `>&` `<>` `<` `<<` `<<<`. */
  readonly operator: string;
  readonly target: Word;
  /** The text of a here-document. */
  body: string | null;
}

export interface Lexed {
  readonly tokens: readonly Token[];
  /** The scripts inside of `$(…)`, backquotes and `<(…)`, which the shell runs first. */
  readonly substitutions: readonly string[];
}

const OPERATORS = ['&&', '||', ';;', '|&', ';', '|', '&', '(', ')', '\n'];
const REDIRECTS = ['&>>', '&>', '<<<', '<<-', '<<', '>>', '>|', '>&', '<&', '<>', '>', '<'];
const BLANK = /[ \t\r]/;
const ENDS_WORD = /[ \t\r\n;|&()<>]/;
const WILDCARD = /[*?[\]{}]/;

/**
 * Splits a script of a POSIX shell or bash into words and operators, without running or expanding anything. Text that no
 * shell would take, such as an open quote, ends where the script ends. Takes time in proportion to the script.
 * @param home what `~` stands for; null: not known
 */
export function lexShell(script: string, home: string | null): Lexed {
  return new Lexer(script, home).run();
}

class Lexer {
  private at = 0;
  private readonly tokens: Token[] = [];
  private readonly substitutions: string[] = [];
  /** Here-documents whose text begins on the next line. */
  private awaited: { redirect: Redirect; readonly end: string; readonly stripsTabs: boolean }[] = [];

  constructor(
    private readonly script: string,
    private readonly home: string | null,
  ) {}

  run(): Lexed {
    while (this.at < this.script.length) this.step();
    return { tokens: this.tokens, substitutions: this.substitutions };
  }

  private step(): void {
    const { script, at } = this;
    const next = script[at] ?? '';
    if (BLANK.test(next)) this.at += 1;
    else if (next === '\\' && script[at + 1] === '\n') this.at += 2;
    else if (next === '#') this.at = this.endOfLine();
    // Arithmetic, in which > is a comparison.
    else if (next === '(' && script[at + 1] === '(') this.at = endOfGroup(script, at, '(', ')');
    else if (!this.redirect() && !this.operator()) this.tokens.push({ kind: 'word', word: this.word() });
  }

  private endOfLine(): number {
    const end = this.script.indexOf('\n', this.at);
    return end < 0 ? this.script.length : end;
  }

  private operator(): boolean {
    const text = OPERATORS.find((operator) => this.script.startsWith(operator, this.at));
    if (text === undefined) return false;
    this.at += text.length;
    this.tokens.push({ kind: 'operator', text });
    if (text === '\n') this.hereDocuments();
    return true;
  }

  private redirect(): boolean {
    const digits = /\d*/y;
    digits.lastIndex = this.at;
    const start = this.at + (digits.exec(this.script)?.[0].length ?? 0);
    const operator = REDIRECTS.find((text) => this.script.startsWith(text, start));
    if (operator === undefined || (operator.startsWith('&') && start > this.at)) return false;
    if (this.script[start + 1] === '(' && operator.length === 1) return false;
    this.at = start + operator.length;
    while (BLANK.test(this.script[this.at] ?? '')) this.at += 1;
    const redirect: Redirect = { operator: operator === '<<-' ? '<<' : operator, target: this.word(), body: null };
    if (operator === '<<' || operator === '<<-') {
      this.awaited.push({ redirect, end: redirect.target.text, stripsTabs: operator === '<<-' });
    }
    this.tokens.push({ kind: 'redirect', redirect });
    return true;
  }

  private hereDocuments(): void {
    for (const { redirect, end, stripsTabs } of this.awaited) {
      const lines: string[] = [];
      while (this.at < this.script.length) {
        const stop = this.endOfLine();
        const raw = this.script.slice(this.at, stop);
        this.at = Math.min(stop + 1, this.script.length);
        const line = stripsTabs ? raw.replace(/^\t+/, '') : raw;
        if (line === end) break;
        lines.push(line);
      }
      redirect.body = lines.map((line) => `${line}\n`).join('');
      if (!redirect.target.quoted) this.substitutions.push(...substitutionsIn(redirect.body));
    }
    this.awaited = [];
  }

  private word(): Word {
    const parts = new WordParts();
    const start = this.at;
    while (this.at < this.script.length) {
      const next = this.script[this.at] ?? '';
      const isSubstitution = (next === '<' || next === '>') && this.script[this.at + 1] === '(';
      if (ENDS_WORD.test(next) && !isSubstitution) break;
      if (isSubstitution) {
        this.at += 1;
        this.parenthesised(parts);
      } else if (next === '~' && this.at === start) this.tilde(parts);
      else this.piece(next, parts);
    }
    return parts.word();
  }

  /** `~` and `~/…`; another user's home is not known. */
  private tilde(parts: WordParts): void {
    this.at += 1;
    const next = this.script[this.at];
    const isOwn = next === undefined || next === '/' || ENDS_WORD.test(next);
    if (isOwn && this.home !== null) parts.literal(this.home);
    else parts.opaque = true;
  }

  private piece(next: string, parts: WordParts): void {
    if (next === "'") this.singleQuoted(parts);
    else if (next === '"') this.doubleQuoted(parts);
    else if (next === '$') this.dollar(parts);
    else if (next === '`') this.backquoted(parts);
    else if (next === '\\') {
      const escaped = this.script[this.at + 1];
      this.at += 2;
      if (escaped !== undefined && escaped !== '\n') parts.literal(escaped);
    } else {
      this.at += 1;
      parts.plain(next);
    }
  }

  private singleQuoted(parts: WordParts): void {
    const end = this.script.indexOf("'", this.at + 1);
    const stop = end < 0 ? this.script.length : end;
    parts.literal(this.script.slice(this.at + 1, stop));
    this.at = stop + 1;
  }

  private doubleQuoted(parts: WordParts): void {
    parts.literal('');
    this.at += 1;
    while (this.at < this.script.length && this.script[this.at] !== '"') {
      const next = this.script[this.at] ?? '';
      if (next === '$') this.dollar(parts, true);
      else if (next === '`') this.backquoted(parts);
      else if (next === '\\' && /[$`"\\\n]/.test(this.script[this.at + 1] ?? '')) {
        const escaped = this.script[this.at + 1] ?? '';
        if (escaped !== '\n') parts.literal(escaped);
        this.at += 2;
      } else {
        parts.literal(next);
        this.at += 1;
      }
    }
    this.at += 1;
  }

  private dollar(parts: WordParts, isQuoted = false): void {
    const next = this.script[this.at + 1] ?? '';
    if (next === '(') {
      this.at += 1;
      this.parenthesised(parts);
    } else if (next === '{') {
      this.at = endOfGroup(this.script, this.at + 1, '{', '}');
      parts.opaque = true;
    } else if (next === "'" && !isQuoted) this.ansiQuoted(parts);
    else if (next === '"' && !isQuoted) this.at += 1;
    else if (/[A-Za-z0-9_@*#?$!-]/.test(next)) {
      const name = /[A-Za-z_]\w*|[^A-Za-z_]/y;
      name.lastIndex = this.at + 1;
      this.at += 1 + (name.exec(this.script)?.[0].length ?? 1);
      parts.opaque = true;
    } else {
      this.at += 1;
      parts.literal('$');
    }
  }

  /** What `$(…)` and `<(…)` run is read on its own; arithmetic runs nothing. */
  private parenthesised(parts: WordParts): void {
    const end = endOfGroup(this.script, this.at, '(', ')');
    const inside = this.script.slice(this.at + 1, end - 1);
    if (!inside.startsWith('(')) this.substitutions.push(inside);
    this.at = end;
    parts.opaque = true;
  }

  private backquoted(parts: WordParts): void {
    let end = this.at + 1;
    while (end < this.script.length && this.script[end] !== '`') end += this.script[end] === '\\' ? 2 : 1;
    this.substitutions.push(this.script.slice(this.at + 1, end).replace(/\\([`$\\])/g, '$1'));
    this.at = end + 1;
    parts.opaque = true;
  }

  /** `$'…'` */
  private ansiQuoted(parts: WordParts): void {
    let end = this.at + 2;
    while (end < this.script.length && this.script[end] !== "'") end += this.script[end] === '\\' ? 2 : 1;
    parts.literal(unescapeAnsi(this.script.slice(this.at + 2, end)));
    this.at = end + 1;
  }
}

/** A word that is being read. */
class WordParts {
  opaque = false;
  private quoted = false;
  private hasWildcard = false;
  private readonly texts: string[] = [];
  private readonly patterns: string[] = [];

  plain(character: string): void {
    this.texts.push(character);
    this.patterns.push(character);
    if (WILDCARD.test(character)) this.hasWildcard = true;
  }

  literal(text: string): void {
    this.quoted = true;
    this.texts.push(text);
    this.patterns.push(text.replace(/[\\*?[\]{}]/g, '\\$&'));
  }

  word(): Word {
    const pattern = this.hasWildcard ? this.patterns.join('') : null;
    return { text: this.texts.join(''), pattern, opaque: this.opaque, quoted: this.quoted };
  }
}

/** The place after the closing sign of the group that opens here; quotes hide signs. */
function endOfGroup(script: string, start: number, open: string, close: string): number {
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

/** What the shell would run while it fills in a here-document. */
function substitutionsIn(body: string): readonly string[] {
  return body.includes('$(') || body.includes('`') ? lexShell(`"${body.replaceAll('"', '')}"`, null).substitutions : [];
}

const ANSI: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', e: '\x1b', a: '\x07', b: '\b', f: '\f' };

function unescapeAnsi(text: string): string {
  return text.replace(
    /\\(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|([0-7]{1,3})|([\s\S]))/g,
    (_, hex, unicode, octal, letter) => {
      if (letter !== undefined) return ANSI[letter] ?? letter;
      return String.fromCharCode(octal === undefined ? Number.parseInt(hex ?? unicode, 16) : Number.parseInt(octal, 8));
    },
  );
}
