import type { RulesFile } from './files.js';
import { type MarkdownLine, scanMarkdown } from './markdown.js';

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
