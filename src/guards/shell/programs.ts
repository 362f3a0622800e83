import { patchPaths } from '../harness/payload.js';
import { addWrite, type CommandInput, enter, noteAssignment, type Scope } from './findings.js';
import { examineGit } from './git-programs.js';
import { readLeading, type Valued } from './options.js';
import { examineFind, examineXargs } from './search.js';
import { plainWord, type Word } from './words.js';
import { examineWriter } from './writers.js';

/** Reads a script within a script. */
export type ReadScript = (script: string, scope: Scope) => void;

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
  const wrapper = Object.hasOwn(WRAPPERS, name) ? WRAPPERS[name] : undefined;
  if (wrapper) unwrap(name, args, wrapper, scope, (inner, within) => examine(inner, input, within, read));
  else if (SHELLS.has(name)) shell(args, input, scope, read);
  else if (name === 'eval') evaluated(args, scope, read);
  else if (name === 'export') exported(args, scope);
  else if (name === 'apply_patch' || name === 'applypatch') applyPatch(args, input, scope);
  else if (name === 'find') examineFind(args, scope, (inner, within) => examine(inner, input, within, read));
  else if (name === 'xargs') examineXargs(args, scope, (inner, within) => examine(inner, input, within, read));
  else if (name === 'git') examineGit(args, input, scope);
  else examineWriter(name, args, input, scope);
}

/** Coord judges for itself what it is told to do, but for what takes its guards away. */
function examineCoord(own: readonly string[], { findings }: Scope): void {
  const way = `coord ${own.join(' ')} removes guards, which is for a person`;
  if (takesGuardsAway(own)) findings.bypasses.push(way);
  if (own.includes('claim')) findings.claims = true;
}

/** What follows the name of coord, which judges for itself; null: it is another program. */
export function coordWords(words: readonly Word[]): string[] | null {
  const texts = words.map(({ text }) => text);
  const [first, second] = texts.map(baseName);
  if (first === 'coord' || first === 'coord.js') return texts.slice(1);
  const isStarted = first === 'node' && second === 'coord.js';
  if (isStarted) return texts.slice(2);
  const at = first === 'npx' ? texts.findIndex((text, index) => index > 0 && !text.startsWith('-')) : -1;
  return at > 0 && baseName(texts[at] ?? '') === 'coord' ? texts.slice(at + 1) : null;
}

/** `guard uninstall`, for what it does and not only says. */
function takesGuardsAway(words: readonly string[]): boolean {
  if (words.some((word) => ['--help', '-h', '--dry-run'].includes(word))) return false;
  const verb = words.indexOf('guard');
  return verb >= 0 && words[verb + 1] === 'uninstall';
}

const MANAGERS = new Set(['husky', 'lefthook', 'pre-commit', 'simple-git-hooks', 'overcommit']);
const RUNNERS = new Set([
  'npx',
  'pnpm',
  'yarn',
  'bunx',
  'bun',
  'pipx',
  'uvx',
  'dlx',
  'exec',
  'run',
  'x',
  'python',
  'python3',
]);

/** A hook manager that is told to uninstall its hooks, by whatever runner; null: another command. */
function managerTakenAway(words: readonly Word[]): string | null {
  const texts = words.map(({ text }) => baseName(text));
  const at = texts.findIndex((text) => !RUNNERS.has(text) && !text.startsWith('-'));
  const name = (texts[at] ?? '').replace('_', '-').replace(/@.*$/, '');
  if (!MANAGERS.has(name)) return null;
  const isAway = texts.slice(at + 1).some((text) => text === 'uninstall' || text === '--uninstall');
  return isAway ? `${name} uninstall` : null;
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
    const script = args.slice(command + 1).find(({ text }) => !/^-[a-zA-Z]+$/.test(text));
    // What is known of it is read, although a variable in it is not.
    if (script) read(script.text, within);
  } else if (input.text !== null && !args.some(({ text }) => !text.startsWith('-'))) read(input.text, within);
}

function exported(args: readonly Word[], { findings }: Scope): void {
  for (const word of args) if (noteAssignment(word, findings)) findings.exported.push(word.text);
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
