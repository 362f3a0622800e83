import {
  addAct,
  addWrite,
  type CommandInput,
  type Discard,
  enter,
  foundBy,
  HOOKS_PATH_WORDS,
  type PathWords,
  type ReadScript,
  type Scope,
} from './findings.js';
import { type Arguments, readArguments } from './options.js';
import { isMarked, plainWord, readWord, type Word } from './words.js';
import { addDestination, addPatch } from './writers.js';

type GitCommand = (args: readonly Word[], scope: Scope, input: CommandInput) => void;

const COMMANDS: Readonly<Record<string, GitCommand>> = {
  commit,
  add: (args, scope) => stage(readArguments(args, { long: ['chmod', 'pathspec-from-file'] }), scope),
  stage: (args, scope) => stage(readArguments(args, { long: ['chmod', 'pathspec-from-file'] }), scope),
  checkout,
  switch: (args, scope) => {
    const { options } = readArguments(args, { short: 'cC', long: ['create', 'force-create', 'conflict', 'orphan'] });
    if (isForced(options) || options.has('discard-changes')) discard(scope, null, HEAD);
  },
  restore,
  reset: (args, scope) => {
    if (args.some(({ text }) => text === '--hard')) discard(scope, null, HEAD);
    else if (args.some(({ text }) => text === '--merge')) discard(scope, null, 'staged');
  },
  'read-tree': (args, scope) => {
    const { options } = readArguments(args);
    if (options.has('reset') && options.has('u')) discard(scope, null, HEAD);
  },
  'checkout-index': (args, scope) => {
    const { operands, options } = readArguments(args, { long: ['prefix', 'stage'] });
    if (!isForced(options) || options.has('prefix') || options.has('n')) return;
    const everywhere = options.has('a') || options.has('all');
    if (everywhere || operands.length > 0) discard(scope, everywhere ? null : pathWords(operands), 'index');
  },
  clean: (args, scope) => {
    const { operands, options } = readArguments(args, { short: 'e', long: ['exclude'] });
    if (!isForced(options) || options.has('n') || options.has('dry-run')) return;
    const ignored = options.has('x') ? 'too' : options.has('X') ? 'only' : 'kept';
    const untracked = { folders: options.has('d') || operands.length > 0, ignored } as const;
    discard(scope, operands.length === 0 ? null : pathWords(operands), null, { untracked });
  },
  stash,
  'cherry-pick': again(false),
  revert: again(true),
  worktree: (args, scope) => {
    const { operands, options } = readArguments(args);
    // Without force, git itself keeps a worktree that has changes.
    if (operands[0]?.text === 'remove' && isForced(options)) addWrite(scope, operands[1], { follows: false });
  },
  'update-ref': (args, scope, input) => {
    const { operands, options } = readArguments(args, { short: 'm' });
    const told = options.has('stdin') ? (input.text ?? '') : '';
    if (operands.some(({ text }) => text.startsWith(STATE)) || told.includes(` ${STATE}`))
      scope.findings.bypasses.push(STATE_WORDS);
  },
  'symbolic-ref': (args, scope) => {
    const { operands, options } = readArguments(args, { short: 'm' });
    const writes = operands.length > 1 || options.has('d') || options.has('delete');
    if (writes && operands[0]?.text.startsWith(STATE)) scope.findings.bypasses.push(STATE_WORDS);
  },
  fetch: fetched,
  pull: fetched,
  'send-pack': push,
  rm: (args, scope) => {
    const { operands, options } = readArguments(args, { long: ['pathspec-from-file'] });
    if (options.has('n') || options.has('dry-run')) return;
    for (const word of operands) addWrite(scope, word, { follows: false });
  },
  mv: (args, scope) => {
    const { operands, options } = readArguments(args);
    if (options.has('n') || options.has('dry-run')) return;
    for (const word of operands.slice(0, -1)) addWrite(scope, word, { follows: false });
    addDestination(scope, operands.at(-1), operands.slice(0, -1));
  },
  apply: (args, scope, input) => {
    const { operands, options } = readArguments(args, {
      short: 'pC',
      long: ['directory', 'exclude', 'include', 'whitespace'],
    });
    const only = ['check', 'stat', 'numstat', 'summary'].some((name) => options.has(name)) && !options.has('apply');
    if (only || options.has('cached')) return;
    const texts = (name: string) => (options.get(name) ?? []).map(({ text }) => text);
    const how = {
      strip: Number(options.get('p')?.[0]?.text ?? 1),
      fromRoot: true,
      below: texts('directory').at(-1) ?? '',
      include: texts('include'),
      exclude: texts('exclude'),
    };
    if (operands.length === 0) addPatch(scope, input.file, input.text, how);
    for (const file of operands) addPatch(scope, file, null, how);
  },
  am: (args, scope, input) => {
    const { operands } = readArguments(args, { short: 'pCS', long: ['directory', 'patch-format'] });
    if (operands.length === 0) addPatch(scope, input.file, input.text, AS_MAILED);
    for (const file of operands) addPatch(scope, file, null, AS_MAILED);
  },
  push,
  config: (args, scope) => {
    const { operands, options } = readArguments(args, { short: 'f', long: ['file', 'blob', 'type', 'default'] });
    const names = operands.map(({ text }) => text.toLowerCase());
    const [alias = '', value] =
      operands[0]?.text === 'set' ? operands.slice(1).map(({ text }) => text) : operands.map(({ text }) => text);
    if (value !== undefined) noteAlias(`${alias}=${value}`, scope);
    const at = names.indexOf('core.hookspath');
    const says = (...all: string[]) => all.some((name) => options.has(name) || names[0] === name);
    const takes = at >= 0 ? says('unset', 'unset-all') : says('remove-section', 'rename-section');
    if (takes && (at >= 0 || names.includes('core'))) scope.findings.unhooks = true;
    else if (at >= 0 && names.length > at + 1 && !says('get', 'get-all', 'list'))
      scope.findings.bypasses.push(HOOKS_PATH_WORDS);
  },
};

