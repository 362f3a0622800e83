import { endOfGroup, readWord, type Word } from './words.js';

/** A part of a script, in its order. */
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

interface Lexed {
  readonly tokens: readonly Token[];
  /** The scripts inside of `$(…)`, backquotes and `<(…)`, which the shell runs first. */
  readonly substitutions: readonly string[];
}

const OPERATORS = ['&&', '||', ';;', '|&', ';', '|', '&', '(', ')', '\n'];
const REDIRECTS = ['&>>', '&>', '<<<', '<<-', '<<', '>>', '>|', '>&', '<&', '<>', '>', '<'];
const BLANK = /[ \t\r]/;

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
  private readonly substitutions: (readonly string[])[] = [];
  /** Here-documents whose text begins on the next line. */
  private awaited: { redirect: Redirect; readonly end: string; readonly stripsTabs: boolean }[] = [];

  constructor(
    private readonly script: string,
    private readonly home: string | null,
  ) {}

  run(): Lexed {
    while (this.at < this.script.length) this.step();
    return { tokens: this.tokens, substitutions: this.substitutions.flat() };
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
      if (!redirect.target.quoted) this.substitutions.push(substitutionsIn(redirect.body));
    }
    this.awaited = [];
  }

  private word(): Word {
    const { word, end, substitutions } = readWord(this.script, this.at, this.home);
    this.at = end;
    this.substitutions.push(substitutions);
    return word;
  }
}

/** What the shell would run while it fills in a here-document. */
function substitutionsIn(body: string): readonly string[] {
  return body.includes('$(') || body.includes('`')
    ? readWord(`"${body.replaceAll('"', '')}"`, 0, null).substitutions
    : [];
}
