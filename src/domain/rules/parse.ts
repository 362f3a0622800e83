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

/** One clear sentence of behaviour. */
export interface Rule {
  /** Short and stable; it stands in the heading and does not depend on the rule's place. */
  readonly id: string;
  readonly title: string;
  /** The behaviour on one line, with its Markdown; the `Why:` paragraph is no part of it. */
  readonly text: string;
  readonly file: string;
}

/**
 * The rules of a rules folder, by file name and then in the order in which they stand.
 *
 * A rule is a section of a rules file (`isRulesFile`; others in `files` are passed over):
 *
 *     ## claim-before-you-change: Claim before you change
 *
 *     One sentence of behaviour.
 *
 *     Why: the failure that the rule closes.
 *
 * Reading is lenient, so that a slip of the pen never hides a rule: a section with a usable id and some behaviour is
 * a rule, whatever else `lintRules` has to say about it. Unfilled slots and empty sections are not rules.
 */
export function parseRules(files: readonly RulesFile[]): Rule[] {
  return inRulesOrder(files)
    .map(readSections)
    .flatMap(({ file, sections }) =>
      sections.flatMap(({ id, title, slot, behaviour }) =>
        id === null || slot || behaviour.length === 0
          ? []
          : [{ id, title: title === '' ? id : title, text: behaviour.join(' '), file }],
      ),
    );
}

/** One `## <id>: <Title>` section, read without judging it. */
export interface RuleSection {
  /** Of the heading, from 1. */
  readonly line: number;
  readonly heading: string;
  /** As written, in NFC; null when the heading gives none that can be used. */
  readonly id: string | null;
  readonly title: string;
  /** Still one of the empty slots of the starter: its id is `slot-<number>`. */
  readonly slot: boolean;
  /** The paragraphs and list items before `Why:`, each on one line. */
  readonly behaviour: readonly string[];
}

export interface RulesDocument {
  readonly file: string;
  readonly sections: readonly RuleSection[];
  /** Headings that are neither the file's title nor a rule; what stands under them is not read. */
  readonly strayHeadings: readonly { readonly line: number; readonly text: string }[];
  readonly unclosed: { readonly line: number; readonly what: string } | null;
}

/** Letters and digits of any script, in words joined by single hyphens. */
const ID = /^[\p{L}\p{N}][\p{L}\p{M}\p{N}]*(?:-[\p{L}\p{M}\p{N}]+)*$/u;

/** Two ids with the same key are the same id. */
export function ruleKey(id: string): string {
  return id.normalize('NFC').toLowerCase();
}

/** Splits a rules file into its sections. Never throws: what cannot be read is reported by `lintRules`. */
export function readSections({ file, text }: RulesFile): RulesDocument {
  const { lines, unclosed } = scanMarkdown(text);
  const headings = lines.flatMap((line, index) =>
    line.kind === 'heading' || line.kind === 'lookalike' ? [{ line, index }] : [],
  );
  const sections: RuleSection[] = [];
  const strayHeadings: { line: number; text: string }[] = [];
  headings.forEach(({ line, index }, nth) => {
    if (line.kind === 'heading' && line.level === 2) {
      sections.push(readSection(line.line, line.text, lines.slice(index + 1, headings[nth + 1]?.index)));
    } else if (nth > 0 || !isFileTitle(line)) {
      strayHeadings.push({ line: line.line, text: line.text });
    }
  });
  return { file, sections, strayHeadings, unclosed };
}

function isFileTitle(line: MarkdownLine): boolean {
  return line.kind === 'heading' && line.level === 1 && splitHeading(line.text).id === null;
}

function readSection(line: number, heading: string, body: readonly MarkdownLine[]): RuleSection {
  const { id, title } = splitHeading(heading);
  const slot = id !== null && /^slot-\d+$/iu.test(id);
  return { line, heading, id, title, slot, behaviour: behaviourOf(body) };
}

function splitHeading(heading: string): { id: string | null; title: string } {
  const parts = /^([^:：]*)[:：](.*)$/u.exec(heading);
  const id = (parts?.[1] ?? '').trim().normalize('NFC');
  return ID.test(id) ? { id, title: (parts?.[2] ?? '').trim() } : { id: null, title: heading };
}

function behaviourOf(body: readonly MarkdownLine[]): string[] {
  const why = body.findIndex(
    (line) => line.kind === 'text' && /^[*_]{0,3}(?:Why|WHY)[*_]{0,3}\s?[:：]/u.test(line.text),
  );
  const blocks: string[][] = [];
  let startsBlock = true;
  for (const line of why === -1 ? body : body.slice(0, why)) {
    if (line.kind !== 'text') {
      startsBlock = true;
      continue;
    }
    const item = /^(?:[-*+]|1[.)])\s+(.*)$/u.exec(line.text);
    if (startsBlock || item !== null) blocks.push([]);
    blocks.at(-1)?.push((item?.[1] ?? line.text).replace(/\s+/gu, ' '));
    startsBlock = false;
  }
  return blocks.map((words) => words.join(' ')).filter((block) => /[\p{L}\p{N}]/u.test(block));
}

