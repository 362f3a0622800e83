import { resolve } from 'node:path';
import {
  addWrite,
  type CommandInput,
  enter,
  NO_INPUT,
  noFindings,
  noteAssignment,
  type Scope,
  type ShellFindings,
} from './findings.js';
import { lexShell, type Redirect, type Token } from './lex.js';
import { readArguments } from './options.js';
import { argumentsOf, coordWords, examine } from './programs.js';
import { namesRead, printedNames } from './search.js';
import { expandWord, isMarked, type Known, plainWord, type Word } from './words.js';

/** Scripts within scripts are read this deep. */
const DEEPEST = 8;
/** So many words and operators of loops are read again, for what they go through; beyond, that is not known. */
const MOST_REPEATED = 20_000;
/** Words that stand before a command, and are none. */
const KEYWORDS = new Set(['if', 'then', 'elif', 'else', 'fi', 'while', 'until', 'do', 'done', 'esac', '!', '{', '}']);
const WRITING = new Set(['>', '>>', '>|', '&>', '&>>', '<>']);
const ASSIGNMENT = /^([A-Za-z_]\w*)\+?=/;

export interface Shell {
  /** Where the script starts, absolute. */
  readonly directory: string;
  /** What `~` stands for; null: not known. */
  readonly home: string | null;
  /** The root of the worktree that a directory is in; null: of none. */
  readonly rootOf?: (directory: string) => string | null;
  /** The aliases of git that are configured. */
  readonly aliases?: ReadonlyMap<string, string>;
}

/**
 * Finds what a shell script would write, as far as that can be recognised from its text: redirections, the usual programs
 * that change files, and commands of git, also behind `cd`, `&&`, `env`, `sudo`, `xargs` and `bash -c`. It runs and
 * expands nothing but variables that it has seen set to plain words, and what a few commands print that list files. What other
 * variables, scripts and interpreters do it does not see, and says nothing of it.
 */
export function readShell(script: string, shell: Shell): ShellFindings {
  const { directory, home, rootOf = () => null, aliases = [] } = shell;
  const findings = noFindings();
  const variables = new Map([['PWD', plainWord(directory)]]);
  if (home !== null) variables.set('HOME', plainWord(home));
  const budget = { repeated: MOST_REPEATED };
  const known = { rootOf, aliases: new Map(aliases), found: [] };
  readScript(script, { directory, home, findings, depth: 0, variables, budget, claimed: [], piped: null, ...known });
  // Each place is looked at on the disk.
  const writes = new Map(findings.writes.map((write) => [JSON.stringify(write), write]));
  return { ...findings, writes: [...writes.values()] };
}

/** Reads a script within a script. */
function readScript(script: string, scope: Scope): void {
  if (scope.depth > DEEPEST) return;
  const { tokens, substitutions } = lexShell(script, scope.home);
  for (const inner of substitutions) readScript(inner, { ...scope, depth: scope.depth + 1 });
  new Walker(scope).run(tokens);
}

/** The names that a pipeline prints that changes nothing of the shell's; null: they are not known. */
function printedBy(script: string, scope: Scope): readonly Word[] | null {
  scope.budget.repeated -= script.length;
  if (scope.depth > DEEPEST || scope.budget.repeated < 0) return null;
  const { tokens } = lexShell(script.trim(), scope.home);
  const or = tokens.findIndex((token) => token.kind === 'operator' && token.text === '||');
  const pipeline = or < 0 ? tokens : tokens.slice(0, or);
  if (pipeline.some((token) => token.kind === 'operator' && !token.text.startsWith('|'))) return null;
  const walker = new Walker({ ...scope, depth: scope.depth + 1, findings: noFindings() });
  return walker.printed(pipeline);
}

/** Goes through the commands in their order, and keeps the directory that each runs in. */
class Walker {
  private directory: string | null;
  /** The directory at the start of the pipeline: what is in a pipe changes only its own. */
  private before: string | null;
  private inPipe = false;
  private afterOr = false;
  private readonly outer: { readonly directory: string | null; readonly claimed: readonly Word[] }[] = [];
  private words: Word[] = [];
  private redirects: Redirect[] = [];
  private readonly variables: Map<string, Word>;
  /** The loop whose body begins next. */
  private loop: { readonly name: string; readonly values: readonly Word[] } | null = null;
  /** What the chain of `&&` has claimed so far. */
  private claimed: readonly Word[];
  private piped: readonly Word[] | null = null;
  private readonly functions = new Map<string, { readonly body: readonly Token[]; readonly called: boolean }>();
  /** How deep in functions. */
  private calls = 0;
  /** What the last command read. */
  private input: CommandInput = NO_INPUT;
  /** The variable that a `read` sets. */
  private reading: string | null = null;
  /** What comes through the pipe to it. */
  private readFrom: readonly Word[] | null = null;
  /** Where `cd -` leads. */
  private previous: string | null = null;

