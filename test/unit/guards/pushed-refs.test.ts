import { expect, it } from 'vitest';
import { pushedRefs, refOfPreCommit } from '../../../src/guards/pushed-refs.js';

const A = 'a'.repeat(40);
const B = 'b'.repeat(40);
const ZERO = '0'.repeat(40);

it('reads each ref that a push moves, makes or deletes', () => {
  const input = [
    `refs/heads/main ${A} refs/heads/main ${B}`,
    `HEAD~1 ${A} refs/heads/new ${ZERO}`,
    `(delete) ${ZERO} refs/heads/old ${B}`,
    `refs/heads/x ${'a'.repeat(64)} refs/heads/x ${'0'.repeat(64)}`,
    '',
  ].join('\n');
  expect(pushedRefs(input)).toEqual([
    { local: A, ref: 'refs/heads/main', remote: B },
    { local: A, ref: 'refs/heads/new', remote: null },
    { local: null, ref: 'refs/heads/old', remote: B },
    { local: 'a'.repeat(64), ref: 'refs/heads/x', remote: null },
  ]);
});

it('takes a revision with spaces for the local name that it is', () => {
  expect(pushedRefs(`main@{one week ago} ${A} refs/heads/main ${B}\n`)).toEqual([
    { local: A, ref: 'refs/heads/main', remote: B },
  ]);
});

it.each(['', '\n\n', 'nonsense', `refs/heads/main ${A} refs/heads/main`, `x ${A} refs/heads/ma in ${B}`])(
  '%j names no ref',
  (input) => {
    expect(pushedRefs(input)).toEqual([]);
  },
);

it('reads the variables of the pre-commit framework', () => {
  const env = { PRE_COMMIT_REMOTE_BRANCH: 'refs/heads/main', PRE_COMMIT_TO_REF: A, PRE_COMMIT_FROM_REF: B };
  expect(refOfPreCommit(env)).toEqual([{ local: A, ref: 'refs/heads/main', remote: B }]);
  expect(refOfPreCommit({ ...env, PRE_COMMIT_FROM_REF: '' })).toEqual([
    { local: A, ref: 'refs/heads/main', remote: null },
  ]);
  expect(refOfPreCommit({ PRE_COMMIT_TO_REF: A })).toEqual([]);
  expect(refOfPreCommit({})).toEqual([]);
});