/** One line of a rules file that people read; code blocks, comments and front matter are left out. Lines count from 1. */
type MarkdownLine =
  | { readonly kind: 'heading'; readonly line: number; readonly level: number; readonly text: string }
  /** Meant as a heading, but not of the form `## text`: `##text`, or text underlined with `---`. */
  | { readonly kind: 'lookalike'; readonly line: number; readonly text: string }
  | { readonly kind: 'text'; readonly line: number; readonly text: string }
  | { readonly kind: 'blank'; readonly line: number };

interface MarkdownScan {
  readonly lines: readonly MarkdownLine[];
  /** A code block or comment that is never closed hides all that follows it. */
  readonly unclosed: { readonly line: number; readonly what: 'code block' | 'comment' } | null;
}

interface HiddenBlock {
  readonly line: number;
  readonly what: 'code block' | 'comment';
  /** What ends it: the mark that opened the code block, or `-->`. */
  readonly end: string;
}

/** What one line shows, and the code block or comment that is open at its end. */
interface VisibleLine {
  readonly visible: string;
  readonly hidden: HiddenBlock | null;
}

/** Reads the part of CommonMark 0.31 that a rules file needs: ATX headings, paragraphs, code blocks, comments. */
function scanMarkdown(text: string): MarkdownScan {
  const source = linesOf(text);
  const start = frontMatterLength(source);
  const lines: MarkdownLine[] = [];
  let hidden: HiddenBlock | null = null;
  for (const [index, raw] of source.slice(start).entries()) {
    const line = start + index + 1;
    const read: VisibleLine = readLine(raw, line, hidden);
    hidden = read.hidden;
    const markdown = classify(read.visible, line, lines.at(-1));
    if (markdown !== null) lines.push(markdown);
  }
  return { lines, unclosed: hidden };
}

function readLine(raw: string, line: number, hidden: HiddenBlock | null): VisibleLine {
  if (hidden?.what === 'code block') return { visible: '', hidden: closesFence(raw, hidden.end) ? null : hidden };
  const fence = hidden === null ? /^\s*(`{3,}(?=[^`]*$)|~{3,})/u.exec(raw)?.[1] : undefined;
  if (fence !== undefined) return { visible: '', hidden: { line, what: 'code block', end: fence } };
  const { visible, open } = withoutComments(raw, hidden !== null);
  return { visible: visible.trimEnd(), hidden: open ? (hidden ?? { line, what: 'comment', end: '-->' }) : null };
}

function frontMatterLength(source: readonly string[]): number {
  return source[0] === '---' ? source.indexOf('---', 1) + 1 : 0;
}

function closesFence(raw: string, fence: string): boolean {
  const trimmed = raw.trim();
  return trimmed.startsWith(fence) && trimmed === fence.charAt(0).repeat(trimmed.length);
}

/** Cuts HTML comments out of one line; `open` says whether a comment goes on to the next line. */
function withoutComments(raw: string, startsInside: boolean): { visible: string; open: boolean } {
  let visible = '';
  let rest = raw;
  let open = startsInside;
  for (;;) {
    const at = open ? rest.indexOf('-->') : maskCodeSpans(rest).indexOf('<!--');
    if (at === -1) return { visible: open ? visible : visible + rest, open };
    if (!open) visible += rest.slice(0, at);
    rest = rest.slice(at + (open ? 3 : 4));
    open = !open;
  }
}

/** The line with the same length and its code spans blanked, so that what stands in them is not taken for markup. */
function maskCodeSpans(raw: string): string {
  return raw.replace(/(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)/gu, (span) => ' '.repeat(span.length));
}

function classify(visible: string, line: number, previous: MarkdownLine | undefined): MarkdownLine | null {
  const text = visible.trim();
  const afterText = previous?.kind === 'text';
  if (text === '') return { kind: 'blank', line };
  const indentedCode = !afterText && /^(?: {4}| {0,3}\t)/u.test(visible);
  if (indentedCode) return null;
  const heading = /^ {0,3}(#{1,6})(?:\s+(.*?))?(?:\s+#+)?$/u.exec(visible);
  if (heading !== null) return { kind: 'heading', line, level: heading[1]?.length ?? 0, text: heading[2] ?? '' };
  if (/^ {0,3}##+[^\s#]/u.test(visible)) return { kind: 'lookalike', line, text };
  if (afterText && /^ {0,3}(?:-+|=+)$/u.test(visible)) return { kind: 'lookalike', line, text: previous.text };
  if (/^ {0,3}(?:(?:-\s*){3,}|(?:\*\s*){3,}|(?:_\s*){3,})$/u.test(visible)) return { kind: 'blank', line };
  return { kind: 'text', line, text };
}
