import { resolve } from 'node:path';
import { addWrite, type CommandInput, HOOKS_PATH_WORDS, type Scope } from './findings.js';
import type { Word } from './words.js';
import { type Arguments, readArguments } from './words.js';
import { addDestination, addPatch } from './writers.js';

type GitCommand = (args: readonly Word[], scope: Scope, input: CommandInput) => void;

const COMMANDS: Readonly<Record<string, GitCommand>> = {
  commit,
  add: (args, scope) => stage(readArguments(args, { long: ['chmod', 'pathspec-from-file'] }), scope),
  stage: (args, scope) => stage(readArguments(args, { long: ['chmod', 'pathspec-from-file'] }), scope),
  checkout,
  switch: (args, scope) => {
    const { options } = readArguments(args, { short: 'cC', long: ['create', 'force-create', 'conflict', 'orphan'] });
    if (options.has('f') || options.has('force') || options.has('discard-changes')) discard(scope, null);
  },
  restore,
  reset: (args, scope) => {
    if (args.some(({ text }) => text === '--hard' || text === '--merge')) discard(scope, null);
  },
  clean: (args, scope) => {
    const { operands, options } = readArguments(args, { short: 'e', long: ['exclude'] });
    const isReal = options.has('f') || options.has('force');
    if (isReal && !options.has('n') && !options.has('dry-run')) discard(scope, operands);
  },
  stash,
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
    if (only || options.has('directory')) return;
    const strip = Number(options.get('p')?.[0]?.text ?? 1);
    if (operands.length === 0) addPatch(scope, input.file, input.text, { strip, fromRoot: true });
    for (const file of operands) addPatch(scope, file, null, { strip, fromRoot: true });
  },
  am: (args, scope, input) => {
    const { operands } = readArguments(args, { short: 'pCS', long: ['directory', 'patch-format'] });
    if (operands.length === 0) addPatch(scope, input.file, input.text, { strip: 1, fromRoot: true });
    for (const file of operands) addPatch(scope, file, null, { strip: 1, fromRoot: true });
  },
  push,
  config: (args, scope) => {
    const { operands, options } = readArguments(args, { short: 'f', long: ['file', 'blob', 'type', 'default'] });
    const names = operands.map(({ text }) => text.toLowerCase());
    const at = names.indexOf('core.hookspath');
    const reads = ['get', 'get-all', 'unset', 'unset-all', 'list'].some(
      (name) => options.has(name) || names[0] === name,
    );
    if (at >= 0 && names.length > at + 1 && !reads) scope.findings.bypasses.push(HOOKS_PATH_WORDS);
  },
};

/** Commands that run hooks, and can be told not to. */
const SKIPS_HOOKS = new Set(['commit', 'push', 'merge', 'am', 'rebase', 'pull']);
const RUNS_HOOKS = new Set([...SKIPS_HOOKS, 'cherry-pick', 'revert']);

/** Looks at one command of git. @param args what follows the word `git` */
export function examineGit(args: readonly Word[], input: CommandInput, scope: Scope): void {
  const { at, directory } = skipGlobals(args, scope);
  const name = args[at]?.text ?? '';
  const rest = args.slice(at + 1);
  if (SKIPS_HOOKS.has(name) && skipsHooks(name, rest)) {
    scope.findings.bypasses.push(`git ${name} --no-verify leaves out the hooks, and the guards in them`);
  }
  const off = [...(scope.off ?? []), ...scope.findings.exported];
  if (RUNS_HOOKS.has(name) && off.length > 0) {
    scope.findings.bypasses.push(`${off.join(' ')} leaves out the hooks of git ${name}, and the guards in them`);
  }
  if (Object.hasOwn(COMMANDS, name)) COMMANDS[name]?.(rest, { ...scope, directory }, input);
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
    else if (['--git-dir', '--work-tree', '--namespace', '--super-prefix'].includes(text)) {
      directory = null;
      at += 1;
    } else if (/^--(?:git-dir|work-tree)=/.test(text)) directory = null;
  }
  return { at, directory };
}

