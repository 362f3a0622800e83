import { oneLine, shorten } from '../text.js';
import type { Instant } from '../time.js';

/**
 * Why an endpoint was not verified. `old-version`, `other-version` and `missing` are answers that show something else;
 * after all others it is not known what the endpoint shows.
 */
export type EndpointReason =
  | 'old-version'
  | 'other-version'
  | 'missing'
  | 'ambiguous'
  | 'status'
  | 'redirect'
  | 'too-large'
  | 'unreadable'
  | 'slow-pattern'
  | 'timeout'
  | 'unreachable'
  | 'tls';

/** What was seen on the endpoint of a deploy target: the live URL that its configuration names: plain data, for the record of the deploy. */
export interface Verification {
  readonly ok: boolean;
  readonly url: string;
  /** The commit that it must show. */
  readonly commit: string;
  /** null: it is verified. */
  readonly reason: EndpointReason | null;
  /** What the answer must hold, with the commit put in. */
  readonly expected: string;
  /** Whether what is expected names the commit: what does not, another version may show as well. */
  readonly namesCommit: boolean;
  /** The version that was shown last, or the beginning of what was: one line; null: nothing was. */
  readonly seen: string | null;
  /** HTTP status of the last answer. */
  readonly status: number | null;
  readonly attempts: number;
  readonly firstAt: Instant;
  readonly lastAt: Instant;
  /** One sentence. */
  readonly finding: string;
  /** What a cache shows still to those who do not bypass it; null: nothing else. */
  readonly cached: Cached | null;
}

export interface Cached {
  readonly seen: string | null;
  /** As the cache says it; null: it does not. */
  readonly ageSeconds: number | null;
}

const SHOWS_ANOTHER: readonly EndpointReason[] = ['old-version', 'other-version', 'missing'];

/** The name in the exit table of what came of it. */
export function exitNameOf(reason: EndpointReason): 'behind' | 'unavailable' {
  return SHOWS_ANOTHER.includes(reason) ? 'behind' : 'unavailable';
}

/** An answer of the endpoint, with the status that was expected. */
export interface Answer {
  /** The body, or the value of the header that was asked for; null: it has no such header. */
  readonly text: string | null;
  readonly status: number;
  /** How long a cache says that it has kept the answer. */
  readonly ageSeconds: number | null;
}

export interface Commits {
  readonly commit: string;
  /** What ran there before; null: not known. */
  readonly previous: string | null;
}

/** What one look came to. */
export interface Judgement {
  /** null: it shows what it must. */
  readonly reason: EndpointReason | null;
  readonly seen: string | null;
  /** What it does, to follow on the URL: `still shows 51c77aa…`. */
  readonly finding: string;
}

const MOST_SEEN = 80;

/** @param matches whether the text holds what is expected; null: the pattern took too long */
export function judgeAnswer(
  { text, status, ageSeconds }: Answer,
  wanted: Expectation,
  { commit, previous }: Commits,
  matches: boolean | null,
): Judgement {
  if (matches === null) {
    return {
      reason: 'slow-pattern',
      seen: beginningOf(text ?? ''),
      finding: 'answered, but the pattern took too long on its text',
    };
  }
  if (text === null) return { reason: 'missing', seen: null, finding: `answers ${status} without the header` };
  const before = previous !== null && previous !== commit && names(text, previous) ? previous : null;
  if (matches && before !== null && wanted.bare) {
    const finding = `shows both ${before} (which ran before) and ${commit}, which tells nothing`;
    return { reason: 'ambiguous', seen: before, finding };
  }
  if (matches)
    return {
      reason: null,
      seen: wanted.namesCommit ? commit : beginningOf(text),
      finding: `shows ${oneLine(wanted.shown)}`,
    };
  const cached = ageSeconds === null || ageSeconds === 0 ? '' : `, from a cache (${ageSeconds}s old)`;
  if (before !== null) {
    return {
      reason: 'old-version',
      seen: before,
      finding: `still shows ${before}, which ran before, not ${commit}${cached}`,
    };
  }
  return another(text, wanted, commit, cached);
}

