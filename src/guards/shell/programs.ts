import { patchPaths } from '../harness/payload.js';
import { addWrite, type CommandInput, enter, noteAssignment, type ReadScript, type Scope } from './findings.js';
import { examineGit } from './git-programs.js';
import { readLeading, type Valued } from './options.js';
import { examineFd, examineFind, examineParallel, examineXargs } from './search.js';
import { plainWord, type Word } from './words.js';
import { examineWriter } from './writers.js';

const SHELLS = new Set(['sh', 'bash', 'dash', 'zsh', 'ksh', 'ash']);

/** Programs that run the words after their own options. */
const WRAPPERS: Readonly<Record<string, Valued & { readonly operands?: number }>> = {
  sudo: { short: 'ugCpThrtDR', long: ['user', 'group', 'chdir', 'host', 'prompt', 'role', 'type'] },
  doas: { short: 'uC' },
  env: { short: 'uCS', long: ['unset', 'chdir', 'split-string'] },
  nohup: {},
  setsid: {},
  time: { short: 'fo' },
  nice: { short: 'n', long: ['adjustment'] },
  ionice: { short: 'cn' },
  stdbuf: { short: 'ioe' },
  timeout: { short: 'ks', long: ['signal', 'kill-after'], operands: 1 },
  command: {},
  builtin: {},
  exec: { short: 'a' },
  busybox: {},
  caffeinate: { short: 'tw' },
};

/**
 * Looks at one command: what it would write, itself or by what it runs.
 * @param words the name of the program, and what follows it
 */
export function examine(words: readonly Word[], input: CommandInput, scope: Scope, read: ReadScript): void {
  const [program, ...args] = words;
  if (!program || program.opaque) return;
  const name = baseName(program.text);
  const own = coordWords(words);
  if (own !== null) {
    examineCoord(own, scope);
    return;
  }
  const manager = managerTakenAway(words);
  if (manager !== null) scope.findings.bypasses.push(`${manager} removes the hooks, and the guards in them`);
  scope.findings.commands.push(words.map(({ text, opaque }) => (opaque ? '…' : text)));
  const inner = started(words);
  if (inner !== null) {
    examine(inner, input, scope, read);
    return;
  }
  const wrapper = Object.hasOwn(WRAPPERS, name) ? WRAPPERS[name] : undefined;
  const run = (inner: readonly Word[], within: Scope) => examine(inner, input, within, read);
  if (wrapper) unwrap(name, args, wrapper, scope, run);
  else if (SHELLS.has(name)) shell(args, input, scope, read);
  else if (name === 'eval') evaluated(args, scope, read);
  else if (name === 'apply_patch' || name === 'applypatch') applyPatch(args, input, scope);
  else if (name === 'find') examineFind(args, scope, run);
  else if (name === 'fd' || name === 'fdfind') examineFd(args, scope, run);
  else if (name === 'xargs') examineXargs(args, input, scope, run);
  else if (name === 'parallel') examineParallel(args, input, scope, run);
  else if (name === 'git') examineGit(args, input, scope, read);
  else examineWriter(name, args, input, scope);
}

/** Coord judges for itself what it is told to do, but for what takes its guards away. */
function examineCoord(own: readonly Word[], { findings }: Scope): void {
  const { rest } = readLeading(own, { long: ['agent', 'request-id'] });
  const [verb, second] = rest.map(({ text }) => text);
  const isSaid = (...names: string[]) => own.some(({ text }) => names.includes(text));
  const isAway = (verb === 'guard' && second === 'uninstall') || (verb === 'init' && isSaid('--remove'));
  const way = `coord ${own.map(({ text }) => text).join(' ')} removes guards, which is for a person`;
  if (isAway && !isSaid('--help', '-h', '--dry-run')) findings.bypasses.push(way);
  if (verb === 'claim') findings.claims = true;
}

/** What follows the name of coord, which judges for itself; null: it is another program. */
export function coordWords(words: readonly Word[]): readonly Word[] | null {
  for (let inner: readonly Word[] | null = words; inner !== null; inner = started(inner)) {
    if (/^(?:git-)?coord$/.test(programName(inner[0]?.text ?? ''))) return inner.slice(1);
  }
  return null;
}

const MANAGERS = new Set(['husky', 'lefthook', 'pre-commit', 'simple-git-hooks', 'overcommit']);

/** A hook manager that is told to uninstall its hooks; null: another command. */
function managerTakenAway([program, ...args]: readonly Word[]): string | null {
  const name = programName(program?.text ?? '');
  const isAway = MANAGERS.has(name) && args.some(({ text }) => text === 'uninstall' || text === '--uninstall');
  return isAway ? `${name} uninstall` : null;
}

interface Starter extends Valued {
  /** What it must be told to start a program; none: it does nothing else. */
  readonly verbs?: readonly string[];
}

const PACKAGE: Valued = { short: 'pc', long: ['package', 'call', 'workspace', 'from', 'with'] };

/** Programs that start another one, from a package or in an environment. */
const STARTERS: Readonly<Record<string, Starter>> = {
  npx: PACKAGE,
  pnpx: PACKAGE,
  bunx: PACKAGE,
  uvx: PACKAGE,
  npm: { ...PACKAGE, verbs: ['exec', 'x'] },
  pnpm: { ...PACKAGE, verbs: ['exec', 'dlx'] },
  yarn: { ...PACKAGE, verbs: ['run', 'exec', 'dlx'] },
  bun: { ...PACKAGE, verbs: ['x', 'run'] },
  uv: { ...PACKAGE, verbs: ['run', 'tool run'] },
  pipx: { ...PACKAGE, verbs: ['run'] },
  poetry: { verbs: ['run'] },
  pipenv: { verbs: ['run'] },
  pdm: { verbs: ['run'] },
  hatch: { verbs: ['run'] },
  bundle: { verbs: ['exec'] },
  mise: { verbs: ['exec', 'x'] },
  git: { verbs: [] },
};

