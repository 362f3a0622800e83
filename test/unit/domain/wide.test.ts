import { describe, expect, it } from 'vitest';
import { isWide, narrowerGround, verifyToken } from '../../../src/domain/claims/conflicts.js';
import { renewalKey } from '../../../src/domain/claims/leases.js';
import { patternTarget } from '../../../src/domain/ground/patterns.js';
import { claimRecord, stateOf } from '../../support/records.js';
import { at, START } from '../../support/requests.js';

describe('a wide claim', () => {
  const surface = ['src/**', 'packages/web/**', 'README.md'].map(patternTarget);

  it.each([
    ['**', true],
    ['src/**', true],
    ['{src,lib}/**', true],
    ['src/api/**', false],
    ['packages/web/**', false],
    ['packages/**', false],
    ['docs/**', false],
    ['README.md', false],
    ['src/*.ts', false],
    ['@db', false],
  ])('%s stops many others: %s', (text, isExpected) => {
    const { kind, text: target } = patternTarget(text);
    expect(isWide({ kind, target }, surface)).toBe(isExpected);
    if (text !== '**') expect(isWide({ kind, target }, [])).toBe(false);
  });

  it.each([
    [[], []],
    [
      ['a.ts', 'b/c.ts', 'd'],
      ['a.ts', 'b/c.ts', 'd'],
    ],
    [
      ['a/x/1', 'a/x/2', 'a/y/3', 'b/4'],
      ['a/x', 'a/y', 'b'],
    ],
    [['a/1', 'b/2', 'c/3', 'd/4'], []],
    [['a/1', 'a/2', 'b/3', 'root'], []],
  ])('that needs only %j can be %j instead', (changed, narrower) => {
    expect(narrowerGround(changed)).toEqual(narrower);
  });
});

describe('a token that is no more', () => {
  const claims = [3, 9, 5].map((token) => claimRecord(token, { target: 'src/**', kind: 'directory', mode: 'shared' }));

  it('is answered with the newest claim there, in whatever order they stand, as letters count here', () => {
    for (const order of [claims, claims.toReversed()]) {
      const verdict = verifyToken(stateOf({ claims: order }), patternTarget('src/a'), 1, { foldCase: false }, START);
      expect(verdict).toMatchObject({ valid: false, current: { token: 9 } });
    }
    const folded = (foldCase: boolean) =>
      verifyToken(stateOf({ claims }), patternTarget('SRC/a'), 9, { foldCase }, START);
    expect(folded(true)).toMatchObject({ valid: true, current: { token: 9 } });
    expect(folded(false)).toEqual({ valid: false, current: null });
  });
});

it('the name of one life of a claim is another for each renewal, holder and claim', () => {
  const claim = claimRecord(1);
  const others = [
    { ...claim, id: 'c2' },
    { ...claim, token: 2 },
    { ...claim, renewedAt: at(1) },
  ];
  expect(new Set([claim, ...others].map(renewalKey)).size).toBe(4);
  expect(renewalKey({ ...claim })).toBe(renewalKey(claim));
});