/** Commands that run hooks, and can be told not to. */
const SKIPS_HOOKS = new Set(['commit', 'push', 'merge', 'am', 'rebase', 'pull']);
const RUNS_HOOKS = new Set([...SKIPS_HOOKS, 'cherry-pick', 'revert']);

/** Looks at one command of git. @param args what follows the word `git` */
export function examineGit(args: readonly Word[], input: CommandInput, outer: Scope, read: ReadScript): void {
  const scope = { ...outer, aliases: new Map(outer.aliases) };
  const { at, directory } = skipGlobals(args, scope);
  const name = args[at]?.text ?? '';
  const rest = args.slice(at + 1);
  if (SKIPS_HOOKS.has(name) && skipsHooks(name, rest)) {
    scope.findings.bypasses.push(`git ${name} --no-verify skips the hooks, and the guards in them`);
  }
  const off = [...(scope.off ?? []), ...scope.findings.exported];
  if (RUNS_HOOKS.has(name) && off.length > 0) {
    scope.findings.bypasses.push(`${off.join(' ')} skips the hooks of git ${name}, and the guards in them`);
  }
  if (name === 'config') COMMANDS[name]?.(rest, outer, input);
  else if (Object.hasOwn(COMMANDS, name)) COMMANDS[name]?.(rest, { ...scope, directory }, input);
  else if (/^[\w-]+$/.test(name) && !NO_ALIAS.has(name)) aliased(name, rest, input, { ...scope, directory }, read);
}

/** Commands that are git's own, as those above, so that no alias of their name counts. */
const NO_ALIAS = new Set([
  ...['status', 'diff', 'log', 'show', 'branch', 'tag', 'merge', 'rebase', 'remote', 'init', 'clone', 'blame', 'grep'],
  ...['rev-parse', 'rev-list', 'ls-files', 'ls-remote', 'ls-tree', 'cat-file', 'merge-base', 'describe', 'reflog'],
  ...['for-each-ref', 'show-ref', 'shortlog', 'bisect', 'gc', 'help', 'version', 'submodule', 'notes', 'archive'],
]);

/** An alias: with `!` a script that a shell runs at the root of the worktree, else a command of git. */
function aliased(name: string, args: readonly Word[], input: CommandInput, scope: Scope, read: ReadScript): void {
  const meaning = scope.aliases.get(name);
  if (meaning === undefined) scope.findings.asksAliases.push(name);
  if (meaning === undefined || scope.depth > DEEPEST_ALIAS) return;
  const within = { ...scope, depth: scope.depth + 1 };
  if (!meaning.startsWith('!')) {
    const words = readWords(meaning);
    examineGit([...words, ...args], input, { ...within, aliases: without(scope.aliases, name) }, read);
    return;
  }
  const directory = (scope.directory === null ? null : scope.rootOf(scope.directory)) ?? scope.directory;
  const known = args.every(({ opaque, pattern }) => !opaque && pattern === null);
  const more = known ? args.map(({ text }) => ` '${text.replaceAll("'", "'\\''")}'`).join('') : '';
  read(`${meaning.slice(1)}${more}`, { ...within, directory });
}

const DEEPEST_ALIAS = 8;

function without(aliases: ReadonlyMap<string, string>, name: string): Map<string, string> {
  return new Map([...aliases].filter(([one]) => one !== name));
}

/** The words of an alias that is a command of git. */
function readWords(text: string): Word[] {
  const words: Word[] = [];
  for (let at = 0; at < text.length; at += 1) {
    if (/\s/.test(text[at] ?? '')) continue;
    const { word, end } = readWord(text, at, null);
    if (end === at) break;
    words.push(word);
    at = end;
  }
  return words;
}

