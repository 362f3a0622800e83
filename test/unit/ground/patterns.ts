import fc from 'fast-check';
import picomatch from 'picomatch';

/**
 * Generated patterns with their brace expansions, and the brute force to compare the engine with. picomatch is the
 * oracle for brace-free patterns, over paths without brackets. It is asked for each expansion on its own, since inside
 * braces it gives `**` another meaning: its `{a/**,b}` does not match `a`.
 */
export interface Sample {
  readonly text: string;
  /** Every brace-free pattern that the text stands for. */
  readonly expansions: readonly string[];
}

const OPTIONS = { dot: true, nobrace: true, noextglob: true, nonegate: true, posix: true, fastpaths: false } as const;

const sample = (text: string, expansions: readonly string[] = [text]): Sample => ({ text, expansions });

function concatenated(parts: readonly Sample[], between: string): Sample {
  return parts.reduce((left, right) => ({
    text: left.text + between + right.text,
    expansions: left.expansions.flatMap((head) => right.expansions.map((tail) => head + between + tail)),
  }));
}

function braces(branches: readonly Sample[]): Sample {
  return sample(
    `{${branches.map(({ text }) => text).join(',')}}`,
    branches.flatMap(({ expansions }) => expansions),
  );
}

const token = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('a', 'b', '.', 'a', 'b') },
  { weight: 2, arbitrary: fc.constantFrom('*', '?', '*') },
  { weight: 1, arbitrary: fc.constantFrom('[ab]', '[!a]', '[^b.]', '[a-b]', '[]a]', '[!.]', '\\a', '[b-c]') },
);

const text = fc.array(token, { minLength: 1, maxLength: 3 }).map((tokens) => sample(tokens.join('')));
const wildSegment = fc.constantFrom('**', '**', '*', '?', '*.a').map((segment) => sample(segment));

const { pattern: nested } = fc.letrec<{ pattern: Sample; segment: Sample; piece: Sample; alternatives: Sample }>(
  (tie) => ({
    pattern: fc.array(tie('segment'), { minLength: 1, maxLength: 3 }).map((segments) => concatenated(segments, '/')),
    segment: fc.oneof(
      { weight: 3, arbitrary: text },
      { weight: 3, arbitrary: wildSegment },
      {
        weight: 3,
        arbitrary: fc.array(tie('piece'), { minLength: 1, maxLength: 2 }).map((pieces) => concatenated(pieces, '')),
      },
    ),
    piece: fc.oneof(
      { depthSize: 'small' },
      { weight: 2, arbitrary: text },
      { weight: 2, arbitrary: tie('alternatives') },
      { weight: 1, arbitrary: fc.constant(sample('*')) },
    ),
    alternatives: fc
      .array(fc.oneof({ weight: 4, arbitrary: tie('pattern') }, { weight: 1, arbitrary: fc.constant(sample('')) }), {
        minLength: 2,
        maxLength: 3,
      })
      .map(braces),
  }),
);

/** Patterns with everything in them, of at most 60 expansions. */
export const anyPattern = nested.filter(({ expansions }) => expansions.length <= 60);

/** Patterns without braces. */
export const flatPattern = fc
  .array(fc.oneof(text, wildSegment), { minLength: 1, maxLength: 3 })
  .map((segments) => concatenated(segments, '/'));

/**
 * What picomatch says, expansion by expansion, put right where it departs from its own rules:
 * - it drops `./` in front, and lets `//` match one `/`, where no path of coord's has such segments
 * - it reads `***` as `*`, but forgets on the way that dots were literal
 * - its `a*` + `/**` wants something below `a`, though its `a/**` does not
 */
export function oracle({ expansions }: Sample, options: picomatch.PicomatchOptions = {}): (path: string) => boolean {
  const matchers = expansions
    .filter((each) => !each.startsWith('./') && !each.split('/').includes(''))
    .map((each) => each.replaceAll(/\*{3,}/g, '*'))
    .flatMap((each) => [each, each.replace(/(?<=\*)(\/\*\*)+$/, '')])
    .map((each) => picomatch(each, { ...OPTIONS, ...options }));
  return (path) => matchers.some((matcher) => matcher(path));
}

/** Whether coord calls a text a path. */
export function isPath(path: string): boolean {
  return path.split('/').every((segment) => segment !== '' && segment !== '.' && segment !== '..');
}

/** Every path of at most `length` characters over the alphabet. */
export function everyPath(alphabet: string, length: number): string[] {
  let texts = [''];
  const paths: string[] = [];
  for (let i = 0; i < length; i += 1) {
    texts = texts.flatMap((head) => [...alphabet].map((character) => head + character));
    paths.push(...texts.filter(isPath));
  }
  return paths;
}
