import { addAct, addWrite, type CommandInput, foundBy, foundWord, type Scope, type Search } from './findings.js';
import { readArguments, readLeading } from './options.js';
import { plainWord, type Word } from './words.js';

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
    // Only an empty folder is found, and no file with it.
    if (search.type === 'folders' && args.some((word) => word.text === '-empty')) return;
    runOn([foundWord(scope, search.found)], command, '{}', scope, run);
  });
}

/** They write the file that follows. */
const WRITES_LISTS = new Set(['-fprint', '-fprint0', '-fprintf', '-fls']);

/** A command that is run on names: each takes the place of the placeholder, wherever it stands, or they come last. */
function runOn(
  names: readonly Word[],
  command: readonly Word[],
  placeholder: string | null,
  scope: Scope,
  run: Run,
): void {
  const within = { ...scope, piped: null };
  if (placeholder === null) {
    run([...command, ...names], within);
    return;
  }
  const filledIn = (word: Word, text: string): Word =>
    word.text.includes(placeholder)
      ? { ...word, text: word.text.replaceAll(placeholder, () => text), pattern: null }
      : word;
  for (const { text } of names) {
    run(
      command.map((word) => filledIn(word, text)),
      within,
    );
  }
}

const XARGS = {
  short: 'aEIdLnPs',
  attached: 'eil',
  long: ['arg-file', 'delimiter', 'max-args', 'max-procs', 'max-lines'],
};

/** `… | xargs CMD` and `xargs CMD < LIST`, where the names that it reads are known. */
export function examineXargs(args: readonly Word[], input: CommandInput, scope: Scope, run: Run): void {
  const { options, rest } = readLeading(args, XARGS);
  const named = options.get('I') ?? options.get('i') ?? options.get('replace');
  const placeholder = named ? (named[0]?.text ?? '{}') : null;
  const list = (options.get('a') ?? options.get('arg-file'))?.[0];
  const names = namesRead(list ? { text: null, file: list } : input, scope);
  if (names === null) run(rest, scope);
  else runOn(names, rest, placeholder, scope, run);
}

const PARALLEL = {
  short: 'jaIdCLnNPSX',
  long: ['jobs', 'arg-file', 'delay', 'timeout', 'retries', 'joblog', 'results', 'colsep', 'workdir', 'tmpdir'],
};

/** `parallel CMD ::: NAME…`, `… | parallel CMD`: what it runs is read by a shell. */
export function examineParallel(args: readonly Word[], input: CommandInput, scope: Scope, run: Run): void {
  const { options, rest } = readLeading(args, PARALLEL);
  const end = rest.findIndex(({ text }) => text === ':::' || text === '::::');
  const command = end < 0 ? rest : rest.slice(0, end);
  const operands = rest.slice(end + 1);
  const list = rest[end]?.text === '::::' ? operands[0] : options.get('a')?.[0];
  const names = end >= 0 && !list ? operands : namesRead(list ? { text: null, file: list } : input, scope);
  const script = command.map(({ text }) => text).join(' ');
  const placeholder = script.includes('{}') ? '{}' : null;
  const words = [plainWord('sh'), plainWord('-c'), plainWord(placeholder ? script : `${script} {}`)];
  if (names === null) run(command, scope);
  else runOn(names, words, '{}', scope, run);
}

const FD = {
  short: 'dEteScjo',
  long: [
    'max-depth',
    'min-depth',
    'exclude',
    'type',
    'extension',
    'size',
    'color',
    'threads',
    'owner',
    'base-directory',
  ],
};

/** `fd … -x CMD`: any file that it knows may be found. */
export function examineFd(args: readonly Word[], scope: Scope, run: Run): void {
  const at = args.findIndex(({ text }) => ['-x', '-X', '--exec', '--exec-batch'].includes(text));
  if (at < 0) return;
  const { operands, options } = readArguments(args.slice(0, at), FD);
  const [pattern, ...places] = operands;
  const extensions = [...(options.get('e') ?? []), ...(options.get('extension') ?? [])].map(({ text }) => `*.${text}`);
  const literal = pattern && /^[\w-]+$/.test(pattern.text) ? [`*${pattern.text}*`] : [];
  const names = [extensions, literal].filter(({ length }) => length > 0);
  const groups = names.map((group) =>
    group.map((one) => ({ pattern: one, ignoresCase: /^[^A-Z]*$/.test(one), wholePath: false })),
  );
  const found = foundWord(scope, { ...everything(places), names: groups });
  const rest = args.slice(at + 1);
  const end = rest.findIndex(({ text }) => text === ';');
  const command = end < 0 ? rest : rest.slice(0, end);
  runOn([found], command, command.some(({ text }) => text.includes('{}')) ? '{}' : null, scope, run);
}

