import fc from 'fast-check';
import picomatch from 'picomatch';
import { expect, it } from 'vitest';
import { contains, isGlob, matches, overlap, overlaps, staticPrefix } from '../../../src/domain/ground/index.js';
import { directoryTarget, type Target } from '../../../src/domain/ground/targets.js';
import { PROPERTY_RUNS } from '../../support/properties.js';
import { anyPattern, everyPath, flatPattern, isPath, oracle, type Sample } from './patterns.js';

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

it('matches exactly the paths that picomatch matches', () => {
  fc.assert(
    fc.property(anyGround, ({ target, holds }) => {
      expect(paths.filter((path) => matches(target, path))).toEqual(paths.filter(holds));
    }),
    { numRuns: PROPERTY_RUNS },
  );
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

it('misses no path that both match, and reports an overlap only with a path that both match', () => {
  fc.assert(
    fc.property(anyGround, anyGround, (a, b) => {
      const found = overlap(a.target, b.target);
      const common = paths.filter((path) => a.holds(path) && b.holds(path));
      expect(overlaps(a.target, b.target)).toBe(found !== null);
      if (found === null) {
        expect(common).toEqual([]);
        return;
      }
      const { witness } = found;
      expect(isPath(witness)).toBe(true);
      expect([a.holds(witness), b.holds(witness)]).toEqual([true, true]);
      expect([matches(a.target, witness), matches(b.target, witness)]).toEqual([true, true]);
    }),
    { numRuns: PROPERTY_RUNS },
  );
});

it('names the common ground: exactly when it says so, and never less than it', () => {
  fc.assert(
    fc.property(anyGround, anyGround, (a, b) => {
      const found = overlap(a.target, b.target);
      if (found === null) return;
      const named: Target = { kind: found.kind, text: found.pattern };
      const common = paths.filter((path) => a.holds(path) && b.holds(path));
      const covered = paths.filter((path) => matches(named, path));
      if (found.exact) expect(covered).toEqual(common);
      else expect(covered).toEqual(expect.arrayContaining(common));
      expect(matches(named, found.witness)).toBe(true);
    }),
    { numRuns: PROPERTY_RUNS },
  );
});

it('gives the same answer whichever target comes first', () => {
  fc.assert(
    fc.property(anyGround, anyGround, (a, b) => {
      expect(overlap(b.target, a.target)).toEqual(overlap(a.target, b.target));
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
  const longer = everyPath('abc./', 6);
  const short = fc.oneof(
    flatPattern
      .filter(({ text }) => text.replaceAll(/\[\]?[^\]]*\]|\\a/g, 'x').length <= 4 && !text.includes('[]'))
      .map(globGround),
    fc.constantFrom(...everyPath('ab./', 3)).map((path) => literalGround(path, false)),
  );
  fc.assert(
    fc.property(short, short, (outer, inner) => {
      if (contains(outer.target, inner.target)) return;
      expect(longer.find((path) => inner.holds(path) && !outer.holds(path))).toBeDefined();
    }),
    { numRuns: PROPERTY_RUNS },
  );
});

it('overlaps what it is inside of, and is inside itself', () => {
  fc.assert(
    fc.property(anyGround, anyGround, (outer, inner) => {
      expect(contains(inner.target, inner.target)).toBe(true);
      const own = overlap(inner.target, inner.target);
      if (own === null) expect(paths.filter(inner.holds)).toEqual([]);
      else if (contains(outer.target, inner.target)) expect(overlap(outer.target, inner.target)).not.toBeNull();
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
      const found = overlap(x, y, { foldCase: true });
      if (found === null) {
        expect(mixed.filter((path) => holdsA(path) && holdsB(path))).toEqual([]);
        return;
      }
      expect([holdsA(found.witness), holdsB(found.witness)]).toEqual([true, true]);
    }),
    { numRuns: PROPERTY_RUNS },
  );
});

it('says where a glob begins', () => {
  fc.assert(
    fc.property(anyPattern, (sample) => {
      const prefix = staticPrefix(sample.text);
      const below = literalGround(prefix, true);
      expect(paths.filter(oracle(sample)).filter((path) => !below.holds(path))).toEqual([]);
      if (!isGlob(sample.text)) expect(prefix).toBe(sample.text.replaceAll('\\', ''));
    }),
    { numRuns: PROPERTY_RUNS },
  );
});