  constructor(private readonly scope: Scope) {
    this.directory = scope.directory;
    this.before = scope.directory;
    this.variables = new Map(scope.variables);
    this.claimed = scope.claimed;
  }

  /** Goes through a whole script. */
  run(tokens: readonly Token[]): void {
    this.walk(tokens);
    // Something else may call it.
    for (const [name, { body, called }] of this.functions) if (!called) this.call(name, body, []);
  }

  private walk(tokens: readonly Token[]): void {
    for (let at = 0; at < tokens.length; at += 1) {
      const token = tokens[at] as Token;
      const end = this.words.length === 0 ? this.define(tokens, at) : null;
      if (end !== null) at = end;
      else if (token.kind === 'word') this.words.push(token.word);
      else if (token.kind === 'redirect') this.redirects.push(token.redirect);
      else this.operator(token.text);
      if (this.reading !== null) this.readInto(this.reading, tokens.slice(at + 1));
      if (this.loop !== null) at = this.turns(this.loop, tokens, at + 1) - 1;
    }
    this.finish();
  }

  /** A function that is defined here. @returns the place of the brace that ends its body; null: none is */
  private define(tokens: readonly Token[], start: number): number | null {
    const word = (at: number) => {
      const token = tokens[at];
      return token?.kind === 'word' && !token.word.quoted ? token.word.text : undefined;
    };
    const sign = (at: number) => {
      const token = tokens[at];
      return token?.kind === 'operator' ? token.text : undefined;
    };
    const isNamed = word(start) === 'function';
    const name = word(isNamed ? start + 1 : start);
    let at = start + (isNamed ? 2 : 1);
    const hasSigns = sign(at) === '(' && sign(at + 1) === ')';
    if (name === undefined || (!hasSigns && !isNamed)) return null;
    at += hasSigns ? 2 : 0;
    while (sign(at) === '\n') at += 1;
    if (word(at) !== '{') return null;
    const first = at + 1;
    for (let open = 0; at < tokens.length; at += 1) {
      if (word(at) === '{') open += 1;
      if (word(at) === '}') open -= 1;
      if (open > 0) continue;
      this.functions.set(name, { body: tokens.slice(first, at), called: false });
      return at;
    }
    return null;
  }

  private call(name: string, body: readonly Token[], args: readonly Word[]): void {
    const { budget } = this.scope;
    budget.repeated -= body.length;
    this.functions.set(name, { body, called: true });
    if (this.calls >= DEEPEST || budget.repeated < 0) return;
    this.calls += 1;
    const before = new Map(this.variables);
    for (const one of before.keys()) if (/^[\d@*]/.test(one)) this.variables.delete(one);
    for (const [one, word] of argumentsOf(args)) this.setVariable(one, word);
    this.walk(body);
    for (const [one, word] of before) if (/^[\d@*]/.test(one)) this.variables.set(one, word);
    this.calls -= 1;
  }

  /** What the pipeline prints. */
  printed(tokens: readonly Token[]): readonly Word[] | null {
    this.walk([...tokens, { kind: 'operator', text: '|' }]);
    return this.piped;
  }

  /** `read NAME`, of what comes through the pipe, or of what the loop is given whose body begins here. */
  private readInto(name: string, rest: readonly Token[]): void {
    this.reading = null;
    const after = rest.slice(endOfBody(rest, 0) + 1);
    const end = after.findIndex(({ kind }) => kind !== 'redirect');
    const redirects = after
      .slice(0, end < 0 ? after.length : end)
      .flatMap((one) => (one.kind === 'redirect' ? [one.redirect] : []));
    const values = this.linesOf(redirects) ?? this.readFrom;
    if (values === null) this.setVariable(name, undefined);
    else this.loop = { name, values };
  }

  private linesOf(redirects: readonly Redirect[]): readonly Word[] | null {
    const scope = this.here();
    const [piece, ...more] = redirects.find(({ operator }) => operator === '<')?.target.pieces ?? [];
    if (piece && 'outputOf' in piece && more.length === 0) return printedBy(piece.outputOf, scope);
    return namesRead(inputOf(redirects), { ...scope, piped: null });
  }