function noteAlias(text: string, { aliases }: Scope): void {
  const [, name, meaning] = /^alias\.([\w-]+)=([\s\S]*)$/.exec(text) ?? [];
  if (name !== undefined && meaning !== undefined) aliases.set(name, meaning);
}

/** Options before the command: where it runs, and settings for this one run. */
function skipGlobals(args: readonly Word[], scope: Scope): { readonly at: number; readonly directory: string | null } {
  let { directory } = scope;
  let at = 0;
  for (; at < args.length; at += 1) {
    const { text } = args[at] as Word;
    if (!text.startsWith('-')) break;
    const value = args[at + 1];
    if (text === '-C') {
      directory = enter(directory, value);
      at += 1;
    } else if (text === '-c' || text === '--config-env') {
      noteSetting(value?.text ?? '', scope);
      at += 1;
    } else if (text.startsWith('--config-env=')) noteSetting(text.slice('--config-env='.length), scope);
    else if (text === '--work-tree') {
      directory = inWorkTree(directory, value);
      at += 1;
    } else if (text.startsWith('--work-tree=')) {
      directory = inWorkTree(directory, plainWord(text.slice('--work-tree='.length)));
    } else if (['--git-dir', '--namespace', '--super-prefix'].includes(text)) at += 1;
  }
  return { at, directory };
}

/** Paths count from the directory where it is inside of the worktree, else from the worktree's root. */
function inWorkTree(directory: string | null, root: Word | undefined): string | null {
  const to = enter(directory, root);
  if (to === null || directory === null) return to;
  return `${directory}/`.startsWith(`${to}/`) ? directory : to;
}

function noteSetting(text: string, scope: Scope): void {
  if (/^core\.hookspath(?:=|$)/i.test(text)) scope.findings.bypasses.push(HOOKS_PATH_WORDS);
  noteAlias(text, scope);
}

/** Options of `git commit` and `git am` whose value may follow the letter. */
const COMMIT_VALUED = { short: 'mFCct', long: ['message', 'file', 'author', 'date', 'template', 'fixup', 'squash'] };

function skipsHooks(name: string, args: readonly Word[]): boolean {
  const { options } = readArguments(args, name === 'commit' ? COMMIT_VALUED : { short: 'mCo', long: ['message'] });
  // Git takes a long option that is cut short.
  if ([...options.keys()].some((option) => option.startsWith('no-veri') && 'no-verify'.startsWith(option))) return true;
  return (name === 'commit' || name === 'am') && options.has('n');
}

function commit(args: readonly Word[], scope: Scope): void {
  const { operands, options } = readArguments(args, COMMIT_VALUED);
  if (options.has('dry-run')) return;
  const paths = operands.flatMap(pathOrFolder);
  addAct(scope, { kind: 'commit', all: options.has('a') || options.has('all'), paths });
}

const PUSH_VALUED = {
  short: 'o',
  long: ['push-option', 'receive-pack', 'exec', 'repo', 'recurse-submodules', 'signed'],
};

/** One whose words only the shell knows is left to the guard of the push itself. */
function push(args: readonly Word[], scope: Scope): void {
  const { operands, options } = readArguments(args, PUSH_VALUED);
  const isDry = options.has('n') || options.has('dry-run');
  if (isDry || operands.some(({ opaque }) => opaque)) return;
  const [remote, ...refspecs] = operands.map(({ text }) => text);
  // Tags alone.
  if (options.has('tags') && refspecs.length === 0) return;
  const what = options.has('mirror')
    ? 'mirror'
    : options.has('all') || options.has('branches')
      ? 'all'
      : options.has('d') || options.has('delete')
        ? 'delete'
        : 'refs';
  const command = { remote: remote ?? options.get('repo')?.[0]?.text ?? null, refspecs, what } as const;
  addAct(scope, { kind: 'push', push: command });
}

