import { addAct, noFindings, type Scope, type Search } from './findings.js';
import { readArguments, readLeading } from './options.js';
import { plainWord, type Word } from './words.js';

/** Stands for each file that is found, in the words of the command that is run on it. */
const FOUND = plainWord('\u0000found');

type Run = (words: readonly Word[], scope: Scope) => void;

/** `find … -delete`, `find … -exec CMD {} \;`: what would be found is looked up, and is what is changed. */
export function examineFind(args: readonly Word[], scope: Scope, run: Run): void {
  const search = readFind(args);
  // Only an empty folder can be deleted, and no file with it.
  const deletes = args.some(({ text }) => text === '-delete') && !(search.filesOnly === false && isOf(args, 'd'));
  if (deletes) addAct(scope, search);
  args.forEach(({ text }, index) => {
    if (!['-exec', '-execdir', '-ok', '-okdir'].includes(text)) return;
    const rest = args.slice(index + 1);
    const end = rest.findIndex((word) => word.text === ';' || word.text === '+');
    const command = end < 0 ? rest : rest.slice(0, end);
    runOnFound(
      command.map((word) => (word.text === '{}' ? FOUND : word)),
      isOf(args, 'd') && args.some((word) => word.text === '-empty') ? null : search,
      scope,
      run,
    );
  });
}

/** Runs a command on each file that is found; null: on none that git knows. */
function runOnFound(words: readonly Word[], search: Search | null, scope: Scope, run: Run): void {
  const inner = noFindings();
  run(words, { ...scope, findings: inner, piped: null });
  const isFound = (path: string) => path === FOUND.text;
  const changed =
    inner.writes.some(({ path }) => isFound(path)) ||
    inner.git.some(
      (act) => act.kind === 'discard' && act.paths !== null && act.paths.words.some(({ text }) => isFound(text)),
    );
  if (changed && search !== null) addAct(scope, search);
  const { findings } = scope;
  findings.writes.push(
    ...inner.writes
      .filter(({ path }) => !isFound(path))
      .map((write) => ({ ...write, into: write.into.filter((name) => !isFound(name)) })),
  );
  if (!changed) findings.git.push(...inner.git);
  findings.patches.push(...inner.patches);
  findings.bypasses.push(...inner.bypasses);
  findings.commands.push(...inner.commands);
}

const XARGS = {
  short: 'aEIdLnPs',
  attached: 'eil',
  long: ['arg-file', 'delimiter', 'max-args', 'max-procs', 'max-lines'],
};

/** `… | xargs CMD`, where the files that come through the pipe are known. */
export function examineXargs(args: readonly Word[], scope: Scope, run: Run): void {
  const { options, rest } = readLeading(args, XARGS);
  const named = options.get('I') ?? options.get('i') ?? options.get('replace');
  const placeholder = named ? (named[0]?.text ?? '{}') : null;
  const words =
    placeholder === null ? [...rest, FOUND] : rest.map((word) => (word.text === placeholder ? FOUND : word));
  if (scope.piped === null) run(rest, scope);
  else runOnFound(words, scope.piped, scope, run);
}

/** The files that a command prints, a name each, for what it is piped into; null: it prints others, or none. */
export function printedFiles([program, ...args]: readonly Word[], before: Search | null): Search | null {
  switch (program?.text) {
    case 'find':
      return args.some(({ text }) => /^-(?:exec|ok|delete|printf|ls|fprint)/.test(text)) ? null : readFind(args);
    case 'ls':
    case 'echo':
    case 'printf':
      return everything(readArguments(args).operands);
    case 'git':
      return args[0]?.text === 'ls-files' ? everything(readArguments(args.slice(1), { short: 'xX' }).operands) : null;
    case 'grep':
    case 'egrep':
    case 'fgrep':
    case 'rg':
      return readGrep(args);
    // Some of what came in goes out.
    case 'sort':
    case 'uniq':
    case 'head':
    case 'tail':
    case 'tr':
      return before;
    default:
      return null;
  }
}

function everything(starts: readonly Word[]): Search {
  return { kind: 'search', starts: starts.length > 0 ? starts : [plainWord('.')], names: [], filesOnly: true };
}

/** `grep -l`: any file below where it looks may hold the text, if it has one of the names. */
function readGrep(args: readonly Word[]): Search | null {
  const { operands, options } = readArguments(args, {
    short: 'efmABCdDgtT',
    long: ['regexp', 'file', 'include', 'exclude', 'exclude-dir', 'max-count', 'glob', 'type', 'type-not'],
  });
  if (!options.has('l') && !options.has('files-with-matches')) return null;
  const hasPattern = ['e', 'f', 'regexp', 'file'].some((name) => options.has(name));
  const names = (options.get('include') ?? []).map(({ text }) => ({
    pattern: text,
    ignoresCase: false,
    wholePath: false,
  }));
  // Each of several names is enough.
  return { ...everything(operands.slice(hasPattern ? 0 : 1)), names: names.length === 1 ? names : [] };
}

/** The places and the names of `find`; tests that are not known leave more than it would find. */
function readFind(args: readonly Word[]): Search {
  const first = args.findIndex(({ text }) => /^[-(!]/.test(text) && !/^-[HLPDO]/.test(text));
  const places = (first < 0 ? args : args.slice(0, first)).filter(({ text }) => !text.startsWith('-'));
  const tests = first < 0 ? [] : args.slice(first);
  const isOneChain = !tests.some(({ text }) => ['-o', '-or', ',', '(', ')'].includes(text));
  const names = tests.flatMap(({ text }, index) => {
    const value = tests[index + 1];
    const before = tests[index - 1]?.text;
    const isKnown = isOneChain && value !== undefined && !value.opaque && before !== '!' && before !== '-not';
    if (!isKnown || !['-name', '-iname', '-path', '-wholename', '-ipath'].includes(text)) return [];
    const wholePath = !text.endsWith('name') || text === '-wholename';
    return [{ pattern: value.text, ignoresCase: text.startsWith('-i'), wholePath }];
  });
  const filesOnly = isOneChain && isOf(tests, 'f');
  return { kind: 'search', starts: places.length > 0 ? places : [plainWord('.')], names, filesOnly };
}

function isOf(args: readonly Word[], type: string): boolean {
  return args.some(({ text }, index) => text === '-type' && args[index + 1]?.text === type);
}

/** A pattern of the shell as fnmatch reads it without flags: `*` and `?` stand for a slash too. */
export function shellPattern(pattern: string, ignoresCase: boolean): RegExp {
  const parts = pattern.match(/\\.|\[!?\]?[^\]]*\]|[\s\S]/g) ?? [];
  const source = parts
    .map((part) => {
      if (part === '*') return '[\\s\\S]*';
      if (part === '?') return '[\\s\\S]';
      if (part.length > 2 && part.startsWith('[')) return part.replace(/^\[!/, '[^').replace(/\\/g, '\\\\');
      return part.replace(/^\\(?=.)/, '').replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
    })
    .join('');
  return new RegExp(`^${source}$`, ignoresCase ? 'iu' : 'u');
}
