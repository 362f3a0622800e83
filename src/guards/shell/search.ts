import { addAct, addWrite, noFindings, type Scope, type Search } from './findings.js';
import { readArguments, readLeading } from './options.js';
import { plainWord, type Word } from './words.js';

/** Stands for each file that is found, in the words of the command that is run on it. */
const FOUND = plainWord('\u0000found');

type Run = (words: readonly Word[], scope: Scope) => void;

/** `find … -delete`, `find … -exec CMD {} \;`: what would be found is looked up, and is what is changed. */
export function examineFind(args: readonly Word[], scope: Scope, run: Run): void {
  args.forEach(({ text }, index) => {
    if (WRITES_LISTS.has(text)) addWrite(scope, args[index + 1]);
    const isRun = ['-exec', '-execdir', '-ok', '-okdir'].includes(text);
    if (!isRun && text !== '-delete') return;
    const search = readFind(args, index);
    if (!isRun) {
      // Only an empty folder can be deleted, and no file with it.
      if (search.type !== 'folders') addAct(scope, search.found);
      return;
    }
    const rest = args.slice(index + 1);
    const end = rest.findIndex((word) => word.text === ';' || word.text === '+');
    const command = end < 0 ? rest : rest.slice(0, end);
    runOnFound(
      command.map((word) => (word.text === '{}' ? FOUND : word)),
      search.type === 'folders' && args.some((word) => word.text === '-empty') ? null : search.found,
      scope,
      run,
    );
  });
}

/** They write the file that follows. */
const WRITES_LISTS = new Set(['-fprint', '-fprint0', '-fprintf', '-fls']);

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
      return args.some(({ text }) => /^-(?:exec|ok|delete|printf|ls|fprint)/.test(text)) ? null : readFind(args).found;
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
  return { ...everything(operands.slice(hasPattern ? 0 : 1)), names: names.length > 0 ? [names] : [] };
}

interface FindSearch {
  readonly found: Search;
  /** What its action is for, where `-type` says so. */
  readonly type: 'files' | 'folders' | null;
}

/**
 * The places of `find`, and the names that an action of its is for: those of its own chain of tests, between two `-o`, and of a
 * group of names one of which is enough. Tests that are not known leave more than it would find.
 * @param action where it stands; at the end where nothing is run
 */
function readFind(args: readonly Word[], action = args.length): FindSearch {
  const first = args.findIndex(({ text }) => /^[-(!]/.test(text) && !/^-[HLPDO]/.test(text));
  const places = (first < 0 ? args : args.slice(0, first)).filter(({ text }) => !text.startsWith('-'));
  const start = Math.max(first, args.slice(0, action).findLastIndex(({ text }) => ALTERNATIVES.has(text)) + 1);
  const group = groupOfNames(args.slice(Math.max(first, 0), action));
  const chain = group?.rest ?? (first < 0 ? [] : args.slice(start, action));
  const isReadable = !chain.some(({ text }) => text === '(' || text === ')');
  const names = isReadable ? [...namesAmong(chain).map((name) => [name]), ...(group ? [group.names] : [])] : [];
  const type = !isReadable ? null : isOf(chain, 'f') ? 'files' : isOf(chain, 'd') ? 'folders' : null;
  const starts = places.length > 0 ? places : [plainWord('.')];
  return { found: { kind: 'search', starts, names, filesOnly: type === 'files' }, type };
}

const ALTERNATIVES = new Set(['-o', '-or', ',']);

/** `\( -name A -o -name B \)`, and the tests around it, of which all must hold; null: there is no such group, or more than that. */
function groupOfNames(
  tests: readonly Word[],
): { readonly names: Search['names'][number]; readonly rest: readonly Word[] } | null {
  const open = tests.findIndex(({ text }) => text === '(');
  const close = tests.findIndex(({ text }) => text === ')');
  const rest = [...tests.slice(0, Math.max(open, 0)), ...tests.slice(close + 1)];
  if (open < 0 || close < open || rest.some(({ text }) => ALTERNATIVES.has(text) || /^[()]$/.test(text))) return null;
  if (/^(?:!|-not)$/.test(tests[open - 1]?.text ?? '')) return null;
  const parts = tests.slice(open + 1, close);
  const names = namesAmong(parts);
  return names.length * 3 - 1 === parts.length && parts.every(({ text }, at) => at % 3 < 2 || ALTERNATIVES.has(text))
    ? { names, rest }
    : null;
}

/** The names that files must have. */
function namesAmong(tests: readonly Word[]): Search['names'][number] {
  return tests.flatMap(({ text }, index) => {
    const value = tests[index + 1];
    const before = tests[index - 1]?.text;
    const isKnown = value !== undefined && !value.opaque && before !== '!' && before !== '-not';
    if (!isKnown || !['-name', '-iname', '-path', '-wholename', '-ipath'].includes(text)) return [];
    const wholePath = !text.endsWith('name') || text === '-wholename';
    return [{ pattern: value.text, ignoresCase: text.startsWith('-i'), wholePath }];
  });
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