/** A path as it was typed; of a pattern, the folder before it. */
function pathOrFolder({ text, pattern, opaque }: Word): string[] {
  if (opaque || isMarked(text)) return [];
  return [pattern === null ? text : pattern.replace(/[^/]*[*?[{][\s\S]*$/, '') || '.'];
}

/** What is fetched into the state ref by hand takes its place. */
function fetched(args: readonly Word[], { findings }: Scope): void {
  if (args.some(({ text }) => text.includes(`:${STATE}`))) findings.bypasses.push(STATE_WORDS);
}

/** What is staged here is in the commit that follows, if one does. */
function stage({ operands, options }: Arguments, scope: Scope): void {
  if (options.has('n') || options.has('dry-run')) return;
  const everything = operands.length === 0 && ['A', 'all', 'u', 'update'].some((name) => options.has(name));
  const paths = operands.flatMap(pathOrFolder);
  addAct(scope, { kind: 'stage', paths: everything ? [':/'] : paths });
}

/** Without a `--`, the first word is a commit or a branch where there is one of that name, else a path. */
function checkout(args: readonly Word[], scope: Scope): void {
  const { operands, options, separator } = readArguments(args, {
    short: 'bB',
    long: ['orphan', 'conflict', 'pathspec-from-file'],
  });
  const listedIn = options.get('pathspec-from-file')?.[0] ?? null;
  const hasSeparator = separator !== null || listedIn !== null;
  const [first] = operands;
  const from = separator === 0 || first?.opaque || first?.pattern ? undefined : first;
  const paths = { words: operands.slice(separator ?? (from ? 1 : 0)), listedIn };
  const isOfBranch = ['b', 'B', 'orphan', 'detach', 'd'].some((name) => options.has(name));
  if (!isOfBranch && (paths.words.length > 0 || listedIn !== null || (from && !hasSeparator && !isForced(options)))) {
    discard(scope, paths, from ? { commit: from.text } : 'index', { mayBePath: !hasSeparator && from !== undefined });
  } else if (isForced(options)) {
    const mayBePath = !isOfBranch && !hasSeparator && from !== undefined;
    discard(scope, null, mayBePath ? { commit: from.text } : HEAD, { mayBePath });
  }
}

function isForced(options: Arguments['options']): boolean {
  return options.has('f') || options.has('force');
}

function restore(args: readonly Word[], scope: Scope): void {
  const { operands, options } = readArguments(args, { short: 's', long: ['source', 'pathspec-from-file', 'conflict'] });
  const staged = options.has('S') || options.has('staged');
  if (staged && !options.has('W') && !options.has('worktree')) return;
  const listedIn = options.get('pathspec-from-file')?.[0] ?? null;
  if (operands.length === 0 && listedIn === null) return;
  const source = (options.get('s') ?? options.get('source'))?.[0];
  discard(scope, { words: operands, listedIn }, source ? { commit: source.text } : staged ? HEAD : 'index');
}

function stash(args: readonly Word[], scope: Scope): void {
  const { operands, options, separator } = readArguments(args, { short: 'm', long: ['message', 'pathspec-from-file'] });
  const [name] = operands;
  const isBare = name === undefined || separator === 0;
  if (!isBare && (name.text === 'pop' || name.text === 'apply')) {
    const said = operands[1]?.text ?? '0';
    const stashed = /^\d+$/.test(said) ? `stash@{${said}}` : said;
    addAct(scope, { kind: 'again', commits: [stashed, `${stashed}^3`], undoes: false });
  }
  if (!isBare && name.text !== 'push' && name.text !== 'save') return;
  const words = isBare ? operands : name.text === 'push' ? operands.slice(1) : [];
  const takesNew = ['u', 'include-untracked', 'a', 'all'].some((option) => options.has(option));
  const ignored = options.has('a') || options.has('all') ? 'too' : 'kept';
  const untracked = takesNew ? ({ folders: true, ignored } as const) : null;
  const to = options.has('S') || options.has('staged') ? 'staged' : HEAD;
  discard(scope, words.length === 0 ? null : pathWords(words), to, { untracked });
}

/** Without a commit of its own, for the guard of which it would wait. */
function again(undoes: boolean): GitCommand {
  return (args, scope) => {
    const { operands, options } = readArguments(args, {
      short: 'mXS',
      long: ['mainline', 'strategy', 'strategy-option'],
    });
    const commits = operands.flatMap(({ text, opaque }) => (opaque ? [] : [text]));
    const waits = options.has('n') || options.has('no-commit');
    if (waits && commits.length > 0) addAct(scope, { kind: 'again', commits, undoes });
  };
}

const HEAD = { commit: 'HEAD' };
const AS_MAILED = { strip: 1, fromRoot: true, below: '', include: [], exclude: [] };
const STATE = 'refs/coord';
const STATE_WORDS = 'the state ref is moved by coord alone, which loses nobody’s claim';

function pathWords(words: readonly Word[]): PathWords {
  return { words, listedIn: null };
}

/** Words of which only the shell knows what they are name nothing here. */
function discard(scope: Scope, paths: PathWords | null, to: Discard['to'], more: Partial<Discard> = {}): void {
  const named = paths?.words.flatMap((word) => foundBy(scope, word) ?? []) ?? [];
  for (const one of named) addAct(scope, one);
  const known = paths && { ...paths, words: paths.words.filter(({ opaque, text }) => !opaque && !isMarked(text)) };
  const isUnknown = paths !== null && paths.words.length > 0 && known?.words.length === 0 && paths.listedIn === null;
  if (isUnknown || (typeof to === 'object' && to !== null && to.commit === '')) return;
  addAct(scope, { kind: 'discard', to, mayBePath: false, untracked: null, ...more, paths: known });
}
