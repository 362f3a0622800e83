import { patchPaths } from '../harness/payload.js';
import { addWrite, type CommandInput, noteAssignment, type Scope } from './findings.js';
import { examineGit } from './git-programs.js';
import type { Valued, Word } from './words.js';
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
  xargs: { short: 'aEIdLnPs', long: ['arg-file', 'delimiter', 'max-args', 'max-procs', 'replace', 'max-lines'] },
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
    if (takesGuardsAway(own))
      scope.findings.bypasses.push(`coord ${own.join(' ')} takes guards away, which is for a person`);
    return;
  }
  const manager = managerTakenAway(words);
  if (manager !== null) scope.findings.bypasses.push(`${manager} takes the hooks away, and the guards in them`);
  scope.findings.commands.push(words.map(({ text, opaque }) => (opaque ? '…' : text)));
  const wrapper = Object.hasOwn(WRAPPERS, name) ? WRAPPERS[name] : undefined;
  if (wrapper) unwrap(name, args, wrapper, scope, (inner, within) => examine(inner, input, within, read));
  else if (SHELLS.has(name)) shell(args, input, scope, read);
  else if (name === 'eval') evaluated(args, scope, read);
  else if (name === 'export') exported(args, scope);
  else if (name === 'apply_patch' || name === 'applypatch') applyPatch(args, input, scope);
  else if (name === 'find') find(args, scope, (inner) => examine(inner, input, scope, read));
  else if (name === 'git') examineGit(args, input, scope);
  else examineWriter(name, args, input, scope);
}

/** What follows the name of coord, which judges for itself; null: it is another program. */
function coordWords(words: readonly Word[]): string[] | null {
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
  { short = '', long = [], operands = 0 }: Valued & { readonly operands?: number },
  scope: Scope,
  run: (words: readonly Word[], scope: Scope) => void,
): void {
  const assigns = name === 'env' || name === 'sudo';
  const off = [...(scope.off ?? [])];
  let { directory } = scope;
  let at = 0;
  while (at < args.length) {
    const { text } = args[at] as Word;
    const isOption = text.startsWith('-') && text !== '-';
    if (!isOption && !(assigns && /^[A-Za-z_]\w*=/.test(text))) break;
    at += 1;
    if (text === '--') break;
    if (!isOption && noteAssignment(args[at - 1] as Word, scope.findings)) off.push(text);
    else if (takesNext(text, short, long)) at += 1;
    // env -C and sudo -D run it elsewhere.
    if (/^(?:-[CD]|--chdir)/.test(text)) directory = null;
  }
  run(args.slice(at + operands), { ...scope, directory, off });
}

function takesNext(text: string, short: string, long: readonly string[]): boolean {
  if (text.startsWith('--')) return long.includes(text.slice(2));
  const at = [...text].findIndex((letter, index) => index > 0 && short.includes(letter));
  return at > 0 && at === text.length - 1;
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
    addWrite(scope, { text: path, pattern: null, opaque: false, quoted: true });
  }
}

/** `find DIR… -delete` and `find DIR… -exec rm {} \;`: what would be found is not looked for, all below counts. */
function find(args: readonly Word[], scope: Scope, run: (words: readonly Word[]) => void): void {
  const first = args.findIndex(({ text }) => /^[-(!]/.test(text));
  const places = first < 0 ? args : args.slice(0, first);
  const starts = places.length > 0 ? places : [{ text: '.', pattern: null, opaque: false, quoted: false }];
  if (args.some(({ text }) => text === '-delete'))
    for (const start of starts) addWrite(scope, start, { follows: false });
  args.forEach(({ text }, index) => {
    if (text !== '-exec' && text !== '-execdir') return;
    const rest = args.slice(index + 1);
    const end = rest.findIndex((word) => word.text === ';' || word.text === '+');
    const command = end < 0 ? rest : rest.slice(0, end);
    run(command.flatMap((word) => (word.text === '{}' ? starts : [word])));
  });
}