/** The names that a command reads, a line each: from its input, else from the pipe; null: they are not known. */
export function namesRead({ text, file }: CommandInput, scope: Scope): readonly Word[] | null {
  if (file !== null) return file.opaque ? null : [foundWord(scope, { kind: 'listed', file })];
  if (text !== null) return text.split('\n').flatMap((line) => (line.trim() === '' ? [] : [plainWord(line)]));
  return scope.piped;
}

/** The names that a command prints, for what it is piped into; null: it prints others, or none. */
export function printedNames(
  [program, ...args]: readonly Word[],
  input: CommandInput,
  scope: Scope,
): readonly Word[] | null {
  const search = (found: Search | null) => (found === null ? null : [foundWord(scope, found)]);
  switch (program?.text) {
    case 'find':
      return args.some(({ text }) => /^-(?:exec|ok|delete|printf|ls|fprint)/.test(text))
        ? null
        : search(readFind(args).found);
    case 'ls':
      return search(everything(readArguments(args).operands));
    case 'echo':
      return args.filter(({ text }) => !/^-[neE]+$/.test(text));
    case 'printf':
      return /^(?:%s|\\n|\\0| )+$/.test(args[0]?.text ?? '') ? args.slice(1) : null;
    case 'pwd':
      return scope.directory === null ? null : [plainWord(scope.directory)];
    case 'git':
      return printedByGit(args, scope);
    case 'cat': {
      const { operands } = readArguments(args);
      if (operands.length === 0) return namesRead(input, scope);
      const lists = operands.flatMap((file) => namesRead({ text: null, file }, scope) ?? []);
      return lists.length < operands.length ? null : lists;
    }
    case 'grep':
    case 'egrep':
    case 'fgrep':
    case 'rg':
      return readGrep(args, scope);
    // Some of what came in goes out.
    case 'sort':
    case 'uniq':
    case 'head':
    case 'tail':
    case 'tr':
      return namesRead(input, scope);
    default:
      return null;
  }
}

function printedByGit(args: readonly Word[], scope: Scope): readonly Word[] | null {
  const [name, ...rest] = args.map(({ text }) => text);
  if (name === 'ls-files') {
    return [foundWord(scope, everything(readArguments(args.slice(1), { short: 'xX' }).operands))];
  }
  if (name !== 'rev-parse' || rest.join() !== '--show-toplevel' || scope.directory === null) return null;
  const root = scope.rootOf(scope.directory);
  return root === null ? null : [plainWord(root)];
}

function everything(starts: readonly Word[]): Search {
  return { kind: 'search', starts: starts.length > 0 ? starts : [plainWord('.')], names: [], filesOnly: true };
}

/**
 * `grep -l`: any file below where it looks may hold the text, if it has one of the names. Of names that come in, those with a
 * plain text in them go out.
 */
function readGrep(args: readonly Word[], scope: Scope): readonly Word[] | null {
  const { operands, options } = readArguments(args, {
    short: 'efmABCdDgtT',
    long: ['regexp', 'file', 'include', 'exclude', 'exclude-dir', 'max-count', 'glob', 'type', 'type-not'],
  });
  if (!options.has('l') && !options.has('files-with-matches')) {
    const [pattern] = operands;
    const isPlain = operands.length === 1 && [...options.keys()].every((name) => 'EFi'.includes(name));
    return isPlain && pattern && /^[\w./-]+$/.test(pattern.text) ? withText(pattern.text, scope) : null;
  }
  const hasPattern = ['e', 'f', 'regexp', 'file'].some((name) => options.has(name));
  const names = (options.get('include') ?? []).map(({ text }) => ({
    pattern: text,
    ignoresCase: false,
    wholePath: false,
  }));
  const found = { ...everything(operands.slice(hasPattern ? 0 : 1)), names: names.length > 0 ? [names] : [] };
  return [foundWord(scope, found)];
}

function withText(text: string, scope: Scope): readonly Word[] | null {
  const name = { pattern: `*${text.replaceAll('.', '?')}*`, ignoresCase: true, wholePath: true };
  return (
    scope.piped?.map((word) => {
      const found = foundBy(scope, word);
      return found?.kind === 'search' ? foundWord(scope, { ...found, names: [...found.names, [name]] }) : word;
    }) ?? null
  );
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
