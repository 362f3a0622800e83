import { inRulesOrder, type RuleSection, type RulesDocument, type RulesFile, readSections, ruleKey } from './parse.js';

export type RuleProblemCode =
  | 'duplicate-id'
  | 'empty'
  | 'more-than-one-sentence'
  | 'left-over-slot'
  | 'missing-id'
  | 'bad-id'
  | 'missing-title'
  | 'malformed-heading'
  | 'unclosed-block'
  | 'no-rules';

export interface RuleProblem {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** The id of the rule concerned, or null when it has none. */
  readonly rule: string | null;
  readonly code: RuleProblemCode;
  /** An `error` is a rule that agents would not see, or could misread; a `warning` does no harm yet. */
  readonly severity: 'error' | 'warning';
  /** One sentence that says what is wrong and what to do. */
  readonly problem: string;
}

const MAX_ID_LENGTH = 40;

/** All problems of the rules files among `files`, by file name and line. An empty list means that all is well. */
export function lintRules(files: readonly RulesFile[]): RuleProblem[] {
  const documents = inRulesOrder(files).map(readSections);
  const duplicates = duplicateIds(documents);
  return documents.flatMap((document) =>
    [
      ...documentProblems(document),
      ...document.sections.flatMap((section) => sectionProblems(document.file, section)),
      ...duplicates.filter(({ file }) => file === document.file),
    ].sort((a, b) => a.line - b.line),
  );
}

function documentProblems({ file, sections, strayHeadings, unclosed }: RulesDocument): RuleProblem[] {
  const problems = strayHeadings.map(({ line, text }) =>
    error(file, line, null, 'malformed-heading', `"${text}" is not a rule's heading: write ## <id>: <Title>`),
  );
  if (unclosed !== null) {
    const message = `a ${unclosed.what} is never closed and hides all that follows: close it`;
    problems.push(error(file, unclosed.line, null, 'unclosed-block', message));
  }
  if (sections.length > 0 || problems.length > 0) return problems;
  const message = 'holds no rule: add a section ## <id>: <Title>, or delete the file';
  return [{ file, line: 1, rule: null, code: 'no-rules', severity: 'warning', problem: message }];
}

function sectionProblems(file: string, section: RuleSection): RuleProblem[] {
  if (section.slot) return [slotProblem(file, section)];
  return [...headingProblems(file, section), ...behaviourProblems(file, section)];
}

function slotProblem(file: string, { line, id, behaviour }: RuleSection): RuleProblem {
  const filled = behaviour.length > 0;
  const problem = filled
    ? `${id} is filled in but still has a placeholder id, so no agent is shown it: give it an id of its own`
    : `${id} is not filled in: give it an id, a title and one sentence, or delete the section`;
  return { file, line, rule: id, code: 'left-over-slot', severity: filled ? 'error' : 'warning', problem };
}

function headingProblems(file: string, { line, heading, id, title }: RuleSection): RuleProblem[] {
  if (id === null) return [unusableId(file, line, heading)];
  const problems: RuleProblem[] = [];
  if (id !== id.toLowerCase() || Array.from(id).length > MAX_ID_LENGTH) {
    const message = `the id ${id} should be in lower case and at most ${MAX_ID_LENGTH} characters long`;
    problems.push(error(file, line, id, 'bad-id', message));
  }
  if (title === '') {
    problems.push(error(file, line, id, 'missing-title', `${id} has no title: write ## ${id}: <Title>`));
  }
  return problems;
}

function unusableId(file: string, line: number, heading: string): RuleProblem {
  const attempt = /^[^\s:：]+(?=[:：])/u.exec(heading)?.[0];
  if (attempt === undefined) {
    const message = `"${heading === '' ? '##' : heading}" has no id, so no agent is shown it: write ## <id>: <Title>`;
    return error(file, line, null, 'missing-id', message);
  }
  const message = `"${attempt}" is not an id, so no agent is shown the rule: use words of letters and digits joined by hyphens`;
  return error(file, line, null, 'bad-id', message);
}

function behaviourProblems(file: string, { line, heading, id, behaviour }: RuleSection): RuleProblem[] {
  const name = id ?? `"${heading}"`;
  if (behaviour.length === 0) {
    return [
      error(file, line, id, 'empty', `${name} says nothing to do: write its one sentence, or delete the section`),
    ];
  }
  const sentences = behaviour.reduce((sum, block) => sum + countSentences(block), 0);
  if (sentences === 1) return [];
  const message = `${name} has ${sentences} sentences of behaviour: keep one, and put reasons after Why:`;
  return [error(file, line, id, 'more-than-one-sentence', message)];
}

function duplicateIds(documents: readonly RulesDocument[]): RuleProblem[] {
  const first = new Map<string, string>();
  const problems: RuleProblem[] = [];
  for (const { file, sections } of documents) {
    for (const { id, slot, line } of sections) {
      if (id === null || slot) continue;
      const place = first.get(ruleKey(id));
      if (place === undefined) first.set(ruleKey(id), `${file}:${line}`);
      else problems.push(error(file, line, id, 'duplicate-id', `${id} is already at ${place}: rename or delete one`));
    }
  }
  return problems;
}

function error(file: string, line: number, rule: string | null, code: RuleProblemCode, problem: string): RuleProblem {
  return { file, line, rule, code, severity: 'error', problem };
}

