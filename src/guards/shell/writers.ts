import { addWrite, type CommandInput, type PatchFile, type Scope } from './findings.js';
import type { Word } from './words.js';
import { type Arguments, readArguments, type Valued } from './words.js';

type Writer = (args: readonly Word[], scope: Scope, input: CommandInput) => void;

/** Programs that write the files that they name, and how they name them. */
const WRITERS: Readonly<Record<string, Writer>> = {
  tee: everyOperand({ long: ['output-error'] }),
  sponge: everyOperand(),
  rm: everyOperand({}, false),
  rmdir: everyOperand({}, false),
  unlink: everyOperand({}, false),
  shred: everyOperand({ short: 'ns' }),
  truncate: everyOperand({ short: 'sr', long: ['size', 'reference'] }),
  touch: everyOperand({ short: 'rtdA', long: ['reference', 'date', 'time'] }),
  chmod: (args, scope) => {
    const { operands, options } = readArguments(args, { long: ['reference'] });
    // `-x` takes a permission away: it is the mode.
    const hasMode = options.has('reference') || [...'rwxXst'].some((letter) => options.has(letter));
    for (const word of operands.slice(hasMode ? 0 : 1)) addWrite(scope, word);
  },
  mv: copied(true),
  cp: copied(false),
  ln: copied(false, { short: 'tS', long: ['target-directory', 'suffix'] }),
  install: install,
  rsync: copied(false, { short: 'e', long: ['rsh', 'exclude', 'include', 'filter', 'files-from'] }),
  dd: (args, scope) => {
    for (const word of args) {
      if (word.text.startsWith('of=')) addWrite(scope, { ...word, text: word.text.slice(3), pattern: null });
    }
  },
  sed: inPlace(
    { short: 'eflE', long: ['expression', 'file', 'line-length'] },
    ['e', 'f', 'expression', 'file'],
    (args) => args.options.has('i') || args.options.has('in-place'),
  ),
  perl: inPlace({ short: 'eEIMm' }, ['e', 'E'], ({ options }) => options.has('i')),
  ruby: inPlace({ short: 'eIr' }, ['e'], ({ options }) => options.has('i')),
  gawk: awk,
  awk,
  curl: named({ short: 'oHdXuAebFTxKmwCcDEPQrtUYyz', long: ['output', 'header', 'data', 'request'] }, ['o', 'output']),
  wget: named({ short: 'OoPUtTQe', long: ['output-document', 'output-file', 'header'] }, ['O', 'output-document']),
  sort: named({ short: 'oktST', long: ['output', 'key'] }, ['o', 'output']),
  patch: patch,
};

/** Notes what a program writes, if it is one whose ways are known here. */
export function examineWriter(name: string, args: readonly Word[], input: CommandInput, scope: Scope): void {
  if (Object.hasOwn(WRITERS, name)) WRITERS[name]?.(args, scope, input);
}

function everyOperand(valued: Valued = {}, follows = true): Writer {
  return (args, scope) => {
    for (const word of readArguments(args, valued).operands) addWrite(scope, word, { follows });
  };
}

/** The last operand is written, or what is put into it; `isMove`: the others go away. */
function copied(isMove: boolean, valued: Valued = { short: 'tS', long: ['target-directory', 'suffix'] }): Writer {
  return (args, scope) => {
    const { operands, options } = readArguments(args, valued);
    const folder = (options.get('t') ?? options.get('target-directory'))?.[0];
    const sources = folder ? operands : operands.slice(0, -1);
    if (isMove) for (const word of sources) addWrite(scope, word, { follows: false });
    addDestination(scope, folder ?? operands.at(-1), sources);
    // A lone operand of ln is linked to from here.
    if (!folder && operands.length === 1 && !isMove && operands[0]) {
      const { text } = operands[0];
      addWrite(scope, { ...operands[0], text: lastPart(text), pattern: null }, { follows: false });
    }
  };
}

/** Writes a file, or where it is a directory, the sources' names in it. */
export function addDestination(scope: Scope, to: Word | undefined, sources: readonly Word[]): void {
  const into = sources.flatMap(({ text, opaque, pattern }) => (opaque || pattern !== null ? [] : [lastPart(text)]));
  addWrite(scope, to, { into: into.filter((name) => name !== '' && name !== '.' && name !== '..') });
}

function lastPart(path: string): string {
  return path.replace(/\/+$/, '').split('/').at(-1) ?? '';
}

function install(args: readonly Word[], scope: Scope): void {
  const valued = { short: 'gmotS', long: ['group', 'mode', 'owner', 'target-directory', 'suffix'] };
  const { operands, options } = readArguments(args, valued);
  // Directories alone change nothing that git keeps.
  if (options.has('d') || options.has('directory')) return;
  const folder = (options.get('t') ?? options.get('target-directory'))?.[0];
  addDestination(scope, folder ?? operands.at(-1), folder ? operands : operands.slice(0, -1));
}

/** Edits files in place; the first operand is the program, unless an option is. */
function inPlace(valued: Valued, programs: readonly string[], isInPlace: (args: Arguments) => boolean): Writer {
  return (words, scope) => {
    const args = readArguments(words, valued);
    if (!isInPlace(args)) return;
    const skipped = programs.some((name) => args.options.has(name)) ? 0 : 1;
    for (const word of args.operands.slice(skipped)) addWrite(scope, word);
  };
}

function awk(words: readonly Word[], scope: Scope): void {
  const { operands, options } = readArguments(words, { short: 'fivF', long: ['file', 'include', 'assign'] });
  const extensions = [...(options.get('i') ?? []), ...(options.get('include') ?? [])];
  if (!extensions.some(({ text }) => text === 'inplace')) return;
  for (const word of operands.slice(options.has('f') || options.has('file') ? 0 : 1)) addWrite(scope, word);
}

/** Writes the file that an option names. */
function named(valued: Valued, names: readonly string[]): Writer {
  return (args, scope) => {
    const { options } = readArguments(args, valued);
    for (const word of names.flatMap((name) => options.get(name) ?? [])) addWrite(scope, word);
  };
}

function patch(args: readonly Word[], scope: Scope, input: CommandInput): void {
  const { operands, options } = readArguments(args, {
    short: 'pidoDFrBYzgV',
    long: ['strip', 'input', 'directory', 'output'],
  });
  if (options.has('dry-run')) return;
  const output = options.get('o') ?? options.get('output');
  for (const word of output ?? operands.slice(0, 1)) addWrite(scope, word);
  if (operands.length > 0 || output || options.has('d') || options.has('directory')) return;
  const file = (options.get('i') ?? options.get('input'))?.[0] ?? input.file;
  addPatch(scope, file ?? null, input.text, {
    strip: stripOf(options.get('p') ?? options.get('strip')),
    fromRoot: false,
  });
}

/** Without the option, `patch` takes the last part; where files lie is seen only with it. */
function stripOf(values: readonly Word[] | undefined): number {
  const strip = Number(values?.[0]?.text ?? 0);
  return Number.isInteger(strip) && strip >= 0 ? strip : 0;
}

/** Notes a patch: its text, or the file that holds it. */
export function addPatch(
  scope: Scope,
  file: Word | null,
  text: string | null,
  how: Pick<PatchFile, 'strip' | 'fromRoot'>,
): void {
  if (scope.directory === null || (file !== null && (file.opaque || file.pattern !== null))) return;
  if (file === null && text === null) return;
  scope.findings.patches.push({
    directory: scope.directory,
    file: file?.text ?? null,
    text: file ? null : text,
    ...how,
  });
}
