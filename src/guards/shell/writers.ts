import { resolve } from 'node:path';
import { escapeGlob } from '../../domain/ground/patterns.js';
import { addWrite, type CommandInput, enter, NO_INPUT, type PatchFile, type Scope } from './findings.js';
import { readArguments, type Valued } from './options.js';
import { isMarked, plainWord, type Word } from './words.js';

type Writer = (args: readonly Word[], scope: Scope, input: CommandInput) => void;

/** Programs that write the files that they name, and how they name them. */
const WRITERS: Readonly<Record<string, Writer>> = {
  tee: (args, scope) => {
    const { operands, options } = readArguments(args, { long: ['output-error'] });
    for (const word of operands) addWrite(scope, word, { keeps: options.has('a') || options.has('append') });
  },
  sponge: everyOperand(),
  rm: everyOperand({}, false),
  unlink: everyOperand({}, false),
  shred: everyOperand({ short: 'ns' }),
  truncate: everyOperand({ short: 'sr', long: ['size', 'reference'] }),
  touch: everyOperand({ short: 'rtdA', long: ['reference', 'date', 'time'] }),
  ed: everyOperand({ short: 'p', long: ['prompt'] }),
  ex: everyOperand({ short: 'cSTu', long: ['cmd'] }),
  vi: everyOperand({ short: 'cSTu', long: ['cmd'] }),
  vim: everyOperand({ short: 'cSTu', long: ['cmd'] }),
  nvim: everyOperand({ short: 'cSlu', long: ['cmd'] }),
  gzip: compressor('gz', { short: 'bS', long: ['suffix'] }),
  gunzip: compressor('gz', { short: 'S', long: ['suffix'] }),
  bzip2: compressor('bz2'),
  bunzip2: compressor('bz2'),
  xz: compressor('xz', { short: 'STMF', long: ['suffix', 'threads', 'memlimit', 'format'] }),
  unxz: compressor('xz'),
  zstd: compressor('zst', { short: 'oMDTB' }),
  split: (args, scope) => {
    const { operands } = readArguments(args, {
      short: 'abClnt',
      long: ['suffix-length', 'bytes', 'line-bytes', 'lines', 'number', 'separator', 'filter', 'additional-suffix'],
    });
    const prefix = operands[1] ?? plainWord('x');
    if (!prefix.opaque) addWrite(scope, { ...prefix, pattern: `${prefix.pattern ?? escapeGlob(prefix.text)}*` });
  },
  tar,
  unzip: (args, scope) => {
    const { operands, options } = readArguments(args, { short: 'dxP' });
    if ('lptvZz'.split('').some((letter) => options.has(letter))) return;
    extracted(scope, options.get('d')?.[0], operands.slice(1));
  },
  '7z': sevenZip,
  '7za': sevenZip,
  '7zz': sevenZip,
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
  sed,
  perl: inPlace({ short: 'eEIMm', attached: 'i' }, ['e', 'E']),
  ruby: inPlace({ short: 'eIr', attached: 'i' }, ['e']),
  gawk: awk,
  mawk: awk,
  awk,
  scp: copied(false, { short: 'cFiJloPSX' }),
  dos2unix: everyOperand(),
  unix2dos: everyOperand(),
  sd: (args, scope) => {
    for (const word of readArguments(args, { short: 'nf' }).operands.slice(2)) addWrite(scope, word);
  },
  yq: formatter(['i', 'inplace', 'in-place'], { short: 'op' }, 1),
  prettier: formatter(['w', 'write'], { long: ['config', 'parser', 'ignore-path'] }),
  eslint: formatter(['fix'], { short: 'cf', long: ['config', 'ext', 'format', 'rule'] }),
  'clang-format': formatter(['i'], { long: ['style', 'lines'] }),
  gofmt: formatter(['w'], { short: 'rd' }),
  shfmt: formatter(['w', 'write'], { short: 'i' }),
  rustfmt: formatter(null, { long: ['edition', 'config'] }),
  black: formatter(null, { short: 'lt', long: ['line-length', 'target-version', 'config'] }),
  isort: formatter(null, { short: 'lp', long: ['profile'] }),
  curl: downloaded(
    { short: 'oHdXuAebFTxKmwCcDEPQrtUYyz', long: ['output', 'header', 'data', 'request'] },
    ['o', 'output'],
    'output-dir',
  ),
  wget: downloaded(
    { short: 'OoPUtTQe', long: ['output-document', 'output-file', 'header'] },
    ['O', 'output-document'],
    'directory-prefix',
  ),
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
    // A lone operand of ln is linked to from here.
    const [only] = operands;
    if (folder || operands.length !== 1 || !only) addDestination(scope, folder ?? operands.at(-1), sources);
    else if (!isMove) addWrite(scope, { ...only, text: lastPart(only.text), pattern: null }, { follows: false });
  };
}