  /** Where the next command runs. */
  private here(): Scope {
    const { directory, variables, claimed, piped } = this;
    return { ...this.scope, directory, variables, claimed, piped };
  }

  private known(): Known {
    return { variables: this.variables, printed: (script) => printedBy(script, { ...this.here(), piped: null }) };
  }

  /**
   * Goes through the body of a loop once with each value, as the shell does.
   * @returns the place where to read on
   */
  private turns({ name, values }: { name: string; values: readonly Word[] }, tokens: readonly Token[], start: number) {
    this.loop = null;
    const { budget } = this.scope;
    const [last] = values.length === 1 ? values : [];
    const end = last || budget.repeated <= 0 ? start : endOfBody(tokens, start);
    budget.repeated -= (end - start) * values.length;
    if (end === start || budget.repeated <= 0) {
      this.setVariable(name, last);
      return start;
    }
    for (const value of values) {
      this.setVariable(name, value);
      this.walk(tokens.slice(start, end));
    }
    return end;
  }

  private setVariable(name: string, value: Word | undefined): void {
    if (!value || value.opaque) this.variables.delete(name);
    else this.variables.set(name, value);
  }

  private operator(text: string): void {
    const command = this.finish();
    this.piped = text === '|' || text === '|&' ? printedNames(command, this.input, this.here()) : null;
    if (text === '&&') this.claimed = [...this.claimed, ...claimedBy(command, this.directory)];
    else if (text !== '(') this.claimed = this.outer.at(-1)?.claimed ?? this.scope.claimed;
    if (text === '(') this.outer.push({ directory: this.directory, claimed: this.claimed });
    else if (text === ')') {
      if (this.outer.length > 0) this.directory = this.outer.pop()?.directory ?? null;
    } else if (text === '|' || text === '|&') {
      this.inPipe = true;
      this.directory = this.before;
      return;
    } else {
      if (this.inPipe || text === '&') this.directory = this.before;
      this.inPipe = false;
    }
    this.before = this.directory;
    this.afterOr = text === '||';
  }

  /** @returns the words of the command that ends here, with what is known of variables in their place */
  private finish(): readonly Word[] {
    const words = this.words;
    const redirects = this.redirects;
    this.words = [];
    this.redirects = [];
    if (words.length === 0 && redirects.length === 0) return [];
    const isTest = words[0]?.text === '[[';
    const scope = this.here();
    if (!isTest) this.redirected(redirects, scope);
    const { command: typed, off } = this.withoutPrelude(words, scope);
    const command = typed.flatMap((word) => expandWord(word, this.known()));
    const [program, ...rest] = command;
    this.input = this.expandedInput(redirects);
    if (!program || isTest) return command;
    const called = this.functions.get(program.text);
    if (program.text === 'for' && rest[1]?.text === 'in')
      this.loop = { name: rest[0]?.text ?? '', values: rest.slice(2) };
    else if (program.text === 'read') this.read(rest, scope);
    else if (called) this.call(program.text, called.body, rest);
    else if (isChangeOfDirectory(program)) this.changeDirectory(program.text, rest);
    else examine(command, this.input, { ...scope, off: [...(scope.off ?? []), ...off] }, readScript);
    if (DECLARING.has(program.text)) for (const word of rest) this.assign(word, scope);
    return command;
  }

  private read(args: readonly Word[], scope: Scope): void {
    const { operands } = readArguments(args, { short: 'adinNptu' });
    // Of several variables, none holds the whole line.
    if (operands.length !== 1) return;
    this.reading = operands[0]?.text ?? null;
    this.readFrom = namesRead(this.input, scope);
  }

  /** The input, with what is known of variables in its place. */
  private expandedInput(redirects: readonly Redirect[]): CommandInput {
    const known = this.known();
    const one = (word: Word) => {
      const [only, ...more] = expandWord(word, known);
      return only && more.length === 0 ? only : word;
    };
    return inputOf(redirects.map((redirect) => ({ ...redirect, target: one(redirect.target) })));
  }

  private redirected(redirects: readonly Redirect[], scope: Scope): void {
    for (const { operator, target } of redirects) {
      const duplicates = operator === '>&' && /^(\d+-?|-)$/.test(target.text);
      const [place, ...more] = expandWord(target, this.known());
      if (more.length === 0 && (WRITING.has(operator) || (operator === '>&' && !duplicates))) {
        addWrite(scope, place, { keeps: operator.endsWith('>>') });
      }
    }
  }

