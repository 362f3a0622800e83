/** What a surface is asked to show: a text or a regular expression, in which the commit may be named. */
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
export function commitsIn(text: string): string[] {
  return text.match(/(?<![0-9a-f])[0-9a-f]{7,64}(?![0-9a-f])/g) ?? [];
}

/** Whether the text names the commit, in full or by a beginning of it. */
export function names(text: string, commit: string): boolean {
  return commitsIn(text).some((form) => commit.startsWith(form));
}