/**
 * How many sentences a Markdown paragraph holds; 0 when it has no letter or digit.
 *
 * `Intl.Segmenter` tells where they end (Unicode's UAX 29). It is helped in two things: it knows no abbreviations, and it
 * takes a full stop before a small letter for none, though names such as npm begin sentences. Code spans, quotations and
 * brackets count as one word each: what they hold is not a sentence of the rule.
 */
export function countSentences(paragraph: string): number {
  const text = withoutInnerStops(asWords(paragraph)).toUpperCase();
  const segments = new Intl.Segmenter('en', { granularity: 'sentence' }).segment(text);
  return [...segments].filter(({ segment }) => /[\p{L}\p{N}]/u.test(segment)).length;
}

const STOPS = '[.!?…]';
const CLOSERS = `["'”’»›」』）】)\\]}*_~\`]`;
/** What stands between the end of a word and the first letter or digit that follows. */
const BETWEEN = '(?=[^\\p{L}\\p{N}]*([\\p{L}\\p{N}]))';

/** Takes out the stops that end no sentence, and writes those that UAX 29 does not know as one that it does. */
function withoutInnerStops(text: string): string {
  return (
    text
      .replace(new RegExp(`([\\p{L}\\p{M}\\p{N}.]+)\\.${BETWEEN}`, 'gu'), (found, word: string, next: string) =>
        isAbbreviation(word, next) ? `${word}·` : found,
      )
      // `!=`, `.gitignore`, `4.x`: a stop ends something only where white space follows it.
      .replace(new RegExp(`${STOPS}+(?!${STOPS}|${CLOSERS}*(?:\\s|$))`, 'gu'), '·')
      .replace(/(?<=^|\s)\.(?=\s)/gu, '·')
      .replace(/[。！？]+(?=[」』）】›]+[\p{L}\p{N}])/gu, '·')
      // `wait... or`, `"done?" before`: a small letter goes on after dots and after what closes.
      .replace(new RegExp(`(?:\\.{2,}|…+)(?=${CLOSERS}*[^\\p{L}\\p{N}]*\\p{Ll})`, 'gu'), '·')
      .replace(new RegExp(`${STOPS}+(?=${CLOSERS}+[^\\p{L}\\p{N}]*\\p{Ll})`, 'gu'), '·')
      .replaceAll('…', '!')
  );
}

/** A letter without case, so that a code span may begin a sentence but does not prove that one begins. */
const CODE = '码';

/** Quotation marks in pairs; the straight single one only where it cannot be an apostrophe. */
const QUOTATION =
  /"[^"]*"|“[^“”]*”|‘[^‘’]*’|«[^«»]*»|「[^「」]*」|『[^『』]*』|(?<=^|[\s([])'[^']*'(?=[\s.,;:!?)\]]|$)/gu;

/** Puts one word for each piece of text that must not be looked into, and writes `z. B.` and `J. R.` as one. */
function asWords(paragraph: string): string {
  const flat = paragraph
    .replace(/(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)/gu, CODE)
    .replace(/(\[[^\]]*\])\([^)]*\)/gu, (_, label: string) => asOneWord(label))
    .replace(/(?<![\p{L}\p{N}])(\p{L}\.)\s(?=\p{L}\.)/gu, '$1')
    .replace(QUOTATION, asOneWord);
  return withoutBrackets(flat);
}

function withoutBrackets(text: string): string {
  const flat = text.replace(/[(（][^()（）]*[)）]/gu, asOneWord);
  return flat === text ? text : withoutBrackets(flat);
}

/** Keeps of a quotation what tells a sentence's end: the case of its first letter, and its own last stop. */
function asOneWord(quotation: string): string {
  const inner = quotation.slice(1, -1);
  const first = /[\p{L}\p{N}]/u.exec(inner)?.[0] ?? '';
  const lastStop = /[.!?…。！？]*\s*$/u.exec(inner)?.[0].trim() ?? '';
  return `‹${first}${CODE}${lastStop}›`;
}

/** Abbreviations whose full stop never ends a sentence: `vs. Claims`. */
const NEVER_ENDS = words('eg ie vs cf viz approx incl excl resp mr mrs ms dr prof st bzw ggf evtl inkl zb dh bspw vgl');

/** Abbreviations, some of them words too, whose full stop ends one only before a capital: `no. 5`, but `no. Then`. */
const ENDS_BEFORE_CAPITAL = words(
  'etc al usw inc ltd co corp dept jr sr ff no nos nr num art sec sect fig figs ch chap vol ver max min ca abs pp pg ' +
    'jan feb mar apr jun jul aug sep sept oct nov dec',
);

/** Whether the full stop after `word` belongs to an abbreviation, given the first letter or digit that follows. */
function isAbbreviation(word: string, next: string): boolean {
  const initials = /^(?:\p{L}\p{M}*\.)+\p{L}\p{M}*$/u.test(word);
  if (initials || NEVER_ENDS.has(word.toLowerCase())) return true;
  return ENDS_BEFORE_CAPITAL.has(word.toLowerCase()) && !/\p{Lu}/u.test(next);
}

function words(list: string): ReadonlySet<string> {
  return new Set(list.split(' '));
}