  /** The words from the name of the program on; keywords and assignments stand before it. */
  private withoutPrelude(
    words: readonly Word[],
    scope: Scope,
  ): { readonly command: readonly Word[]; readonly off: readonly string[] } {
    const off: string[] = [];
    let at = 0;
    for (; at < words.length; at += 1) {
      const word = words[at] as Word;
      if (!word.quoted && KEYWORDS.has(word.text)) continue;
      if (!ASSIGNMENT.test(word.text)) break;
      if (noteAssignment(word, scope.findings)) off.push(word.text);
    }
    // Before a command, they are for that command alone.
    if (at === words.length) for (const word of words) this.assign(word, scope);
    return { command: words.slice(at), off };
  }

  /** A variable that was exported before stays so: what follows is taken to see it. */
  private assign(typed: Word, { findings }: Scope): void {
    const expanded = expandWord(typed, this.known());
    const word = expanded.length === 1 ? (expanded[0] ?? typed) : typed;
    const [whole, name = ''] = ASSIGNMENT.exec(word.text) ?? [];
    if (whole === undefined) return;
    if (noteAssignment(word, findings)) findings.exported.push(word.text);
    // A value that is not known here is not known where it is used.
    const value = { ...word, text: word.text.slice(whole.length), pattern: null };
    this.setVariable(name, whole.includes('+') ? undefined : value);
  }

  private changeDirectory(program: string, args: readonly Word[]): void {
    const { directory } = this;
    const [to] = args.filter(({ text }) => text === '-' || !text.startsWith('-'));
    if (this.afterOr || program === 'popd' || !to || to.opaque || to.pattern !== null || isMarked(to.text)) {
      // It may have happened or not: what follows runs where only the shell knows.
      this.directory = to || program === 'popd' || this.scope.home === null ? null : this.scope.home;
    } else if (to.text === '-') this.directory = this.previous;
    else this.directory = enter(this.directory, to) ?? this.directory;
    this.previous = directory;
    if (this.directory === null) this.variables.delete('PWD');
    else this.variables.set('PWD', plainWord(this.directory));
  }
}

/** The place of the `done` that ends the body of a loop, or the end of the script. */
function endOfBody(tokens: readonly Token[], start: number): number {
  let open = 0;
  let startsCommand = true;
  for (let at = start; at < tokens.length; at += 1) {
    const token = tokens[at] as Token;
    const text: string = token.kind === 'word' && !token.word.quoted && startsCommand ? token.word.text : '';
    if (text === 'do') open += 1;
    if (text === 'done') open -= 1;
    if (text === 'done' && open === 0) return at;
    startsCommand = token.kind === 'operator' || KEYWORDS.has(text);
  }
  return tokens.length;
}

/** Programs that set variables as an assignment does. */
const DECLARING = new Set(['export', 'local', 'declare', 'readonly', 'typeset']);

/** The targets that a command of coord claims exclusively, and without which what follows it by `&&` does not run. */
function claimedBy(command: readonly Word[], directory: string | null): Word[] {
  const own = coordWords(command);
  const at = own?.findIndex(({ text }) => text === 'claim') ?? -1;
  if (own === null || at < 0 || directory === null) return [];
  const { operands, options } = readArguments(own.slice(at + 1), CLAIM);
  const isOther = ['shared', 'dry-run', 'help', 'h', 'literal', 'glob'].some((name) => options.has(name));
  const known = isOther ? [] : operands.filter(({ opaque, pattern }) => !opaque && pattern === null);
  return known.map(({ text }) => plainWord(resolve(directory, text)));
}

const CLAIM = { long: ['ttl', 'reason', 'expect', 'agent', 'request-id'] };

function isChangeOfDirectory({ text }: Word): boolean {
  return text === 'cd' || text === 'pushd' || text === 'popd' || text === 'chdir';
}

function inputOf(redirects: readonly Redirect[]): CommandInput {
  const last = redirects.findLast(({ operator }) => operator === '<' || operator === '<<' || operator === '<<<');
  if (last?.operator === '<<') return { text: last.body, file: null };
  if (last?.operator === '<<<') return { text: last.target.opaque ? null : last.target.text, file: null };
  return { text: null, file: last && !last.target.opaque ? last.target : null };
}
