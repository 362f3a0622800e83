import { describe, expect, it } from 'vitest';
import { verifyToken } from '../../../src/domain/claims/conflicts.js';
import { patternTarget } from '../../../src/domain/ground/patterns.js';
import { EMPTY_STATE } from '../../../src/domain/model.js';
import { stateAfter } from '../../support/decisions.js';
import { at, claimOf, START } from '../../support/requests.js';

const held = stateAfter(EMPTY_STATE, [
  claimOf('maya', 'src/api/**'),
  claimOf('noor', 'docs/**', { mode: 'shared' }),
  claimOf('omar', 'docs/**', { mode: 'shared' }),
]);

const verify = (target: string, token: number, now = START) =>
  verifyToken(held, patternTarget(target), token, { foldCase: false }, now);

describe('a token is valid', () => {
  it.each([
    ['on the claimed ground', 'src/api/**', 1],
    ['on a file inside it', 'src/api/users.ts', 1],
    ['on the directory by its mere name', 'src/api', 1],
    ['for each of several readers', 'docs/**', 2],
    ['for each of several readers', 'docs/**', 3],
  ])('%s', (_, target, token) => {
    expect(verify(target, token)).toMatchObject({ valid: true, current: { token } });
  });

  it('until its claim expires', () => {
    expect(verify('src/api/**', 1, at(1799.999)).valid).toBe(true);
    expect(verify('src/api/**', 1, at(1800))).toMatchObject({ valid: false, current: { token: 1, agent: 'maya' } });
  });
});

describe('a token is stale', () => {
  it.each([
    ['older than the holder’s', 'src/api/**', 0, 1],
    ['of other ground', 'src/api/**', 2, 1],
    ['never given out', 'docs/**', 99, 3],
    ['on wider ground than was claimed', 'src/**', 1, undefined],
    ['on free ground', 'lib/**', 1, undefined],
  ])('%s', (_, target, token, current) => {
    const verdict = verify(target, token);
    expect(verdict.valid).toBe(false);
    expect(verdict.current?.token).toBe(current);
  });
});
