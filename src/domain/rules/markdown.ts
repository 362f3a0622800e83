import { linesOf } from './files.js';

/** One line of a rules file that people read; code blocks, comments and front matter are left out. Lines count from 1. */
export type MarkdownLine =
  | { readonly kind: 'heading'; readonly line: number; readonly level: number; readonly text: string }
  /** Meant as a heading, but not of the form `## text`: `##text`, or text underlined with `---`. */
  | { readonly kind: 'lookalike'; readonly line: number; readonly text: string }
  | { readonly kind: 'text'; readonly line: number; readonly text: string }
  | { readonly kind: 'blank'; readonly line: number };

export interface MarkdownScan {
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
export function scanMarkdown(text: string): MarkdownScan {
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