function another(text: string, wanted: Expectation, commit: string, cached: string): Judgement {
  const others = commitsIn(text).filter((form) => /[0-9]/.test(form) && /[a-f]/.test(form));
  const form = others.find((other) => commit.startsWith(other));
  if (form !== undefined) {
    const finding = `shows ${form}, the commit in another form than ${quoted(wanted.shown)}${cached}`;
    return { reason: 'missing', seen: form, finding };
  }
  const other = others.find(({ length }) => length === commit.length) ?? others[0];
  if (other !== undefined && wanted.namesCommit) {
    return { reason: 'other-version', seen: other, finding: `shows ${other}, not ${commit}${cached}` };
  }
  const seen = beginningOf(text);
  const shown = seen === null ? 'shows nothing' : `shows ${quoted(seen)}`;
  return { reason: 'missing', seen, finding: `${shown}, not ${quoted(wanted.shown)}${cached}` };
}

/** The first words of a text, on one line; null where there are none. */
function beginningOf(text: string): string | null {
  const words = text
    .slice(0, 10 * MOST_SEEN)
    .replace(/\s+/g, ' ')
    .trim();
  return words === '' ? null : shorten(oneLine(words), MOST_SEEN);
}

function quoted(text: string): string {
  return `"${shorten(oneLine(text), MOST_SEEN)}"`;
}

/** What an endpoint is asked to show: a text or a regular expression, in which the commit may be named. */
export interface Expectation {
  /** Source of a regular expression, with the commit put in. */
  readonly source: string;
  /** The same for people. */
  readonly shown: string;
  /** Whether it names the commit at all: another version shows what does not. */
  readonly namesCommit: boolean;
  /** Whether it is the bare commit, so that it is found wherever a commit can stand. */
  readonly bare: boolean;
}

export interface Wanted {
  readonly expect: string | null;
  readonly pattern: string | null;
}

const SHORTEST = 7;
const PLACEHOLDER = /\{(commit|short)\}/g;

/** @param commit full object id */
export function expectationOf({ expect, pattern }: Wanted, commit: string): Expectation {
  const text = pattern ?? expect ?? '{commit}';
  const plain = (words: string) => (pattern === null ? words.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&') : words);
  const pieces = text.split(PLACEHOLDER);
  // Splitting by a group leaves the names of the placeholders at the odd places.
  const source = pieces.map((piece, at) => (at % 2 === 0 ? plain(piece) : commitSource(piece, commit))).join('');
  return {
    source,
    shown: pieces.map((piece, at) => (at % 2 === 0 ? piece : formOf(piece, commit))).join(''),
    namesCommit: pieces.length > 1,
    bare: pieces.length > 1 && pieces.every((piece, at) => at % 2 === 1 || piece.trim() === ''),
  };
}

/** Whether the text is a regular expression once a commit is put in. */
export function isReadablePattern(pattern: string): boolean {
  try {
    return (
      new RegExp(expectationOf({ expect: null, pattern }, 'c0ffee5'.padEnd(40, '0')).source, 'm') instanceof RegExp
    );
  } catch {
    return false;
  }
}

function formOf(placeholder: string, commit: string): string {
  return placeholder === 'short' ? commit.slice(0, SHORTEST) : commit;
}

/** The commit, not as a part of a longer number; of the short form, any length of it. */
function commitSource(placeholder: string, commit: string): string {
  const least = placeholder === 'short' ? SHORTEST : commit.length;
  const forms: string[] = [];
  for (let length = commit.length; length >= least; length -= 1) forms.push(commit.slice(0, length));
  return `(?<![0-9a-f])(?:${forms.join('|')})(?![0-9a-f])`;
}

/** The numbers in a text that can be commits, in their order: 7 to 64 hexadecimal digits that stand alone. */
function commitsIn(text: string): string[] {
  return text.match(/(?<![0-9a-f])[0-9a-f]{7,64}(?![0-9a-f])/g) ?? [];
}

/** Whether the text names the commit, in full or by a beginning of it. */
function names(text: string, commit: string): boolean {
  return commitsIn(text).some((form) => commit.startsWith(form));
}
