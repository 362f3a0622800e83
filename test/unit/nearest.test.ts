import { expect, test } from 'vitest';
import { nearest } from '../../src/domain/text.js';

const VERBS = ['claim', 'release', 'renew', 'status', 'list', 'lint', 'note'];

test.each([
  ['clam', 'claim'],
  ['calim', 'claim'],
  ['relaese', 'release'],
  ['statsu', 'status'],
  ['lst', 'list'],
  ['nots', 'note'],
])('%s was meant to be %s', (word, meant) => {
  expect(nearest(word, VERBS)).toBe(meant);
});

test.each(['xyzzy', 'deploy', ''])('nothing is near %j', (word) => {
  expect(nearest(word, VERBS)).toBeUndefined();
});

test('the nearest wins, not the first that is near', () => {
  expect(nearest('lint', ['list', 'lint'])).toBe('lint');
});
