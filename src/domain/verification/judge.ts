import { oneLine, shorten } from '../text.js';
import { commitsIn, type Expectation, names } from './expectation.js';
import type { SurfaceReason } from './verification.js';

/** An answer of the surface, with the status that was expected. */
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
  readonly reason: SurfaceReason | null;
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
      finding: 'gave an answer on which the pattern took too long',
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
