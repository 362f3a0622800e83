import { resolve } from 'node:path';
import { addWrite, type CommandInput, noFindings, noteAssignment, type Scope, type ShellFindings } from './findings.js';
import { examine } from './programs.js';
import { lexShell, type Redirect, type Token } from './tokens.js';
import type { Word } from './words.js';

/** Scripts within scripts are read this deep. */
const DEEPEST = 8;
/** Words that stand before a command, and are none. */
const KEYWORDS = new Set(['if', 'then', 'elif', 'else', 'fi', 'while', 'until', 'do', 'done', 'esac', '!', '{', '}']);
const WRITING = new Set(['>', '>>', '>|', '&>', '&>>', '<>']);
const ASSIGNMENT = /^([A-Za-z_]\w*)\+?=/;

export interface Shell {
  /** Where the script starts, absolute. */
  readonly directory: string;
  /** What `~` stands for; null: not known. */
  readonly home: string | null;
}

/**
 * Finds what a shell script would write, as far as that can be recognised from its text: redirections, the usual programs
 * that change files, and commands of git, also behind `cd`, `&&`, `env`, `sudo`, `xargs` and `bash -c`. It runs and
 * expands nothing. What variables, `eval`, scripts and interpreters do it does not see, and says nothing of it.
 */
export function readShell(script: string, { directory, home }: Shell): ShellFindings {
  const findings = noFindings();
  readScript(script, { directory, home, findings, depth: 0 });
  // Each place is looked at on the disk.
  const writes = new Map(findings.writes.map((write) => [JSON.stringify(write), write]));
  return { ...findings, writes: [...writes.values()] };
}

/** Reads a script within a script. */
export function readScript(script: string, scope: Scope): void {
  if (scope.depth > DEEPEST) return;
  const { tokens, substitutions } = lexShell(script, scope.home);
  for (const inner of substitutions) readScript(inner, { ...scope, depth: scope.depth + 1 });
  new Walker(scope).walk(tokens);
}

/** Goes through the commands in their order, and keeps the directory that each runs in. */
class Walker {
  private directory: string | null;
  /** The directory at the start of the pipeline: what is in a pipe changes only its own. */
  private before: string | null;
  private inPipe = false;
  private afterOr = false;
  private readonly outer: (string | null)[] = [];
  private words: Word[] = [];
  private redirects: Redirect[] = [];

  constructor(private readonly scope: Scope) {
    this.directory = scope.directory;
    this.before = scope.directory;
  }

  walk(tokens: readonly Token[]): void {
    for (const token of tokens) {
      if (token.kind === 'word') this.words.push(token.word);
      else if (token.kind === 'redirect') this.redirects.push(token.redirect);
      else this.operator(token.text);
    }
    this.finish();
  }

  private operator(text: string): void {
    this.finish();
    if (text === '(') this.outer.push(this.directory);
    else if (text === ')') this.directory = this.outer.length > 0 ? (this.outer.pop() ?? null) : this.directory;
    else if (text === '|' || text === '|&') {
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

  private finish(): void {
    const words = this.words;
    const redirects = this.redirects;
    this.words = [];
    this.redirects = [];
    if (words.length === 0 && redirects.length === 0) return;
    const isTest = words[0]?.text === '[[';
    const scope = { ...this.scope, directory: this.directory };
    for (const { operator, target } of isTest ? [] : redirects) {
      const duplicates = operator === '>&' && /^(\d+-?|-)$/.test(target.text);
      if (WRITING.has(operator) || (operator === '>&' && !duplicates)) addWrite(scope, target);
    }
    const { command, off } = this.withoutPrelude(words, scope);
    const [program, ...rest] = command;
    if (!program || isTest) return;
    if (isChangeOfDirectory(program)) this.changeDirectory(program.text, rest);
    else examine(command, inputOf(redirects), { ...scope, off: [...(scope.off ?? []), ...off] }, readScript);
  }

  /** The words from the name of the program on; keywords and assignments stand before it. */
  private withoutPrelude(
    words: readonly Word[],
    { findings }: Scope,
  ): { readonly command: readonly Word[]; readonly off: readonly string[] } {
    const off: string[] = [];
    let at = 0;
    for (; at < words.length; at += 1) {
      const word = words[at] as Word;
      if (!word.quoted && KEYWORDS.has(word.text)) continue;
      if (!ASSIGNMENT.test(word.text)) break;
      if (noteAssignment(word, findings)) off.push(word.text);
    }
    return { command: words.slice(at), off };
  }

  private changeDirectory(program: string, args: readonly Word[]): void {
    const [to] = args.filter(({ text }) => text === '-' || !text.startsWith('-'));
    if (this.afterOr || program === 'popd' || !to || to.opaque || to.pattern !== null || to.text === '-') {
      // It may have happened or not: what follows runs where only the shell knows.
      this.directory = to || program === 'popd' || this.scope.home === null ? null : this.scope.home;
      return;
    }
    if (this.directory !== null) this.directory = resolve(this.directory, to.text);
    else if (to.text.startsWith('/')) this.directory = to.text;
  }
}

function isChangeOfDirectory({ text }: Word): boolean {
  return text === 'cd' || text === 'pushd' || text === 'popd' || text === 'chdir';
}

function inputOf(redirects: readonly Redirect[]): CommandInput {
  const last = redirects.findLast(({ operator }) => operator === '<' || operator === '<<' || operator === '<<<');
  if (last?.operator === '<<') return { text: last.body, file: null };
  if (last?.operator === '<<<') return { text: last.target.opaque ? null : last.target.text, file: null };
  return { text: null, file: last && !last.target.opaque ? last.target : null };
}
