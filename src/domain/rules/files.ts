/** A file of the rules folder, as read from git or from disk. */
export interface RulesFile {
  /** Path relative to the repository root, `/` between segments: `rules/core.md`. */
  readonly file: string;
  readonly text: string;
}

/**
 * Whether a file of the rules folder holds rules: a `.md` file that is neither a README (in any language, such as
 * `README.de.md`) nor hidden. `name` is a file name or a path; only its last segment counts.
 */
export function isRulesFile(name: string): boolean {
  const base = name.slice(name.lastIndexOf('/') + 1);
  return /^[^.].*\.md$/isu.test(base) && !/^readme\.(?:.*\.)?md$/isu.test(base);
}

/** The rules files among `files`, ordered by name so that every machine sees the same order. */
export function inRulesOrder(files: readonly RulesFile[]): RulesFile[] {
  return files.filter(({ file }) => isRulesFile(file)).sort((a, b) => compareByCodePoint(a.file, b.file));
}

/** The lines of a text without byte order mark, carriage returns, trailing blanks and blank lines at the end. */
export function linesOf(text: string): string[] {
  const lines = text
    .replace(/^\uFEFF/u, '')
    .split(/\r\n|\r|\n/u)
    .map((line) => line.trimEnd());
  return lines.slice(0, lines.findLastIndex((line) => line !== '') + 1);
}

/**
 * The canonical text that the rules digest is computed over: `sha256(utf8(digestInput(files)))`, in hex. The hash is
 * taken at the edge, since the domain has no crypto.
 *
 * Each rules file gives one line `file <name as JSON>`, then its lines, each after one space: no content can pass for
 * the start of another file. Line ends, byte order marks, trailing blanks and the order in which the files were
 * listed make no difference; any other change does, in a `Why:` paragraph too.
 */
export function digestInput(files: readonly RulesFile[]): string {
  return inRulesOrder(files)
    .map(({ file, text }) =>
      [`file ${JSON.stringify(file)}`, ...linesOf(text).map((line) => ` ${line}`), ''].join('\n'),
    )
    .join('');
}

/** JavaScript compares UTF-16 units, which puts emoji before some letters; git and most tools compare code points. */
function compareByCodePoint(a: string, b: string): number {
  const left = Array.from(a, codePoint);
  const right = Array.from(b, codePoint);
  const differs = left.findIndex((point, index) => point !== right[index]);
  if (differs === -1) return left.length - right.length;
  return (left[differs] ?? 0) - (right[differs] ?? -1);
}

function codePoint(character: string): number {
  return character.codePointAt(0) ?? 0;
}