/** Writes a file, or where it is a directory, the sources' names in it. */
export function addDestination(scope: Scope, to: Word | undefined, sources: readonly Word[]): void {
  const into = sources.flatMap(({ text, opaque, pattern }) =>
    opaque || pattern !== null || isMarked(text) ? [] : [lastPart(text)],
  );
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

/** Edits files in place with `-i`; the first operand is the program, unless an option is. */
function inPlace(valued: Valued, programs: readonly string[]): (words: readonly Word[], scope: Scope) => void {
  return (words, scope) => {
    const { operands, options } = readArguments(words, valued);
    if (!options.has('i') && !options.has('in-place')) return;
    for (const word of operands.slice(programs.some((name) => options.has(name)) ? 0 : 1)) addWrite(scope, word);
  };
}

const SED = { short: 'efl', attached: 'i', long: ['expression', 'file', 'line-length'] };

const SED_IN_PLACE = inPlace(SED, ['e', 'f', 'expression', 'file']);

/** Beside the files that it edits in place, those that its script names with `w`. */
function sed(words: readonly Word[], scope: Scope): void {
  SED_IN_PLACE(words, scope);
  const { operands, options } = readArguments(words, SED);
  const scripts = [...(options.get('e') ?? []), ...(options.get('expression') ?? [])];
  const isElsewhere = scripts.length > 0 || options.has('f') || options.has('file');
  for (const { text } of isElsewhere ? scripts : operands.slice(0, 1)) {
    for (const [, name = ''] of text.matchAll(/(?:^|[\s;{}!$/|,#%@0-9gpIiMme])[wW][ \t]+([^\n]+)/g))
      addWrite(scope, plainWord(name));
  }
}

/** Each file goes, and one with another suffix comes. */
function compressor(suffix: string, valued: Valued = {}): Writer {
  return (args, scope) => {
    const { operands, options } = readArguments(args, valued);
    const only = ['c', 'l', 't', 'stdout', 'to-stdout', 'list', 'test'].some((name) => options.has(name));
    if (only) return;
    const recurses = options.has('r') || options.has('recursive');
    for (const word of operands) {
      const isPacked = word.text.endsWith(`.${suffix}`);
      const other = isPacked ? word.text.slice(0, -suffix.length - 1) : `${word.text}.${suffix}`;
      const keeps = (options.has('k') || options.has('keep')) && !recurses;
      if (!keeps) addWrite(scope, word, { follows: false });
      addWrite(scope, { ...word, text: other, pattern: word.pattern === null ? null : `${word.pattern}.${suffix}` });
    }
  };
}

/** What comes out of an archive is known where a folder or its members are named; a list of others is not read. */
function extracted(scope: Scope, folder: Word | undefined, members: readonly Word[]): void {
  const directory = folder ? enter(scope.directory, folder) : scope.directory;
  const names = members.filter(({ opaque }) => !opaque);
  if (names.length === 0) addWrite(scope, folder);
  else for (const name of names) addWrite({ ...scope, directory }, name, { follows: false });
}

const TAR = {
  short: 'fCbXTLNgIKVHF',
  long: [
    ...['file', 'directory', 'exclude', 'exclude-from', 'files-from', 'strip-components', 'transform', 'format'],
    ...['mode', 'owner', 'group', 'use-compress-program', 'listed-incremental'],
  ],
};

/** Its options may stand in the first word without a dash. */
function tar(args: readonly Word[], scope: Scope): void {
  const [first] = args;
  const isBundled = first !== undefined && !first.text.startsWith('-');
  const words = isBundled ? [{ ...first, text: `-${first.text}` }, ...args.slice(1)] : args;
  const { operands, options } = readArguments(words, TAR);
  const has = (...names: string[]) => names.some((name) => options.has(name));
  const folder = (options.get('C') ?? options.get('directory'))?.at(-1);
  if (has('x', 'extract', 'get')) extracted(scope, folder, operands);
  if (!has('c', 'create', 'r', 'append', 'u', 'update', 'A')) return;
  addWrite(scope, (options.get('f') ?? options.get('file'))?.[0]);
  const from = folder ? { ...scope, directory: enter(scope.directory, folder) } : scope;
  if (has('remove-files')) for (const word of operands) addWrite(from, word, { follows: false });
}

/** A verb, then an archive, then members; `-oFOLDER` says where what comes out goes. */
function sevenZip(args: readonly Word[], scope: Scope): void {
  const [verb, archive, ...members] = args.filter(({ text }) => !text.startsWith('-'));
  const folder = args.find(({ text }) => /^-o./.test(text));
  const to = folder && { ...folder, text: folder.text.slice(2), pattern: null };
  if (verb?.text === 'x' || verb?.text === 'e') extracted(scope, to, members);
  else if (['a', 'u', 'd', 'rn'].includes(verb?.text ?? '')) addWrite(scope, archive);
}

/** Beside the files that gawk edits in place, those that its program prints into. */
function awk(words: readonly Word[], scope: Scope): void {
  const { operands, options } = readArguments(words, { short: 'fivF', long: ['file', 'include', 'assign'] });
  const isElsewhere = options.has('f') || options.has('file');
  const assigned = [...(options.get('v') ?? []), ...(options.get('assign') ?? [])].map(({ text }) => text);
  for (const { text } of isElsewhere ? [] : operands.slice(0, 1)) {
    for (const [, name, variable] of text.matchAll(/\bprintf?\b[^;{}\n>]*>>?\s*(?:"([^"\n]+)"|([A-Za-z_]\w*))/g)) {
      const value = assigned.find((one) => one.startsWith(`${variable}=`))?.slice(`${variable}=`.length);
      const path = name ?? value;
      if (path !== undefined) addWrite(scope, plainWord(path));
    }
  }
  const extensions = [...(options.get('i') ?? []), ...(options.get('include') ?? [])];
  if (!extensions.some(({ text }) => text === 'inplace')) return;
  for (const word of operands.slice(isElsewhere ? 0 : 1)) addWrite(scope, word);
}

/** Rewrites the files that it names: always, but for a dry run, or where an option says so. */
function formatter(only: readonly string[] | null, valued: Valued, skipped = 0): Writer {
  return (args, scope) => {
    const { operands, options } = readArguments(args, valued);
    const isDry = ['check', 'diff', 'd', 'c', 'l'].some((name) => options.has(name));
    if (only === null ? isDry : !only.some((name) => options.has(name))) return;
    for (const word of operands.slice(skipped)) addWrite(scope, word);
  };
}

/** Writes the file that an option names, else one of the name at the end of an address, in the folder that another names. */
function downloaded(valued: Valued, names: readonly string[], folder: string): Writer {
  const write = named(valued, names);
  return (args, scope) => {
    write(args, scope, NO_INPUT);
    const { operands, options } = readArguments(args, { ...valued, long: [...(valued.long ?? []), folder] });
    const keepsName = names.includes('O') ? !options.has('O') : options.has('O') || options.has('remote-name');
    if (!keepsName || names.some((name) => name.length > 1 && options.has(name))) return;
    const into = options.get(folder)?.[0] ?? (names.includes('O') ? options.get('P')?.[0] : undefined);
    const within = into ? { ...scope, directory: enter(scope.directory, into) } : scope;
    for (const word of operands) {
      const name = lastPart(word.text.replace(/[?#].*$/, ''));
      if (!word.opaque && /^\w+:\/\//.test(word.text)) addWrite(within, { ...word, text: name, pattern: null });
    }
  };
}

/** Writes the file that an option names. */
function named(valued: Valued, names: readonly string[]): Writer {
  return (args, scope) => {
    const { options } = readArguments(args, valued);
    // `-` is standard output.
    for (const word of names.flatMap((name) => options.get(name) ?? [])) if (word.text !== '-') addWrite(scope, word);
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
  if (operands.length > 0 || output) return;
  const file = (options.get('i') ?? options.get('input'))?.[0] ?? input.file;
  const folder = (options.get('d') ?? options.get('directory'))?.[0];
  const directory = folder ? enter(scope.directory, folder) : scope.directory;
  // A file that is named is looked for there, one that is its input here.
  const isInput = file !== undefined && file !== null && file === input.file;
  const named = folder && isInput && scope.directory ? { ...file, text: resolve(scope.directory, file.text) } : file;
  addPatch({ ...scope, directory }, named ?? null, input.text, {
    strip: stripOf(options.get('p') ?? options.get('strip')),
    fromRoot: false,
    below: '',
    include: [],
    exclude: [],
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
  how: Omit<PatchFile, 'directory' | 'file' | 'text'>,
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
