import fc from 'fast-check';
import picomatch from 'picomatch';
import { expect, it } from 'vitest';
import { commonGround, contains, matches, overlaps } from '../../../src/domain/ground/index.js';
import { directoryTarget, type Target } from '../../../src/domain/ground/targets.js';
import { PROPERTY_RUNS } from '../../support/properties.js';
import { anyPattern, everyPath, flatPattern, oracle, type Sample } from './patterns.js';
import { glob } from './targets.js';

const paths = everyPath('abc./', 4);

interface Ground {
  readonly target: Target;
  readonly holds: (path: string) => boolean;
}

function globGround(sample: Sample): Ground {
  return { target: { kind: 'glob', text: sample.text }, holds: oracle(sample) };
}

function literalGround(path: string, directory: boolean): Ground {
  const target: Target = directory ? directoryTarget(path) : { kind: 'path', text: path };
  return { target, holds: (each) => path === '' || each === path || each.startsWith(`${path}/`) };
}

const literal = fc
  .tuple(fc.constantFrom(...everyPath('ab.*/', 4)), fc.boolean())
  .map(([path, directory]) => literalGround(path, directory));
const root = fc.constant(literalGround('', true));
const anyGround = fc.oneof(
  { weight: 8, arbitrary: anyPattern.map(globGround) },
  { weight: 3, arbitrary: literal },
  { weight: 1, arbitrary: root },
);

/** So short that a path of at most six characters shows what is so of two of them. */
const shortGround = fc.oneof(
  flatPattern
    .filter(({ text }) => text.replaceAll(/\[\]?[^\]]*\]|\\a/g, 'x').length <= 4 && !text.includes('[]'))
    .map(globGround),
  fc.constantFrom(...everyPath('ab./', 3)).map((path) => literalGround(path, false)),
);

let longer: readonly string[] | undefined;
function longerPaths(): readonly string[] {
  longer ??= everyPath('abc./', 6);
  return longer;
}

it('matches exactly the paths that picomatch matches', () => {
  fc.assert(
    fc.property(anyGround, ({ target, holds }) => {
      expect(paths.filter((path) => matches(target, path))).toEqual(paths.filter(holds));
    }),
    { numRuns: PROPERTY_RUNS },
  );
});

it('finds that two literal names overlap where one is the other, or a folder above it', () => {
  const texts = ['a', 'b', 'ab', 'a/b', 'a/bc', 'a/b/c', 'ab/c', 'A/b', '*', '*/x', '['];
  const names = [
    ...texts.flatMap((text) => [literalGround(text, false), literalGround(text, true)]),
    literalGround('', true),
  ];
  const nested = ({ target }: Ground, other: Ground, fold: (text: string) => string) => {
    const path = ({ kind, text }: Target) => fold(kind === 'directory' ? text.replace(/(?:^|\/)\*\*$/, '') : text);
    const [below, above] = [path(target), path(other.target)];
    return above === '' || below === above || below.startsWith(`${above}/`);
  };
  for (const foldCase of [true, false]) {
    const fold = (text: string) => (foldCase ? text.toLowerCase() : text);
    const wrong = names.flatMap((a) =>
      names.filter((b) => overlaps(a.target, b.target, { foldCase }) !== (nested(a, b, fold) || nested(b, a, fold))),
    );
    expect(wrong).toEqual([]);
  }
});

it.each([
  ['[', 'a/b'],
  ['*b', 'ab'],
  ['{a,b}/b', 'a/b'],
])('lets %s meet a name that ends otherwise', (text, name) => {
  const [pattern, path]: Target[] = [
    { kind: 'glob', text },
    { kind: 'path', text: name },
  ];
  if (pattern && path) expect([overlaps(pattern, path), overlaps(path, pattern)]).toEqual([true, true]);
});

it('reads plain braces as picomatch does on its own', () => {
  const word = fc.constantFrom('a', 'b', 'ab', '*a', '?', 'c*', '[ab]b');
  const group = fc.array(word, { minLength: 2, maxLength: 3 }).map((words) => `{${words.join(',')}}`);
  const nested = fc.tuple(word, group).map(([first, second]) => `{${first},b${second}}`);
  const withSlash = fc.tuple(word, word, word).map(([first, second, third]) => `{${first}/${second},${third}}`);
  const segment = fc.oneof(word, group, nested, withSlash);
  fc.assert(
    fc.property(fc.array(segment, { minLength: 1, maxLength: 3 }), (segments) => {
      const text = segments.join('/');
      const expected = picomatch(text, { dot: true, noextglob: true, nonegate: true, posix: true, fastpaths: false });
      expect(paths.filter((path) => matches({ kind: 'glob', text }, path))).toEqual(
        paths.filter((path) => expected(path)),
      );
    }),
    { numRuns: PROPERTY_RUNS },
  );
});