/** The program, with its words, that a runner of packages, an interpreter or git starts by name; null: none that is seen. */
function started([runner, ...args]: readonly Word[]): readonly Word[] | null {
  const name = baseName(runner?.text ?? '');
  if (/^python[\d.]*$/.test(name)) {
    const at = args.findIndex(({ text }) => text === '-m' || !text.startsWith('-'));
    return args[at]?.text === '-m' ? named(args.slice(at + 1)) : null;
  }
  if (name === 'node') {
    const { options, rest } = readLeading(args, { short: 'r', long: ['require', 'import', 'loader', 'env-file'] });
    const isScript = ['e', 'p', 'eval', 'print', 'check', 'test'].some((option) => options.has(option));
    return !isScript && (rest[0]?.text.includes('node_modules/') || isKnown(rest[0])) ? named(rest) : null;
  }
  const starter = Object.hasOwn(STARTERS, name) ? STARTERS[name] : undefined;
  if (!starter) return null;
  const { options, rest } = readLeading(args, starter);
  if (!starter.verbs) return options.has('c') || options.has('call') ? null : named(rest);
  const said = rest.map(({ text }) => text).join(' ');
  const verb = starter.verbs.find((one) => `${said} `.startsWith(`${one} `));
  // Some start without a verb what is not one of theirs.
  if (verb === undefined) return isKnown(rest[0]) ? named(rest) : null;
  return named(readLeading(rest.slice(verb.split(' ').length), starter).rest);
}

function isKnown(word: Word | undefined): boolean {
  const name = programName(word?.text ?? '');
  return MANAGERS.has(name) || name === 'coord';
}

function named([program, ...args]: readonly Word[]): readonly Word[] | null {
  if (!program) return null;
  // Some are taken away by a program of their own.
  const away = baseName(program.text) === 'uninstall.js' ? [plainWord('uninstall')] : [];
  return [{ ...program, text: programName(program.text) }, ...away, ...args];
}

/** The name of a program by its path, its file in a package, its package and version, or its module. */
function programName(path: string): string {
  const inPackage = /node_modules\/(?!\.bin\/)([^/]+)\//.exec(path)?.[1];
  return (
    inPackage ??
    baseName(path)
      .replace(/(?<=.)@.*$/, '')
      .replace(/\.[cm]?js$/, '')
  ).replaceAll('_', '-');
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function unwrap(
  name: string,
  args: readonly Word[],
  { operands = 0, ...valued }: Valued & { readonly operands?: number },
  scope: Scope,
  run: (words: readonly Word[], scope: Scope) => void,
): void {
  const { options, rest } = readLeading(args, valued);
  const value = (...names: string[]) => names.flatMap((option) => options.get(option) ?? [])[0];
  // What env and sudo set, they set for the one command.
  const assigns = name === 'env' || name === 'sudo';
  const first = assigns ? rest.findIndex(({ text }) => !/^[A-Za-z_]\w*=/.test(text)) : 0;
  const assigned = rest.slice(0, first < 0 ? rest.length : first);
  const off = assigned.filter((word) => noteAssignment(word, scope.findings)).map(({ text }) => text);
  const elsewhere = name === 'env' ? value('C', 'chdir') : name === 'sudo' ? value('D', 'chdir') : undefined;
  const split = (name === 'env' ? value('S', 'split-string') : undefined)?.text.split(/\s+/).map(plainWord) ?? [];
  run([...split, ...rest.slice(assigned.length + operands)], {
    ...scope,
    directory: elsewhere ? enter(scope.directory, elsewhere) : scope.directory,
    off: [...(scope.off ?? []), ...off],
  });
}

/** `bash -c '…'`, or a script on standard input; a script in a file is not seen. */
function shell(args: readonly Word[], input: CommandInput, scope: Scope, read: ReadScript): void {
  const within = { ...scope, depth: scope.depth + 1 };
  const command = args.findIndex(({ text }) => /^-[a-zA-Z]*c[a-zA-Z]*$/.test(text));
  if (command >= 0) {
    const rest = args.slice(command + 1);
    const at = rest.findIndex(({ text }) => !/^-[a-zA-Z]+$/.test(text));
    // What is known of it is read, although a variable in it is not.
    if (at >= 0)
      read(rest[at]?.text ?? '', {
        ...within,
        variables: new Map([...scope.variables, ...argumentsOf(rest.slice(at + 2))]),
      });
  } else if (input.text !== null && !args.some(({ text }) => !text.startsWith('-'))) read(input.text, within);
}

/** The variables in which a script or a function finds its arguments, as far as they are known. */
export function argumentsOf(args: readonly Word[]): ReadonlyMap<string, Word> {
  const known = new Map(args.map((word, index) => [String(index + 1), word]));
  const all = plainWord(args.map(({ text }) => text).join(' '));
  const isKnown = args.every(({ opaque, pattern }) => !opaque && pattern === null);
  if (isKnown) for (const name of ['@', '*']) known.set(name, all);
  return known;
}

function evaluated(args: readonly Word[], scope: Scope, read: ReadScript): void {
  if (args.some(({ opaque }) => opaque)) return;
  read(args.map(({ text }) => text).join(' '), { ...scope, depth: scope.depth + 1 });
}

/** The patch of Codex, as an argument or on standard input. */
function applyPatch(args: readonly Word[], input: CommandInput, scope: Scope): void {
  const text = args[0]?.text ?? input.text ?? '';
  for (const path of patchPaths(text)) {
    addWrite(scope, plainWord(path));
  }
}
