import { expect, it } from 'vitest';
import { Newest } from '../../../src/domain/log/notes.js';

it('the newest names are remembered, and no more of them', () => {
  const newest = new Newest(2);
  for (const name of ['a', 'b', 'b', 'c']) newest.add(name);
  expect(['a', 'b', 'c', 'd'].filter((name) => newest.has(name))).toEqual(['b', 'c']);
});
