import { expect, it } from 'vitest';
import { isBranchRef, problemOfStateRef, refsInTheWay, shortRef } from '../../../src/domain/state-ref.js';

it.each([
  ['refs/coord/state', 'coord/state', false],
  ['refs/heads/coord', 'coord', true],
  ['refs/heads/claude/coord', 'claude/coord', true],
  ['refs/other/refs/heads/', 'other/refs/heads/', false],
])('%s is read as %s', (ref, short, isBranch) => {
  expect(shortRef(ref)).toBe(short);
  expect(isBranchRef(ref)).toBe(isBranch);
});

it.each(['refs/coord/state', 'refs/heads/coord', 'refs/coord/archive', 'refs/x/refs/coord/archive/'])(
  '%s can be the state ref',
  (ref) => {
    expect(problemOfStateRef(ref)).toBeNull();
  },
);

it.each([
  ['coord', /full name/],
  ['', /full name/],
  ['refs', /full name/],
  ['refs/coord', /full name/],
  ['heads/coord/state', /full name/],
  ...['tags', 'remotes', 'replace', 'notes', 'stash', 'bisect', 'worktree', 'rewritten', 'coord-local'].map(
    (area) => [`refs/${area}/x`, /other refs/] as const,
  ),
  ['refs/coord/archive/1', /other refs/],
] as const)('%j cannot be the state ref', (ref, problem) => {
  expect(problemOfStateRef(ref)).toMatch(problem);
});

it('what git cannot have beside a ref is below it, or is what it would be below', () => {
  expect(refsInTheWay('refs/heads/claude/x/coord')).toEqual([
    ...['refs/heads/claude/x/coord/*', 'refs/heads/claude', 'refs/heads/claude/x'],
  ]);
  expect(refsInTheWay('refs/coord/state')).toEqual(['refs/coord/state/*']);
});
