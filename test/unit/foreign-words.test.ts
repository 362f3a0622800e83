import { expect, test } from 'vitest';
import { FOREIGN_WORDS, meantBy } from '../../src/cli/catalogue.js';
import { VERBS } from '../../src/cli/registry.js';

const NAMES = VERBS.map(({ name }) => name);

test.each(FOREIGN_WORDS)('%s is no command, and %s names one', (typed, command) => {
  const [first = '', second = ''] = command.split(' ');
  expect([...NAMES, '--version'].some((name) => name === first || name === `${first} ${second}`)).toBe(true);
  expect(NAMES).not.toContain(typed);
});

test.each([
  ['lock', ['src/api', '--ttl', '1h'], 'claim src/api --ttl 1h'],
  ['steal', ['src/api', '--force'], 'claim src/api --take-over --reason "why"'],
  ['agents', [], 'agent list'],
  ['task', ['create', 'x'], 'task add x'],
  ['task', ['list'], undefined],
  ['agents', ['kill', 'noor', '--reason', 'lost'], 'agent kill noor --reason lost'],
  ['released-by', ['9b1d0e4'], 'release --merged 9b1d0e4'],
  ['wait', ['src/$&'], 'status src/$& --wait'],
  ['constructor', [], undefined],
  ['xyzzy', ['kill'], undefined],
])('%s %j means %s', (head, rest, command) => {
  expect(meantBy(head, rest)).toBe(command);
});
