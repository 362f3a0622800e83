import { isAbbreviation } from './abbreviations.js';

/** Full stops of scripts that put no space after them. */
const UNSPACED_STOPS = '。｡．！？';
/** Full stops of scripts that do: Devanagari, Arabic, Ethiopic, Armenian, Burmese, Khmer; then the Latin ones. */
const SPACED_STOPS = '।॥؟۔።፧։။។.!?…‼⁇⁈⁉';
const CLOSERS = `"'”’»›」』）】)\\]}*_~`;

const STOP = new RegExp(
  `(?<unspaced>[${UNSPACED_STOPS}]+)(?<closed>[${CLOSERS}]*)|(?<spaced>[${SPACED_STOPS}]+)(?<closers>[${CLOSERS}]*)(?=\\s)`,
  'gu',
);

/**
 * How many sentences a Markdown paragraph holds: 0 when it has no letter or digit, else the ends of sentences that
 * are followed by more words, plus one.
 *
 * The end of a sentence is told by what stands on either side of the stop, in the manner of Unicode's UAX 29, with two
 * differences: abbreviations are known, and a small letter may begin a sentence after a full stop, since names such as
 * npm do. Code spans, quotations and brackets count as one word each: what they hold is not a sentence of the rule.
 */
export function countSentences(paragraph: string): number {
  const text = asWords(paragraph);
  if (!/[\p{L}\p{N}]/u.test(text)) return 0;
  return Array.from(text.matchAll(STOP)).filter((stop) => endsSentence(text, stop)).length + 1;
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

function endsSentence(text: string, stop: RegExpExecArray): boolean {
  const rest = text.slice(stop.index + stop[0].length);
  const next = /[\p{L}\p{N}]/u.exec(rest)?.[0];
  if (next === undefined) return false;
  const { unspaced, closed, spaced, closers } = stop.groups ?? {};
  if (unspaced !== undefined) return unspacedEnds(unspaced, closed ?? '', rest);
  const before = /\S*$/u.exec(text.slice(0, stop.index))?.[0] ?? '';
  return spacedEnds(spaced ?? '', closers ?? '', before, next);
}

/** `「はい。」と` goes on after the bracket, `１．２` is a number; anything else ends. */
function unspacedEnds(stop: string, closers: string, rest: string): boolean {
  const goesOn = closers !== '' && /^[\p{L}\p{N}]/u.test(rest);
  return !goesOn && !(stop === '．' && /^\p{N}/u.test(rest));
}

function spacedEnds(stop: string, closers: string, before: string, next: string): boolean {
  const lower = /\p{Ll}/u.test(next);
  if (lower && closers !== '') return false;
  const ellipsis = /^(?:\.{2,}|…+)$/u.test(stop);
  if (ellipsis) return !lower;
  if (stop !== '.') return true;
  if (before === '') return false;
  return !isAbbreviation(before.replace(/^[^\p{L}\p{N}]+/u, ''), next);
}