it('misses no path that both match', () => {
  fc.assert(
    fc.property(anyGround, anyGround, (a, b) => {
      if (!overlaps(a.target, b.target)) expect(paths.filter((path) => a.holds(path) && b.holds(path))).toEqual([]);
      expect(overlaps(a.target, b.target)).toBe(commonGround(a.target, b.target) !== null);
    }),
    { numRuns: PROPERTY_RUNS },
  );
});

it('reports an overlap only where there is a path that both match', () => {
  fc.assert(
    fc.property(shortGround, shortGround, (a, b) => {
      if (!overlaps(a.target, b.target)) return;
      expect(longerPaths().find((path) => a.holds(path) && b.holds(path))).toBeDefined();
    }),
    { numRuns: PROPERTY_RUNS },
  );
});

it('names the common ground: never less than it, and nothing that neither covers', () => {
  fc.assert(
    fc.property(anyGround, anyGround, (a, b) => {
      const named = commonGround(a.target, b.target);
      if (named === null) return;
      for (const path of paths) {
        const isNamed = matches(named, path);
        if (a.holds(path) && b.holds(path)) expect(isNamed).toBe(true);
        if (isNamed) expect(a.holds(path) || b.holds(path)).toBe(true);
      }
    }),
    { numRuns: PROPERTY_RUNS },
  );
});

it('gives the same answer whichever target comes first', () => {
  fc.assert(
    fc.property(anyGround, anyGround, (a, b) => {
      expect(commonGround(b.target, a.target)).toEqual(commonGround(a.target, b.target));
    }),
    { numRuns: PROPERTY_RUNS },
  );
});

it('finds one ground inside another only if no path contradicts it', () => {
  fc.assert(
    fc.property(anyGround, anyGround, (outer, inner) => {
      const astray = paths.filter((path) => inner.holds(path) && !outer.holds(path));
      if (contains(outer.target, inner.target)) expect(astray).toEqual([]);
    }),
    { numRuns: PROPERTY_RUNS },
  );
});

it('denies that a ground is inside another only if some path shows it', () => {
  fc.assert(
    fc.property(shortGround, shortGround, (outer, inner) => {
      if (contains(outer.target, inner.target)) return;
      expect(longerPaths().find((path) => inner.holds(path) && !outer.holds(path))).toBeDefined();
    }),
    { numRuns: PROPERTY_RUNS },
  );
});

it('overlaps what it is inside of, and is inside itself', () => {
  fc.assert(
    fc.property(anyGround, anyGround, (outer, inner) => {
      expect(contains(inner.target, inner.target)).toBe(true);
      if (!overlaps(inner.target, inner.target)) expect(paths.filter(inner.holds)).toEqual([]);
      else if (contains(outer.target, inner.target)) expect(overlaps(outer.target, inner.target)).toBe(true);
    }),
    { numRuns: PROPERTY_RUNS },
  );
});

it('folds case as picomatch does when told to', () => {
  const word = fc.array(fc.constantFrom('a', 'A', 'b', 'B', '*', '?', '[ab]', '[AB]', '[!a]', '[!B]', '[A-B]'), {
    minLength: 1,
    maxLength: 3,
  });
  const sample = fc.array(word, { minLength: 1, maxLength: 2 }).map((segments): Sample => {
    const text = segments.map((tokens) => tokens.join('')).join('/');
    return { text, expansions: [text] };
  });
  const mixed = everyPath('aAbB/', 4);
  fc.assert(
    fc.property(sample, sample, (a, b) => {
      const [holdsA, holdsB] = [oracle(a, { nocase: true }), oracle(b, { nocase: true })];
      const [x, y] = [globGround(a).target, globGround(b).target];
      expect(mixed.filter((path) => matches(x, path, { foldCase: true }))).toEqual(mixed.filter(holdsA));
      const found = overlaps(x, y, { foldCase: true });
      if (mixed.some((path) => holdsA(path) && holdsB(path))) expect(found).toBe(true);
      expect(found).toBe(overlaps(glob(x.text.toLowerCase()), glob(y.text.toLowerCase())));
    }),
    { numRuns: PROPERTY_RUNS },
  );
});