function enter(directory: string | null, to: Word | undefined): string | null {
  if (!to || to.opaque || to.pattern !== null) return null;
  if (directory !== null) return resolve(directory, to.text);
  return to.text.startsWith('/') ? to.text : null;
}

function noteSetting(text: string, { findings }: Scope): void {
  if (/^core\.hookspath(?:=|$)/i.test(text)) findings.bypasses.push(HOOKS_PATH_WORDS);
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
  if (scope.directory === null || options.has('dry-run')) return;
  const paths = operands.flatMap((word) => (word.opaque || word.pattern !== null ? [] : [word.text]));
  const all = options.has('a') || options.has('all');
  scope.findings.git.push({ kind: 'commit', all, paths, directory: scope.directory });
}

const PUSH_VALUED = {
  short: 'o',
  long: ['push-option', 'receive-pack', 'exec', 'repo', 'recurse-submodules', 'signed'],
};

/** One whose words only the shell knows is left to the guard of the push itself. */
function push(args: readonly Word[], scope: Scope): void {
  const { operands, options } = readArguments(args, PUSH_VALUED);
  const isDry = options.has('n') || options.has('dry-run');
  if (scope.directory === null || isDry || operands.some(({ opaque }) => opaque)) return;
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
  scope.findings.git.push({ kind: 'push', push: command, directory: scope.directory });
}

/** What is staged here is in the commit that follows, if one does. */
function stage({ operands, options }: Arguments, scope: Scope): void {
  if (scope.directory === null || options.has('n') || options.has('dry-run')) return;
  const everything = operands.length === 0 && ['A', 'all', 'u', 'update'].some((name) => options.has(name));
  const paths = operands.flatMap(({ text, opaque, pattern }) => (opaque || pattern !== null ? [] : [text]));
  scope.findings.git.push({ kind: 'stage', paths: everything ? [':/'] : paths, directory: scope.directory });
}

/** Without a `--`, git takes a word that is no branch for a path; here one that is there for a path. */
function checkout(args: readonly Word[], scope: Scope): void {
  const { operands, options, separator } = readArguments(args, { short: 'bB', long: ['orphan', 'conflict'] });
  if (options.has('b') || options.has('B') || options.has('orphan')) return;
  if (separator !== null) {
    overwrite(scope, operands.slice(separator), separator > 0);
    return;
  }
  if (options.has('f') || options.has('force')) discard(scope, null);
  else if (operands.length > 0) discard(scope, operands, true);
}

function restore(args: readonly Word[], scope: Scope): void {
  const { operands, options } = readArguments(args, { short: 's', long: ['source', 'pathspec-from-file', 'conflict'] });
  const indexOnly = (options.has('S') || options.has('staged')) && !options.has('W') && !options.has('worktree');
  if (!indexOnly) overwrite(scope, operands, options.has('s') || options.has('source'));
}

/** From another commit, every path changes; from the index, those that were changed here. */
function overwrite(scope: Scope, paths: readonly Word[], fromCommit: boolean): void {
  if (fromCommit) for (const word of paths) addWrite(scope, word, { follows: false });
  else discard(scope, paths);
}

function stash(args: readonly Word[], scope: Scope): void {
  const { operands, separator } = readArguments(args, { short: 'm', long: ['message', 'pathspec-from-file'] });
  const [name] = operands;
  const isBare = name === undefined || separator === 0;
  if (!isBare && name.text !== 'push' && name.text !== 'save') return;
  const paths = isBare ? operands : name.text === 'push' ? operands.slice(1) : [];
  discard(scope, paths.length === 0 ? null : paths);
}

/** @param ifThere leaves out what is no path here */
function discard({ directory, findings }: Scope, paths: readonly Word[] | null, ifThere = false): void {
  if (directory === null) return;
  const known = paths?.flatMap(({ text, opaque, pattern }) => (opaque || pattern !== null ? [] : [text])) ?? null;
  if (paths !== null && paths.length > 0 && known?.length === 0) return;
  findings.git.push({
    kind: 'discard',
    paths: known === null || known.length === 0 ? null : known,
    ifThere,
    directory,
  });
}
